/**
 * The errors that end a command, each with a stable code to switch on and an exit code
 * (sysexits.h).
 *
 * @example
 * ```ts
 * import { loadSettings } from "./config/load.ts";
 * try {
 *   await loadSettings(Deno.args, Deno.env.toObject());
 * } catch (error) {
 *   if (error instanceof RangerError) Deno.exit(error.exitCode);
 *   throw error;
 * }
 * ```
 */
export abstract class RangerError extends Error {
  /** Stable; callers switch on this, not on the message. */
  abstract readonly code: string;
  /** The exit code of the process if the error ends it. */
  abstract readonly exitCode: number;
  override get name(): string {
    return this.constructor.name;
  }
}

/** A setting, flag, file or key is wrong: the message names it, its source, the problem, and what is expected. */
export class ConfigurationError extends RangerError {
  readonly code: string = "ERR_CONFIGURATION";
  /** EX_CONFIG */
  readonly exitCode: number = 78;
}

/** Something is unavailable: a port that is in use, a broker that does not answer. */
export class UnavailableError extends RangerError {
  readonly code: string = "ERR_UNAVAILABLE";
  /** EX_UNAVAILABLE */
  readonly exitCode: number = 69;
}

/** A server refused a token or a stream. */
export class RefusedError extends RangerError {
  readonly code: string = "ERR_REFUSED";
  /** EX_NOPERM */
  readonly exitCode: number = 77;
}
