import type { StateLimits } from "../../src/hub/stream_states.ts";

/** What the hub may keep, for tests of something else: the defaults. */
export const HUB_LIMITS: StateLimits = {
  replayIncrements: 1000,
  eventBytes: 524_288,
  states: 5000,
  bookLevels: 10_000,
};
