import fc from "fast-check";
import assert from "node:assert/strict";
import { SharedLog } from "../../src/delivery/shared_log.ts";
import { ManualFlusher } from "../support/manual_flusher.ts";
import { line, RecordingOutbox } from "../support/recording_outbox.ts";

/** Outboxes that are attached to one log. */
function readers(
  count: number,
  { unsentBytes = Infinity }: { unsentBytes?: number } = {},
): { flusher: ManualFlusher; all: RecordingOutbox[]; log: SharedLog } {
  const flusher = new ManualFlusher();
  const limits = { unsentBytes };
  const log = new SharedLog({ flusher, limits });
  const all = Array.from({ length: count }, () => new RecordingOutbox({ flusher, limits }));
  for (const { outbox } of all) outbox.attach(log);
  return { flusher, all, log };
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

/** What may happen to a log and its readers: to `count` of them, beginning at `from`. */
const step = fc.oneof(
  { arbitrary: fc.record({ does: fc.constant("append" as const) }), weight: 8 },
  {
    arbitrary: fc.record({ does: fc.constant("flush" as const), count: fc.nat({ max: 4 }) }),
    weight: 5,
  },
  ...(["send", "stop", "readOn", "leave", "attach", "close"] as const).map((does) => ({
    arbitrary: fc.record({
      does: fc.constant(does),
      from: fc.nat(),
      count: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 30 })),
    }),
    weight: does === "close" ? 1 : 2,
  })),
);

Deno.test("whatever happens, every reader gets each of its frames once and in order", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 70 }),
      fc.array(step, { minLength: 20, maxLength: 120 }),
      async (count, steps) => {
        const { flusher, all, log } = readers(count);
        const model = new Map(
          all.map((each) => [each, { texts: [] as string[], isAttached: true, isClosed: false }]),
        );
        let number = 0;
        for (const each of steps) {
          const text = `${number++}`;
          if (each.does === "append") {
            log.append(line(text));
            for (const { texts, isAttached, isClosed } of model.values()) {
              if (isAttached && !isClosed) texts.push(text);
            }
          } else if (each.does === "flush") flusher.flush(each.count);
          else {
            for (let at = 0; at < Math.min(each.count, count); at++) {
              const one = all[(each.from + at) % count]!;
              const expected = model.get(one)!;
              if (each.does === "send") {
                if (!expected.isClosed) expected.texts.push(text);
                one.outbox.send(line(text));
              } else if (each.does === "stop") one.stopReading();
              else if (each.does === "readOn") await one.readOn();
              else if (each.does === "close") {
                one.outbox.close();
                expected.isClosed = true;
              } else {
                one.outbox.attach(each.does === "attach" ? log : undefined);
                expected.isAttached = each.does === "attach";
              }
            }
          }
        }
        for (const each of all) await each.readOn();
        flusher.flush();
        for (const [{ texts }, expected] of model) {
          // What was pending when an outbox was closed is dropped.
          if (expected.isClosed) expected.texts.length = texts.length;
          assert.deepEqual(texts, expected.texts);
        }
      },
    ),
    { numRuns: 300 },
  );
});
