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
