import { hot } from "./hot.ts";
import { idle } from "./idle.ts";
import type { Scenario } from "./scenario.ts";

/** All that can be run, in this order. A new scenario is one file and one line here. */
export const scenarios: readonly Scenario[] = [hot, idle];
