import assert from "node:assert/strict";
import fc from "fast-check";
import { fuzzAsync } from "./fuzz.ts";
import { Simulator } from "../../src/source/simulator/simulator.ts";
import type { SimulatorOptions } from "../../src/source/simulator/simulator.ts";
import { sinkOf } from "./source_event.ts";

/** The demo's user. */
export const UID = "IDDEMO000001";
/** Milliseconds: just before midnight, when candles of many periods begin. */
export const START = Date.UTC(2024, 5, 9, 23, 58, 30);

/** One event as published. */
export interface Event {
  readonly key: string;
  readonly text: string;
}

/**
 * Plays a simulator by a clock of the test's own.
 *
 * @param steps milliseconds from each step to the next
 */
export async function play(
  options: SimulatorOptions,
  steps: readonly number[],
): Promise<Event[]> {
  let now = START;
  const events: Event[] = [];
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const simulator = new Simulator({ ...options, now: () => now });
  simulator.start({
    ...sinkOf({ lost: () => assert.fail("a simulator loses nothing") }),
    deliver({ offset, routingKey, body }) {
      assert.equal(offset, events.length, "events are numbered");
      events.push({ key: routingKey, text: decoder.decode(body) });
    },
  });
  for (const step of steps) simulator.step(now += step);
  await simulator.stop();
  return events;
}

/** A seed, and the milliseconds from each step to the next: even, uneven, and long pauses. */
export const runs = fc.record({
  seed: fc.integer(),
  rate: fc.integer({ min: 1, max: 30 }),
  steps: fc.oneof(
    fc.constant(Array<number>(2_000).fill(20)),
    fc.array(fc.integer({ min: 0, max: 2_000 }), { minLength: 60, maxLength: 90 }),
  ),
});

/** Simulators whose events are kept for the next check: every check of a process has the same ones. */
const MAX_PLAYED = 10;
const played = new Map<string, readonly Event[]>();

/** Runs a check over what many simulators publish. */
export function forManyRuns(check: (events: readonly Event[]) => void): Promise<void> {
  return fuzzAsync(
    10,
    fc.asyncProperty(runs, async ({ seed, rate, steps }) => {
      const key = JSON.stringify([seed, rate, steps]);
      const events = played.get(key) ?? await play({ seed, rate }, steps);
      if (played.size < MAX_PLAYED) played.set(key, events);
      check(events);
    }),
  );
}
