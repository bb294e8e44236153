import fc from "fast-check";
import assert from "node:assert/strict";
import { Traffic } from "../../src/delivery/traffic.ts";
import { SharedLog } from "../../src/delivery/shared_log.ts";
import { ManualFlusher } from "../support/manual_flusher.ts";
import { line, RecordingOutbox } from "../support/recording_outbox.ts";

/** Outboxes that are attached to one log. */
function readers(count: number, { unsentBytes = Infinity }: { unsentBytes?: number } = {}): {
  flusher: ManualFlusher;
  all: RecordingOutbox[];
  log: SharedLog;
  traffic: Traffic;
} {
  const flusher = new ManualFlusher();
  const traffic = new Traffic();
  const options = { flusher, traffic, limits: { unsentBytes } };
  const log = new SharedLog(options);
  const all = Array.from({ length: count }, () => new RecordingOutbox(options));
  for (const { outbox } of all) outbox.attach(log);
  return { flusher, all, log, traffic };
}

Deno.test("a frame schedules a few groups, not every reader, and goes to all in one write each", () => {
  const { flusher, all, log } = readers(100);
  for (const text of ["a", "b", "c"]) log.append(line(text));
  assert.ok(flusher.scheduled.length <= 7, `${flusher.scheduled.length} were scheduled`);
  assert.equal(flusher.flush(), 300);
  for (const each of all) {
    assert.deepEqual(each.texts, ["a", "b", "c"]);
    assert.equal(each.writes, 1);
  }
});

Deno.test("the age of an event goes to the flusher with the groups that it schedules", () => {
  const { flusher, all: [one], log } = readers(17);
  one!.outbox.send(line("own"));
  log.append(line("a"), 40);
  assert.deepEqual(flusher.scheduled.map(({ age }) => age), [undefined, 40, 40]);
});

Deno.test("readers that were written to at different times each get every frame once", () => {
  const { flusher, all, log } = readers(100);
  log.append(line("a"));
  flusher.flush(3);
  log.append(line("b"));
  flusher.flush();
  log.append(line("c"));
  flusher.flush();
  for (const each of all) assert.deepEqual(each.texts, ["a", "b", "c"]);
});

Deno.test("one buffer is written to all readers that have the same pending", () => {
  const { flusher, all, log } = readers(10);
  log.append(line("a"));
  log.append(line("b"));
  flusher.flush();
  const buffers = new Set(all.map(({ frames }) => frames[0]!.buffer));
  const offsets = new Set(all.map(({ frames }) => frames[0]!.byteOffset));
  assert.equal(buffers.size, 1);
  assert.equal(offsets.size, 1);
});

Deno.test("a reader's own frame comes in its place among the shared ones", () => {
  const { flusher, all: [one, other], log } = readers(2);
  log.append(line("a"));
  const { length } = flusher.scheduled;
  one!.outbox.send(line("own"));
  assert.equal(flusher.scheduled.length, length, "its flush was scheduled with the group");
  log.append(line("b"));
  flusher.flush();
  assert.deepEqual(one!.texts, ["a", "own", "b"]);
  assert.equal(one!.writes, 1);
  assert.deepEqual(other!.texts, ["a", "b"]);
  log.append(line("c"));
  flusher.flush();
  assert.deepEqual(one!.texts, ["a", "own", "b", "c"]);
  assert.equal(one!.outbox.group, other!.outbox.group, "it has rejoined");
});

Deno.test("a blocked reader delays no other, and gets all in order when it reads again", async () => {
  const { flusher, all, log } = readers(20);
  const slow = all[7]!;
  slow.stopReading();
  for (const text of ["a", "b", "c"]) {
    log.append(line(text));
    flusher.flush();
  }
  assert.deepEqual(slow.texts, ["a"]);
  assert.deepEqual(all[8]!.texts, ["a", "b", "c"]);
  await slow.readOn();
  flusher.flush();
  assert.deepEqual(slow.texts, ["a", "b", "c"]);
  assert.equal(slow.writes, 2);
  slow.stopReading();
  log.append(line("d"));
  flusher.flush();
  await slow.readOn();
  assert.ok(slow.outbox.group, "a reader that has caught up rejoins");
});

