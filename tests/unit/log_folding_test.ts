import assert from "node:assert/strict";
import type { LogRecord } from "@logtape/logtape";
import { BurstLimiter } from "../../src/telemetry/burst_limiter.ts";
import { prioritized } from "../../src/telemetry/journal.ts";
import { LogThrottle } from "../../src/telemetry/log_throttle.ts";

function record(level: LogRecord["level"], rawMessage: string, timestamp = 0): LogRecord {
  const message = [rawMessage];
  return { level, category: ["ranger", "hub"], rawMessage, message, timestamp, properties: {} };
}

/** A limiter, and the text that it wrote. */
function folded(options?: { lines: number }): { folding: BurstLimiter; written: string[] } {
  const written: string[] = [];
  const folding = new BurstLimiter(({ message }) => written.push(message.join("")), options);
  return { folding, written };
}

Deno.test("of a burst of the same warning some lines are written, then how many more there were", () => {
  const { folding, written } = folded({ lines: 2 });
  for (let n = 0; n < 314; n++) folding.take(record("warning", "{key} is not a key", n));
  folding.take(record("warning", "something else"));
  assert.deepEqual(written, ["{key} is not a key", "{key} is not a key", "something else"]);
  folding.end();
  assert.equal(written.at(-1), "… and 312 more in the last 60 s: {key} is not a key");
  // Reported once.
  folding.end();
  assert.equal(written.length, 4);
});

Deno.test("a burst that continues is reported every minute", () => {
  const { folding, written } = folded({ lines: 1 });
  for (let n = 0; n < 3; n++) folding.take(record("error", "broken", n * 30_000));
  assert.deepEqual(written, [
    "broken",
    "… and 1 more in the last 60 s: broken",
    "broken",
  ]);
  folding.end();
});

Deno.test("the same text at another level counts separately, and lower levels than warnings always pass", () => {
  const { folding, written } = folded({ lines: 1 });
  for (const level of ["warning", "error", "fatal", "info", "info", "debug", "debug"] as const) {
    folding.take(record(level, "x"));
  }
  assert.equal(written.length, 7);
  folding.end();
  assert.equal(written.length, 7);
});

Deno.test("the same thing is let through once per interval, with how often it was not", () => {
  let now = 0;
  const rarely = new LogThrottle(1000, () => now);
  assert.equal(rarely.allows("a"), true);
  assert.deepEqual(rarely.since, {});
  for (let n = 0; n < 5; n++) assert.equal(rarely.allows("a"), false);
  assert.equal(rarely.allows("b"), true);
  assert.deepEqual(rarely.since, {});
  now = 1000;
  assert.equal(rarely.allows("a"), true);
  assert.deepEqual(rarely.since, { withheld: 5 });
});

Deno.test("of more things than are remembered none is let through twice in an interval", () => {
  let now = 0;
  const rarely = new LogThrottle(1000, () => now);
  const saidAt = new Map<string, number>();
  let said = 0;
  let withheld = 0;
  // Five thousand keys, each of them every 50 ms, for ten intervals.
  for (; now < 10_000; now += 50) {
    for (let key = 0; key < 5000; key++) {
      const name = `key ${(key * 7919 + now) % 5000}`;
      if (!rarely.allows(name)) continue;
      assert.ok(now - (saidAt.get(name) ?? -Infinity) >= 1000, `${name} at ${now}`);
      saidAt.set(name, now);
      said++;
      withheld += (rarely.since.withheld ?? 0) + (rarely.since.othersWithheld ?? 0);
    }
  }
  assert.equal(said, 10 * 1000);
  // Every suppressed line is reported except those of the last interval, which is not over.
  assert.ok(withheld >= 9 * 20 * 5000 - said, String(withheld));
  assert.ok(withheld <= 10 * 20 * 5000 - said);
});

Deno.test("every line has its priority before it", () => {
  assert.equal(prioritized("one\n", "info"), "<6>one\n");
  assert.equal(prioritized("a fault\n    at here\n", "error"), "<3>a fault\n<3>    at here\n");
  const levels = ["debug", "warning", "fatal"] as const;
  assert.deepEqual(levels.map((level) => prioritized("x\n", level)), [
    "<7>x\n",
    "<4>x\n",
    "<2>x\n",
  ]);
});
