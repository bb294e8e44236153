import { AuthFailures } from "../../src/session/auth_failures.ts";
import { LabelledCounter } from "../../src/telemetry/labelled_counter.ts";

/** No limit of tokens that do not verify, for tests of something else. */
export function unlimitedFailures(): AuthFailures {
  return new AuthFailures(
    { authFailures: 0, authFailuresPerAddress: 0 },
    new LabelledCounter(),
  );
}