/** Outboxes that have not taken the first frame of their log. */
function blockedReaders(
  count: number,
  options?: { unsentBytes?: number },
): ReturnType<typeof readers> {
  const blocked = readers(count, options);
  for (const each of blocked.all) each.stopReading();
  blocked.log.append(line("first"));
  blocked.flusher.flush();
  for (const { outbox } of blocked.all) assert.ok(outbox.isBehind);
  return blocked;
}

/** Counts the calls of some methods of an object, which go on as before. */
function countCalls(of: object, names: readonly string[]): () => number {
  let calls = 0;
  const target = of as Record<string, (...args: unknown[]) => unknown>;
  for (const name of names) {
    const { [name]: method } = target;
    target[name] = (...args) => (calls++, method!.apply(of, args));
  }
  return () => calls;
}

Deno.test("appending does nothing for each blocked reader, however many there are", async () => {
  const { flusher, all, log } = blockedReaders(50);
  const methods = ["send", "flush", "sharedWriteBlocked", "checkBacklog"];
  const calls = all.map(({ outbox }) => countCalls(outbox, methods));
  for (let count = 0; count < 100; count++) log.append(line(`${count}`));
  assert.equal(flusher.flush(), 0, "none of them is scheduled");
  assert.equal(calls.reduce((sum, count) => sum + count(), 0), 0);
  for (const each of all) await each.readOn();
  for (const { texts, writes } of all) {
    assert.equal(texts.length, 101);
    assert.equal(writes, 2);
  }
});

Deno.test("what waits for blocked readers is counted, and they share its buffer", async () => {
  const { flusher, all, log, traffic } = blockedReaders(10);
  log.append(line("abc"));
  all[0]!.outbox.send(line("own"));
  log.append(line("def"));
  assert.equal(traffic.unsent, 10 * "first\nabc\ndef\n".length + "own\n".length);
  for (const each of all) await each.readOn();
  assert.equal(traffic.unsent, 0);
  const buffers = new Set(all.slice(1).map(({ frames }) => frames[1]!.buffer));
  assert.equal(buffers.size, 1);
  assert.deepEqual(all[0]!.texts, ["first", "abc", "own", "def"]);
  assert.deepEqual(all[1]!.texts, ["first", "abc", "def"]);
  log.append(line("live"));
  assert.equal(flusher.flush(), 10, "all have rejoined");
});

Deno.test("a reader that is far behind is written piece by piece, and others between", async () => {
  const { flusher, all: [slow, good], log } = readers(2);
  slow!.stopReading();
  for (let count = 0; count < 3; count++) {
    for (let at = 0; at < 40; at++) log.append(line(`${at}`.padEnd(9_999, "x")));
    flusher.flush();
  }
  await slow!.readOn();
  assert.ok(slow!.frames.length < 80, `${slow!.frames.length} frames were written in a row`);
  assert.ok(flusher.scheduled.length > 0, "the rest is for the flusher");
  log.append(line("live"));
  slow!.outbox.send(line("own"));
  for (let turns = 0; flusher.scheduled.length > 0; turns++) {
    assert.ok(turns < 10);
    flusher.flush(1);
  }
  assert.equal(slow!.frames.length, 122);
  assert.deepEqual(slow!.texts.slice(-2), ["live", "own"]);
  assert.equal(good!.frames.length, 121);
  assert.equal(slow!.outbox.group, good!.outbox.group, "it has rejoined");
});

