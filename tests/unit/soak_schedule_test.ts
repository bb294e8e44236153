import assert from "node:assert/strict";
import { QUARTERS, restartTimes } from "../../bench/soak/restarts.ts";

const MINUTE = 60_000;

Deno.test("the soak's restarts keep clear of its quiet moments, however long it takes", () => {
  for (const minutes of [2, 3, 4, 5, 6, 7.5, 10, 20, 33, 60, 600]) {
    const times = restartTimes(minutes);
    const quarter = minutes * MINUTE / QUARTERS;
    const clear = Math.min(quarter, MINUTE) / 2;
    for (const time of times) {
      const after = time % quarter;
      assert.ok(after >= clear && quarter - after >= clear, `${minutes} minutes: ${time}`);
    }
    // Each quarter has one, and no two minutes pass without.
    for (const [at, time] of times.entries()) {
      assert.ok(time - (times[at - 1] ?? 0) <= 2 * MINUTE, `${minutes} minutes: ${time}`);
    }
    assert.equal(new Set(times.map((time) => Math.floor(time / quarter))).size, QUARTERS);
  }
  assert.deepEqual(restartTimes(20).slice(0, 3), [0.5, 1.5, 2.5].map((at) => at * MINUTE));
  // No time to come back in.
  assert.deepEqual(restartTimes(1), []);
});
