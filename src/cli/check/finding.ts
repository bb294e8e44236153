import type { Loaded } from "../../config/loaded.ts";
import { namedSource } from "../../config/named_source.ts";
import { ConfigurationError, UnavailableError } from "../../errors.ts";

/** The exit code where Ranger would not start. */
export const { exitCode: WRONG } = new ConfigurationError();
/** The exit code where Ranger would start and not serve. */
export const { exitCode: UNAVAILABLE } = new UnavailableError();

/** The result of one check. */
export interface Finding {
  /** `key`, `broker`, `server`, … */
  readonly name: string;
  readonly text: string;
  /** 0, or what `ranger check` exits with. */
  readonly exitCode: number;
  /** Whether it serves, but not as configured. */
  readonly warns?: boolean;
}

/**
 * What was thrown because a setting cannot be used, with the setting's source.
 *
 * @throws what was thrown for any other reason
 */
export function settingProblem(thrown: unknown, loaded: Loaded): ConfigurationError {
  const error = namedSource(thrown, loaded);
  if (error instanceof ConfigurationError) return error;
  throw error;
}