Deno.test("of the blocked readers only those overflow for whom more waits than may", async () => {
  const { flusher, all, log, traffic } = blockedReaders(30, { unsentBytes: 2000 });
  const reading = all.slice(20);
  for (let count = 0; count < 9; count++) log.append(line("x".repeat(99)));
  for (const each of reading) await each.readOn();
  for (const each of reading) each.stopReading();
  const own = all[3]!;
  own.outbox.send(line("y".repeat(999)));
  for (let count = 0; count < 2; count++) log.append(line("x".repeat(99)));
  const overflowed = () => all.flatMap(({ overflows }, at) => overflows > 0 ? [at] : []);
  assert.deepEqual(overflowed(), [3], "its own frames count as well");
  for (let count = 0; count < 13; count++) log.append(line("x".repeat(99)));
  flusher.flush();
  assert.deepEqual(overflowed(), Array.from({ length: 20 }, (_, at) => at));
  for (const each of reading) await each.readOn();
  flusher.flush();
  for (const { frames } of reading) assert.equal(frames.length, 25);
  assert.equal(traffic.unsent, 0);
});

Deno.test("of very many that come to the limit together a frame lets only a few know", () => {
  const { all, log } = blockedReaders(100, { unsentBytes: 1000 });
  const overflowed = () => all.filter(({ overflows }) => overflows > 0).length;
  log.append(line("x".repeat(1_000)));
  for (let before = 0; before < all.length;) {
    const now = overflowed();
    assert.ok(now > before && now - before <= 4, `${now} after ${before}`);
    before = now;
    log.append(line("x"));
  }
});

Deno.test("a reader whose turn has not come is written to before it is judged", async () => {
  const { flusher, all: [slow], log } = blockedReaders(1, { unsentBytes: 400_000 });
  for (let at = 0; at < 39; at++) log.append(line("x".repeat(9_999)));
  await slow!.readOn();
  assert.ok(flusher.scheduled.length > 0, "it waits for the flusher");
  for (let at = 0; at < 39; at++) log.append(line("x".repeat(9_999)));
  assert.equal(slow!.overflows, 0);
  flusher.flush();
  flusher.flush();
  assert.equal(slow!.frames.length, 79);
});

Deno.test("a blocked reader that leaves a log takes what waits with it, and nothing after it", async () => {
  const { flusher, all: [one], log, traffic } = blockedReaders(1);
  const other = new SharedLog({ flusher, traffic, limits: { unsentBytes: Infinity } });
  log.append(line("a"));
  one!.outbox.attach(other);
  log.append(line("not for it"));
  other.append(line("b"));
  one!.outbox.attach(undefined);
  other.append(line("not for it"));
  one!.outbox.send(line("own"));
  one!.outbox.attach(log);
  log.append(line("c"));
  assert.equal(traffic.unsent, "first\na\nb\nown\nc\n".length);
  await one!.readOn();
  assert.deepEqual(one!.texts, ["first", "a", "b", "own", "c"]);
  assert.equal(one!.writes, 2);
  assert.equal(traffic.unsent, 0);
});

Deno.test("a blocked reader overflows by frames of the log", () => {
  const { flusher, all, log } = readers(2, { unsentBytes: 1000 });
  const [slow, good] = all as [RecordingOutbox, RecordingOutbox];
  slow.stopReading();
  for (let count = 0; count < 20; count++) {
    log.append(line("x".repeat(100)));
    flusher.flush();
  }
  assert.equal(slow.overflows, 1);
  assert.equal(good.overflows, 0);
  assert.equal(good.frames.length, 20);
});

Deno.test("more in one turn than may wait is written before any reader is judged by it", () => {
  const { flusher, all, log } = readers(40, { unsentBytes: 1000 });
  for (let count = 0; count < 100; count++) log.append(line(`${count}`.padEnd(100, "x")));
  for (const { frames, overflows } of all) {
    assert.equal(overflows, 0);
    assert.ok(frames.length > 80, `${frames.length} were written at once`);
  }
  flusher.flush();
  for (const { frames } of all) assert.equal(frames.length, 100);
});

Deno.test("a reader that leaves a log is still sent what came before, and nothing that comes after", () => {
  const { flusher, all: [one, other], log } = readers(2);
  log.append(line("a"));
  one!.outbox.attach(undefined);
  log.append(line("b"));
  flusher.flush();
  assert.deepEqual(one!.texts, ["a"]);
  assert.deepEqual(other!.texts, ["a", "b"]);
});

