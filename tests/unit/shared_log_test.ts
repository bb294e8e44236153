import fc from "fast-check";
import assert from "node:assert/strict";
import type { Flushable } from "../../src/delivery/flushable.ts";
import type { SharedLog } from "../../src/delivery/shared_log.ts";
import { textFrame } from "../../src/websocket/frame.ts";
import { RecordingConnection } from "../support/recording_connection.ts";

/** Flushes what was marked, in its order. */
class Marks {
  readonly owing: Flushable[] = [];

  schedule(owing: Flushable): void {
    this.owing.push(owing);
  }

  /** Flushes the first so many. */
  flush(count = Infinity): number {
    let frames = 0;
    for (const owing of this.owing.splice(0, count)) frames += owing.flush();
    return frames;
  }
}

/** Connections that follow one log. */
function followers(
  count: number,
  options: { maxUnsent?: number } = {},
): { marks: Marks; all: RecordingConnection[]; log: SharedLog } {
  const marks = new Marks();
  const all = Array.from(
    { length: count },
    () => new RecordingConnection({ scheduler: marks, ...options }),
  );
  const log = all[0]!.connection.newLog();
  for (const { connection } of all) connection.attach(log);
  return { marks, all, log };
}

const texts = ({ frames }: RecordingConnection) =>
  frames.map((frame) => new TextDecoder().decode(frame.subarray(2)));

const frame = (text: string) => textFrame(text);

Deno.test("a frame marks a few cohorts, not every follower, and goes to all in one write each", () => {
  const { marks, all, log } = followers(100);
  for (const text of ["a", "b", "c"]) log.append(frame(text));
  assert.ok(marks.owing.length <= 7, `${marks.owing.length} were marked`);
  assert.equal(marks.flush(), 300);
  for (const each of all) {
    assert.deepEqual(texts(each), ["a", "b", "c"]);
    assert.equal(each.writes, 1);
  }
});

Deno.test("those who were written to at different times each get every frame once", () => {
  const { marks, all, log } = followers(100);
  log.append(frame("a"));
  marks.flush(3);
  log.append(frame("b"));
  marks.flush();
  log.append(frame("c"));
  marks.flush();
  for (const each of all) assert.deepEqual(texts(each), ["a", "b", "c"]);
});

Deno.test("one buffer is written to all who owe the same", () => {
  const { marks, all, log } = followers(10);
  log.append(frame("a"));
  log.append(frame("b"));
  marks.flush();
  const buffers = new Set(all.map(({ frames }) => frames[0]!.buffer));
  const places = new Set(all.map(({ frames }) => frames[0]!.byteOffset));
  assert.equal(buffers.size, 1);
  assert.equal(places.size, 1);
});

Deno.test("what a follower is sent by itself comes in its place among the shared frames", () => {
  const { marks, all: [one, other], log } = followers(2);
  log.append(frame("a"));
  const marked = marks.owing.length;
  one!.connection.send(frame("own"));
  assert.equal(marks.owing.length, marked, "its time has begun before");
  log.append(frame("b"));
  marks.flush();
  assert.deepEqual(texts(one!), ["a", "own", "b"]);
  assert.equal(one!.writes, 1);
  assert.deepEqual(texts(other!), ["a", "b"]);
  log.append(frame("c"));
  marks.flush();
  assert.deepEqual(texts(one!), ["a", "own", "b", "c"]);
  assert.equal(one!.connection.group, other!.connection.group, "they go together again");
});

Deno.test("a follower that does not read holds nobody up, and gets all in order when it does", async () => {
  const { marks, all, log } = followers(20);
  const slow = all[7]!;
  slow.stopReading();
  for (const text of ["a", "b", "c"]) {
    log.append(frame(text));
    marks.flush();
  }
  assert.deepEqual(texts(slow), ["a"]);
  assert.deepEqual(texts(all[8]!), ["a", "b", "c"]);
  await slow.readOn();
  marks.flush();
  assert.deepEqual(texts(slow), ["a", "b", "c"]);
  assert.equal(slow.writes, 2);
  slow.stopReading();
  log.append(frame("d"));
  marks.flush();
  await slow.readOn();
  assert.ok(slow.connection.group, "who has caught up goes with the others again");
});

