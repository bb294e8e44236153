import assert from "node:assert/strict";
import { SourceStatus } from "../../src/source/status.ts";
import { Readiness } from "../../src/daemon/readiness.ts";
import { until } from "../../testing/bounded.ts";

/** Sets the wall clock; `using` sets it right again. */
function wallClock(offset: number): Disposable {
  const { now } = Date;
  Date.now = () => now() + offset;
  return {
    [Symbol.dispose]() {
      Date.now = now;
    },
  };
}

/** A source that has just lost its broker. */
function lost(): SourceStatus {
  const status = new SourceStatus();
  status.up("consuming");
  status.down("the broker is gone");
  return status;
}

const HOUR = 3_600_000;

Deno.test("a lost broker has its grace time, however the wall clock is set meanwhile", async () => {
  const state = lost();
  const patient = new Readiness({ state, start() {}, stop: () => Promise.resolve() }, 600);
  const hasty = new Readiness({ state, start() {}, stop: () => Promise.resolve() }, 0.05);
  {
    using _forward = wallClock(HOUR);
    assert.deepEqual(patient.reasons(), []);
  }
  using _back = wallClock(-HOUR);
  assert.deepEqual(patient.reasons(), []);
  assert.deepEqual(
    await until(
      () => {
        const reasons = hasty.reasons();
        return reasons.length > 0 ? reasons : undefined;
      },
      "the loss to be reported",
      5_000,
    ),
    ["no events come in: the broker is gone"],
  );
});

Deno.test("the duration of a state begins with it, and another detail does not restart it", async () => {
  const status = new SourceStatus();
  status.up("consuming");
  await until(() => status.lasted >= 20 || undefined, "some milliseconds");
  status.up("consuming by another queue");
  assert.ok(status.lasted >= 20);
  const before = status.lasted;
  status.down("gone");
  assert.ok(status.lasted < before);
});

Deno.test("a source that reads what was published before is not ready, though connected or in its grace time", () => {
  const state = new SourceStatus();
  const readiness = new Readiness({ state, start() {}, stop: () => Promise.resolve() }, 600);
  state.caughtUp = false;
  state.readLag = () => ({ events: 1234, seconds: 7 });
  state.up("consuming");
  assert.deepEqual(readiness.reasons(), [
    "events published before the start are being read: 1234 to go",
  ]);
  state.down("gone");
  assert.deepEqual(readiness.reasons(), ["no events come in: gone"]);
  state.up("consuming");
  state.caughtUp = true;
  assert.deepEqual(readiness.reasons(), []);
  state.down("gone");
  assert.deepEqual(readiness.reasons(), []);
});
