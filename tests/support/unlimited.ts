/** Quotas without a limit, for tests of something else. */
import { AuthFailures } from "../../src/session/auth_failures.ts";
import { UserQuota } from "../../src/session/user_quota.ts";
import { LabelledCounter } from "../../src/telemetry/labelled_counter.ts";

/** Tokens that do not verify. */
export function unlimitedFailures(): AuthFailures {
  return new AuthFailures({ authFailures: 0, authFailuresPerAddress: 0 }, new LabelledCounter());
}

/** Connections of one user. */
export function unlimitedUsers(): UserQuota {
  return new UserQuota({ connectionsPerUser: 0 }, new LabelledCounter(), () => 0);
}