Deno.test("a follower that does not read is closed as one of its own would be", async () => {
  const { marks, all, log } = followers(2, { maxUnsent: 1000 });
  const [slow, good] = all as [RecordingConnection, RecordingConnection];
  slow.stopReading();
  for (let count = 0; count < 20; count++) {
    log.append(frame("x".repeat(100)));
    marks.flush();
  }
  assert.equal(slow.connection.isOpen, false);
  assert.equal(good.frames.length, 20);
  await slow.gone();
});

Deno.test("more in one turn than may wait is written before anybody is judged by it", () => {
  const { marks, all, log } = followers(40, { maxUnsent: 1000 });
  for (let count = 0; count < 100; count++) log.append(frame(`${count}`.padEnd(100, "x")));
  for (const { connection, frames } of all) {
    assert.ok(connection.isOpen);
    assert.ok(frames.length > 80, `${frames.length} were written at once`);
  }
  marks.flush();
  for (const { frames } of all) assert.equal(frames.length, 100);
});

Deno.test("who leaves a log is still owed what came before, and nothing that comes after", () => {
  const { marks, all: [one, other], log } = followers(2);
  log.append(frame("a"));
  one!.connection.attach(undefined);
  log.append(frame("b"));
  marks.flush();
  assert.deepEqual(texts(one!), ["a"]);
  assert.deepEqual(texts(other!), ["a", "b"]);
});

Deno.test("who is closed is written what it is owed before the close frame", async () => {
  const { all: [one], log } = followers(2);
  log.append(frame("a"));
  await one!.connection.close(1001);
  assert.deepEqual(one!.frames.map((bytes) => bytes[0]), [0x81, 0x88]);
});

/** What may happen to a log and its followers, so many of them from one on. */
const step = fc.oneof(
  { arbitrary: fc.record({ does: fc.constant("append" as const) }), weight: 8 },
  {
    arbitrary: fc.record({ does: fc.constant("flush" as const), count: fc.nat({ max: 4 }) }),
    weight: 5,
  },
  ...(["send", "stop", "readOn", "leave", "follow", "close"] as const).map((does) => ({
    arbitrary: fc.record({
      does: fc.constant(does),
      from: fc.nat(),
      count: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 30 })),
    }),
    weight: does === "close" ? 1 : 2,
  })),
);

Deno.test("whatever happens, everybody gets what it was owed, once and in order", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 70 }),
      fc.array(step, { minLength: 20, maxLength: 120 }),
      async (count, steps) => {
        const { marks, all, log } = followers(count);
        const owed = new Map(all.map((each) => [each, { texts: [] as string[], follows: true }]));
        let number = 0;
        for (const each of steps) {
          const text = `${number++}`;
          if (each.does === "append") {
            log.append(frame(text));
            for (const [{ connection }, { texts, follows }] of owed) {
              if (follows && connection.isOpen) texts.push(text);
            }
          } else if (each.does === "flush") marks.flush(each.count);
          else {
            for (let at = 0; at < Math.min(each.count, count); at++) {
              const one = all[(each.from + at) % count]!;
              const expected = owed.get(one)!;
              if (each.does === "send") {
                if (one.connection.isOpen) expected.texts.push(text);
                one.connection.send(frame(text));
              } else if (each.does === "stop") one.stopReading();
              else if (each.does === "readOn") await one.readOn();
              else if (each.does === "close") one.connection.terminate();
              else {
                one.connection.attach(each.does === "follow" ? log : undefined);
                expected.follows = each.does === "follow";
              }
            }
          }
        }
        for (const each of all) await each.readOn();
        marks.flush();
        for (const [each, expected] of owed) {
          const got = texts(each);
          // Of what one that was cut was owed, it got the beginning.
          if (!each.connection.isOpen) expected.texts.length = got.length;
          assert.deepEqual(got, expected.texts);
        }
      },
    ),
    { numRuns: 300 },
  );
});
