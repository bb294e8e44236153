/**
 * The errors that end a command, each with a stable code to switch on and the exit code that
 * the shell sees (sysexits.h).
 *
 * @example
 * ```ts
 * try {
 *   await loadSettings(Deno.args, Deno.env.toObject());
 * } catch (error) {
 *   if (error instanceof RangerError) Deno.exit(error.exitCode);
 *   throw error;
 * }
 * ```
 */
export abstract class RangerError extends Error {
  /** Stable; callers switch on this, not on the text. */
  abstract readonly code: string;
  /** What the process exits with when nobody handles the error. */
  abstract readonly exitCode: number;
  override get name(): string {
    return this.constructor.name;
  }
}

/** A setting, flag, file or key is wrong: names it, its source, what is wrong, what would be right. */
export class ConfigurationError extends RangerError {
  readonly code: string = "ERR_CONFIGURATION";
  /** EX_CONFIG */
  readonly exitCode: number = 78;
}

/** Something Ranger needs cannot be had: a port in use, a broker that does not answer. */
export class UnavailableError extends RangerError {
  readonly code: string = "ERR_UNAVAILABLE";
  /** EX_UNAVAILABLE */
  readonly exitCode: number = 69;
}

/** The server does not let whoever asks have what was asked for: a token or a stream is refused. */
export class RefusedError extends RangerError {
  readonly code: string = "ERR_REFUSED";
  /** EX_NOPERM */
  readonly exitCode: number = 77;
}