Deno.test("an outbox that ends writes what is pending before its last frame", () => {
  const { all: [one], log } = readers(2);
  log.append(line("a"));
  one!.outbox.end(line("last"));
  log.append(line("b"));
  assert.deepEqual(one!.texts, ["a", "last"]);
});

/** What may happen to two logs and their readers: to `count` of them, beginning at `from`. */
const step = fc.oneof(
  {
    arbitrary: fc.record({
      does: fc.constant("append" as const),
      log: fc.nat({ max: 1 }),
      bytes: fc.oneof(fc.constant(0), fc.constant(40_000)),
    }),
    weight: 8,
  },
  {
    arbitrary: fc.record({ does: fc.constant("flush" as const), count: fc.nat({ max: 4 }) }),
    weight: 5,
  },
  ...(["send", "sendUrgent", "offer", "stop", "readOn", "leave", "attach", "end", "close"] as const)
    .map((does) => ({
      arbitrary: fc.record({
        does: fc.constant(does),
        from: fc.nat(),
        count: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 30 })),
        log: fc.nat({ max: 1 }),
      }),
      weight: does === "close" || does === "end" ? 1 : 2,
    })),
);

/** What a reader is to get. */
interface Expected {
  readonly texts: string[];
  log: number | undefined;
  isClosed: boolean;
  /** It ended with a last frame: then nothing may be missing. */
  hasEnded: boolean;
}

Deno.test("whatever happens, every reader gets each of its frames once and in order", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 70 }),
      fc.array(step, { minLength: 20, maxLength: 120 }),
      async (count, steps) => {
        const { flusher, all, log, traffic } = readers(count);
        const logs = [
          log,
          new SharedLog({ flusher, traffic, limits: { unsentBytes: Infinity } }),
        ];
        const model = new Map<RecordingOutbox, Expected>(
          all.map((each) => [each, { texts: [], log: 0, isClosed: false, hasEnded: false }]),
        );
        let number = 0;
        for (const each of steps) {
          const text = `${number++}`;
          if (each.does === "append") {
            const padded = text.padEnd(each.bytes, "x");
            logs[each.log]!.append(line(padded));
            for (const { texts, log, isClosed } of model.values()) {
              if (log === each.log && !isClosed) texts.push(padded);
            }
          } else if (each.does === "flush") flusher.flush(each.count);
          else {
            const frame = line(text);
            for (let at = 0; at < Math.min(each.count, count); at++) {
              const one = all[(each.from + at) % count]!;
              const expected = model.get(one)!;
              const { outbox } = one;
              if (each.does === "stop") one.stopReading();
              else if (each.does === "readOn") await one.readOn();
              else if (each.does === "close") {
                outbox.close();
                expected.isClosed = true;
              } else if (each.does === "leave" || each.does === "attach") {
                expected.log = each.does === "attach" ? each.log : undefined;
                outbox.attach(expected.log === undefined ? undefined : logs[expected.log]);
              } else {
                if (!expected.isClosed) expected.texts.push(text);
                if (each.does === "end" && !expected.isClosed) {
                  expected.isClosed = expected.hasEnded = true;
                }
                outbox[each.does](frame);
              }
            }
          }
          assert.ok(traffic.unsent >= 0);
        }
        for (const each of all) await each.readOn();
        for (let turns = 0; flusher.scheduled.length + flusher.urgent.length > 0; turns++) {
          assert.ok(turns < 100);
          flusher.flush();
        }
        for (const [{ texts, outbox }, { texts: expected, isClosed, hasEnded, log }] of model) {
          // What was pending when an outbox was closed is dropped.
          if (isClosed && !hasEnded) expected.length = texts.length;
          assert.deepEqual(texts, expected);
          assert.equal(outbox.isBehind, false);
          assert.equal(outbox.group !== undefined, !isClosed && log !== undefined);
        }
        assert.equal(traffic.unsent, 0);
      },
    ),
    { numRuns: 300 },
  );
});
