import { Traffic } from "../../src/delivery/traffic.ts";
import type { HubOptions } from "../../src/hub/hub.ts";
import type { StateLimits } from "../../src/hub/stream_states.ts";

/** What the hub may keep, for tests of something else: the defaults, and clients that always read. */
export const HUB_LIMITS:
  & StateLimits
  & Pick<HubOptions, "depthInterval" | "history" | "limits" | "traffic"> = {
    depthInterval: 100,
    replayIncrements: 1000,
    eventBytes: 524_288,
    states: 5000,
    stateBytes: 268_435_456,
    bookLevels: 10_000,
    history: { seconds: 300, bytes: 1_048_576 },
    limits: { unsentBytes: Infinity, unsentTimeout: 30 },
    traffic: new Traffic(),
  };
