import assert from "node:assert/strict";
import { WriteDelay } from "../../src/delivery/write_delay.ts";

/** A second of writing: a slice every `every` milliseconds that takes `took` of them. */
function second(pace: WriteDelay, clock: { now: number }, load: Load): void {
  for (const end = clock.now + 1000; clock.now < end;) {
    clock.now += load.every;
    pace.wrote(load.writes, load.writes * load.frames, load.took, load.late ?? 0, clock.now);
  }
}

interface Load {
  readonly every: number;
  readonly took: number;
  readonly writes: number;
  readonly frames: number;
  /** Milliseconds that the first of them waited for its turn; 0 unless given. */
  readonly late?: number;
}

const QUIET: Load = { every: 20, took: 1, writes: 100, frames: 3 };
const BUSY: Load = { every: 5, took: 4, writes: 400, frames: 3 };
const MANY_READERS: Load = { every: 5, took: 4, writes: 400, frames: 1 };
const EASED: Load = { every: 5, took: 1.75, writes: 100, frames: 12 };

Deno.test("nothing gathers while there is time to write at once", () => {
  const pace = new WriteDelay();
  second(pace, { now: 0 }, QUIET);
  assert.equal(pace.delayMs, 0);
});

Deno.test("as writing takes the core, frames gather longer, but not without end", () => {
  const pace = new WriteDelay();
  const clock = { now: 0 };
  second(pace, clock, BUSY);
  const most = pace.delayMs;
  assert.ok(most > 0);
  second(pace, clock, BUSY);
  assert.equal(pace.delayMs, most);
});

Deno.test("a wait that eased the load stays, and goes when the load goes", () => {
  const pace = new WriteDelay();
  const clock = { now: 0 };
  second(pace, clock, BUSY);
  const eased = pace.delayMs;
  second(pace, clock, EASED);
  assert.equal(pace.delayMs, eased);
  second(pace, clock, QUIET);
  assert.equal(pace.delayMs, 0);
});

Deno.test("writes of one frame each are not delayed: nothing would gather", () => {
  const pace = new WriteDelay();
  const clock = { now: 0 };
  second(pace, clock, MANY_READERS);
  assert.equal(pace.delayMs, 0);
  second(pace, clock, BUSY);
  second(pace, clock, MANY_READERS);
  assert.equal(pace.delayMs, 0);
});

Deno.test("what waits for its turn gathers the less, unless there is no time to write more often", () => {
  const half: Load = { every: 5, took: 2.5, writes: 250, frames: 3 };
  const pace = new WriteDelay();
  const clock = { now: 0 };
  second(pace, clock, half);
  const most = pace.delayMs;
  second(pace, clock, { ...half, late: 15 });
  assert.ok(pace.delayMs > 0);
  assert.ok(pace.delayMs < most / 2, `${pace.delayMs} of ${most}`);
  second(pace, clock, { ...half, late: 1000 });
  assert.equal(pace.delayMs, 0);
  second(pace, clock, { ...BUSY, late: 1000 });
  assert.equal(pace.delayMs, most);
});
