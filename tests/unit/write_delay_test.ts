import assert from "node:assert/strict";
import { WriteDelay } from "../../src/delivery/write_delay.ts";

/** What the flusher records: a turn every `every` milliseconds, `took` of which it wrote. */
interface Load {
  readonly every: number;
  readonly took: number;
  readonly writes: number;
  /** Frames per write. */
  readonly frames: number;
  /** Milliseconds that the first write of a turn was behind its time; 0 unless given. */
  readonly late?: number;
}

const QUIET: Load = { every: 20, took: 1, writes: 100, frames: 3 };
const BUSY: Load = { every: 5, took: 4, writes: 400, frames: 3 };
const MANY_READERS: Load = { every: 5, took: 4, writes: 400, frames: 1 };
const EASED: Load = { every: 5, took: 1.75, writes: 100, frames: 12 };

/** Records a second of a load. */
function second(writeDelay: WriteDelay, clock: { now: number }, load: Load): void {
  for (const end = clock.now + 1000; clock.now < end;) {
    clock.now += load.every;
    const { writes, frames, took, late = 0 } = load;
    writeDelay.record(writes, writes * frames, took, late, clock.now);
  }
}

Deno.test("the delay is zero while there is time to write at once", () => {
  const writeDelay = new WriteDelay();
  second(writeDelay, { now: 0 }, QUIET);
  assert.equal(writeDelay.delayMs, 0);
});

Deno.test("as writing takes the core the delay grows, up to a limit", () => {
  const writeDelay = new WriteDelay();
  const clock = { now: 0 };
  second(writeDelay, clock, BUSY);
  const most = writeDelay.delayMs;
  assert.ok(most > 0);
  second(writeDelay, clock, BUSY);
  assert.equal(writeDelay.delayMs, most);
});

Deno.test("a delay that eased the load stays, and goes when the load goes", () => {
  const writeDelay = new WriteDelay();
  const clock = { now: 0 };
  second(writeDelay, clock, BUSY);
  const eased = writeDelay.delayMs;
  second(writeDelay, clock, EASED);
  assert.equal(writeDelay.delayMs, eased);
  second(writeDelay, clock, QUIET);
  assert.equal(writeDelay.delayMs, 0);
});

Deno.test("writes of one frame each are not delayed: nothing would accumulate", () => {
  const writeDelay = new WriteDelay();
  const clock = { now: 0 };
  second(writeDelay, clock, MANY_READERS);
  assert.equal(writeDelay.delayMs, 0);
  second(writeDelay, clock, BUSY);
  second(writeDelay, clock, MANY_READERS);
  assert.equal(writeDelay.delayMs, 0);
});

Deno.test("late writes shorten the delay, unless writing takes the whole core already", () => {
  const half: Load = { every: 5, took: 2.5, writes: 250, frames: 3 };
  const writeDelay = new WriteDelay();
  const clock = { now: 0 };
  second(writeDelay, clock, half);
  const most = writeDelay.delayMs;
  second(writeDelay, clock, { ...half, late: 15 });
  assert.ok(writeDelay.delayMs > 0);
  assert.ok(writeDelay.delayMs < most / 2, `${writeDelay.delayMs} of ${most}`);
  second(writeDelay, clock, { ...half, late: 1000 });
  assert.equal(writeDelay.delayMs, 0);
  second(writeDelay, clock, { ...BUSY, late: 1000 });
  assert.equal(writeDelay.delayMs, most);
});
