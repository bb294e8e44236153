import { compression } from "./compression.ts";
import { hot } from "./hot.ts";
import { idle } from "./idle.ts";
import { low } from "./low.ts";
import { market, wide } from "./market.ts";
import { privateStreams } from "./private.ts";
import { page } from "./page.ts";
import type { Scenario } from "./scenario.ts";
import { processes } from "./processes.ts";
import { stall } from "./stall.ts";
import { start } from "./start.ts";
import { storm } from "./storm.ts";

/** All that can be run, in this order. A new scenario is one file and one line here. */
export const scenarios: readonly Scenario[] = [
  hot,
  market,
  wide,
  privateStreams,
  storm,
  idle,
  low,
  compression,
  processes,
  start,
  page,
  stall,
];
