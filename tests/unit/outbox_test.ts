import assert from "node:assert/strict";
import { SharedLog } from "../../src/delivery/shared_log.ts";
import { Traffic } from "../../src/delivery/traffic.ts";
import { ManualFlusher } from "../support/manual_flusher.ts";
import { line, RecordingOutbox } from "../support/recording_outbox.ts";

/** Bytes that may wait, in these tests. */
const UNSENT_BYTES = 1000;
const LARGE = "x".repeat(300);

function recording(): RecordingOutbox & { flusher: ManualFlusher; traffic: Traffic } {
  const flusher = new ManualFlusher();
  const traffic = new Traffic();
  const limits = { unsentBytes: UNSENT_BYTES };
  return Object.assign(new RecordingOutbox({ flusher, traffic, limits }), { flusher, traffic });
}

/** An outbox whose client has not taken the first frame. */
function blocked(): ReturnType<typeof recording> {
  const outbox = recording();
  outbox.stopReading();
  outbox.outbox.send(line("first"));
  outbox.flusher.flush();
  assert.ok(outbox.outbox.isBehind);
  return outbox;
}

Deno.test("frames are written together when the flusher says so, which is asked once", () => {
  const { outbox, flusher, traffic, ...one } = recording();
  for (const text of ["a", "b", "c"]) outbox.send(line(text), 7);
  assert.deepEqual(flusher.scheduled, [{ flushable: outbox, age: 7 }]);
  assert.equal(one.frames.length, 0);
  assert.equal(flusher.flush(), 3);
  assert.equal(one.frames.length, 3);
  assert.equal(traffic.framesPerWrite.sum, 3);
  assert.equal(traffic.framesPerWrite.count, 1);
  assert.equal(outbox.flush(), 0, "there is nothing more");
});

Deno.test("while the socket is blocked nothing is written, then all of it at once", async () => {
  const one = blocked();
  one.outbox.send(line("a"));
  one.outbox.send(line("b"));
  assert.equal(one.outbox.flush(), 0);
  assert.deepEqual(one.texts, ["first"]);
  assert.equal(one.traffic.unsent, "first\na\nb\n".length);
  await one.readOn();
  assert.deepEqual(one.texts, ["first", "a", "b"]);
  assert.equal(one.writes, 2);
  assert.equal(one.drains, 1);
  assert.equal(one.traffic.unsent, 0);
});

Deno.test("a client that does not read overflows, and gets the last frame behind whole ones", async () => {
  const one = blocked();
  for (let count = 0; count < 4; count++) one.outbox.send(line(LARGE));
  assert.equal(one.overflows, 1);
  one.outbox.send(line("more"));
  assert.equal(one.overflows, 1, "a closed outbox takes nothing");
  assert.equal(one.traffic.unsent, 0);
  await one.readOn();
  assert.deepEqual(one.texts, ["first", "slow"]);
  assert.equal(one.drains, 0);
});

Deno.test("short frames count as the memory that they take", () => {
  const one = blocked();
  let sent = 0;
  for (; one.overflows === 0 && sent < 1000; sent++) one.outbox.send(line(""));
  assert.ok(sent < 10, `${sent} frames of one byte`);
});

Deno.test("more in one turn than may wait is written before the client is judged by it", () => {
  const one = recording();
  for (let count = 0; count < 20; count++) one.outbox.send(line(LARGE));
  assert.equal(one.overflows, 0);
  assert.ok(one.frames.length > 15, `${one.frames.length} were written`);
});

Deno.test("what is offered does not overflow, and there is room until the limit is offered", async () => {
  const one = blocked();
  let offered = 0;
  for (; one.outbox.hasRoom; offered++) one.outbox.offer(line(LARGE));
  assert.equal(offered, 4);
  for (let count = 0; count < 3; count++) one.outbox.send(line(LARGE));
  assert.equal(one.overflows, 0);
  await one.readOn();
  assert.equal(one.frames.length, 8);
  assert.ok(one.outbox.hasRoom);
  assert.equal(one.drains, 1);
});

Deno.test("what is offered beyond the limit is a frame like any other", () => {
  const one = blocked();
  for (let count = 0; count < 12; count++) one.outbox.offer(line(LARGE));
  assert.equal(one.overflows, 1);
  assert.equal(one.outbox.hasRoom, false);
});

Deno.test("an urgent frame is flushed before what others have pending, behind its own", () => {
  const flusher = new ManualFlusher();
  const written: string[] = [];
  const [one, other] = ["one", "other"].map((name) =>
    new RecordingOutbox({
      flusher,
      split(bytes) {
        written.push(`${name} ${new TextDecoder().decode(bytes).trim().replaceAll("\n", " ")}`);
        return [];
      },
    })
  ) as [RecordingOutbox, RecordingOutbox];
  other.outbox.send(line("a"));
  one.outbox.send(line("b"));
  one.outbox.sendUrgent(line("c"), 3);
  assert.deepEqual(flusher.urgent, [{ flushable: one.outbox, age: 3 }]);
  one.outbox.sendUrgent(line("d"), 2);
  one.outbox.send(line("e"));
  assert.equal(flusher.urgent.length + flusher.scheduled.length, 3, "each is scheduled once");
  flusher.flush();
  assert.deepEqual(written, ["one b c d e", "other a"]);
});

Deno.test("an outbox that ends writes what is pending and the last frame, and nothing after it", () => {
  const { outbox, flusher, ...one } = recording();
  outbox.send(line("a"));
  outbox.end(line("last"));
  outbox.send(line("b"));
  outbox.sendUrgent(line("c"));
  outbox.end(line("again"));
  flusher.flush();
  assert.equal(one.frames.length, 2);
});

Deno.test("a closed outbox drops what is pending, leaves its log and counts as nothing unsent", () => {
  const one = blocked();
  const { flusher, traffic } = one;
  const log = new SharedLog({ flusher, traffic, limits: { unsentBytes: UNSENT_BYTES } });
  one.outbox.attach(log);
  log.append(line("a"));
  assert.ok(one.traffic.unsent > 0);
  one.outbox.close();
  one.outbox.close();
  assert.equal(one.traffic.unsent, 0);
  log.append(line("b"));
  flusher.flush();
  assert.deepEqual(one.texts, ["first"]);
  assert.equal(one.outbox.hasRoom, false);
});

Deno.test("a closed outbox is no longer written to with its group", () => {
  const { outbox, flusher, traffic, frames } = recording();
  const log = new SharedLog({ flusher, traffic, limits: { unsentBytes: UNSENT_BYTES } });
  outbox.attach(log);
  outbox.close();
  log.append(line("a"));
  flusher.flush();
  assert.equal(frames.length, 0);
});

Deno.test("what is sent while it is corked is written as one when it is uncorked, and not before", () => {
  const one = recording();
  one.outbox.cork();
  for (const text of ["a", "b", "c"]) one.outbox.send(line(text));
  assert.equal(one.flusher.scheduled.length, 0, "it waits for nobody else's turn");
  assert.equal(one.flusher.flush(), 0);
  assert.deepEqual(one.texts, []);
  one.outbox.uncork();
  assert.deepEqual(one.texts, ["a", "b", "c"]);
  assert.equal(one.writes, 1);
  assert.equal(one.traffic.framesPerWrite.sum, 3);
  one.outbox.send(line("d"));
  assert.deepEqual(one.texts, ["a", "b", "c"], "it is corked no more");
  one.flusher.flush();
  assert.deepEqual(one.texts, ["a", "b", "c", "d"]);
});

Deno.test("what was pending before goes out with what was corked, or stays where nothing was", () => {
  const one = recording();
  one.outbox.send(line("a"));
  one.outbox.cork();
  one.outbox.uncork();
  assert.equal(one.writes, 0, "nothing was sent in between: others are to be written with it");
  one.outbox.cork();
  one.outbox.send(line("b"));
  one.outbox.uncork();
  assert.deepEqual(one.texts, ["a", "b"]);
  assert.equal(one.writes, 1);
  assert.equal(one.flusher.flush(), 0, "the flush that was scheduled finds nothing");
  one.outbox.send(line("c"));
  assert.equal(one.flusher.flush(), 1, "and the next is scheduled");
});

Deno.test("an outbox that is behind is corked without a write, and keeps its order", async () => {
  const one = blocked();
  one.outbox.send(line("a"));
  one.outbox.cork();
  one.outbox.send(line("b"));
  one.outbox.uncork();
  one.outbox.send(line("c"));
  assert.equal(one.writes, 1, "the socket is blocked");
  assert.equal(one.traffic.unsent, "first\na\nb\nc\n".length);
  await one.readOn();
  assert.deepEqual(one.texts, ["first", "a", "b", "c"]);
  assert.equal(one.traffic.unsent, 0);
  one.outbox.cork();
  one.outbox.send(line("d"));
  one.outbox.uncork();
  assert.deepEqual(one.texts, ["first", "a", "b", "c", "d"], "it has caught up");
});

Deno.test("a client that does not take what was corked is behind", async () => {
  const one = recording();
  one.stopReading();
  one.outbox.cork();
  one.outbox.send(line("a"));
  one.outbox.send(line("b"));
  one.outbox.uncork();
  assert.ok(one.outbox.isBehind);
  one.outbox.send(line("c"));
  assert.equal(one.traffic.unsent, "a\nb\nc\n".length);
  await one.readOn();
  assert.deepEqual(one.texts, ["a", "b", "c"]);
});

Deno.test("answers that are corked come behind what a log appended before, and before what it does later", () => {
  const one = recording();
  const { flusher, traffic } = one;
  const limits = { unsentBytes: UNSENT_BYTES };
  const log = new SharedLog({ flusher, traffic, limits });
  const other = new RecordingOutbox({ flusher, traffic, limits });
  for (const { outbox } of [one, other]) outbox.attach(log);
  log.append(line("event 1"));
  one.outbox.cork();
  one.outbox.send(line("answer 1"));
  log.append(line("event 2"));
  one.outbox.send(line("answer 2"));
  const expected = ["event 1", "answer 1", "event 2", "answer 2"];
  assert.deepEqual(one.texts, []);
  one.outbox.uncork();
  assert.deepEqual(one.texts, expected, "at once");
  assert.equal(one.frames.length, 4);
  assert.deepEqual(other.texts, [], "others in their turn");
  log.append(line("event 3"));
  flusher.flush();
  assert.deepEqual(one.texts, [...expected, "event 3"], "nothing twice");
  assert.deepEqual(other.texts, ["event 1", "event 2", "event 3"]);
  assert.ok(one.outbox.group, "it is back in a group");
});

Deno.test("events that a log appends for a corked outbox without answers wait for their flush", () => {
  const one = recording();
  const { flusher, traffic } = one;
  const log = new SharedLog({ flusher, traffic, limits: { unsentBytes: UNSENT_BYTES } });
  one.outbox.attach(log);
  one.outbox.cork();
  log.append(line("event"));
  one.outbox.uncork();
  assert.deepEqual(one.texts, []);
  flusher.flush();
  assert.deepEqual(one.texts, ["event"]);
});

Deno.test("an outbox that is closed or ended while it is corked writes nothing more", () => {
  for (const close of ["close", "end", "abort"] as const) {
    const one = recording();
    one.outbox.cork();
    one.outbox.send(line("a"));
    if (close === "close") one.outbox.close();
    else one.outbox[close](line("last"));
    one.outbox.send(line("b"));
    one.outbox.uncork();
    one.flusher.flush();
    const expected = { close: [], end: ["a", "last"], abort: ["last"] }[close];
    assert.deepEqual(one.texts, expected, close);
    assert.equal(one.traffic.unsent, 0);
  }
});

Deno.test("what is offered while it is corked goes out with the rest, and has its limit", () => {
  const one = recording();
  one.outbox.cork();
  one.outbox.send(line("a"));
  one.outbox.offer(line("state"));
  assert.equal(one.writes, 0);
  one.outbox.uncork();
  assert.deepEqual(one.texts, ["a", "state"]);
  assert.equal(one.writes, 1);
  assert.ok(one.outbox.hasRoom);

  one.stopReading();
  one.outbox.cork();
  let offered = 0;
  for (; one.outbox.hasRoom && offered < 100; offered++) one.outbox.offer(line(LARGE));
  assert.ok(offered >= 3 && offered < 10, `${offered} were offered`);
  one.outbox.uncork();
  assert.equal(one.overflows, 0);
  assert.equal(one.outbox.hasRoom, false, "until the client has taken them");
});

Deno.test("an urgent frame that is sent while it is corked keeps its place", () => {
  const one = recording();
  one.outbox.cork();
  one.outbox.send(line("a"));
  one.outbox.sendUrgent(line("urgent"));
  one.outbox.send(line("b"));
  one.outbox.uncork();
  assert.deepEqual(one.texts, ["a", "urgent", "b"]);
  assert.equal(one.writes, 1);
  one.flusher.flush();
  assert.equal(one.writes, 1);

  // Alone it goes out with the flusher, before what others have.
  one.outbox.cork();
  one.outbox.sendUrgent(line("alone"));
  one.outbox.uncork();
  one.flusher.flush();
  assert.deepEqual(one.texts, ["a", "urgent", "b", "alone"]);
});

Deno.test("more than may wait is written while it is corked, and the client judged by it", () => {
  const one = recording();
  one.outbox.cork();
  for (let count = 0; count < 20; count++) one.outbox.send(line(LARGE));
  assert.equal(one.overflows, 0);
  assert.ok(one.frames.length > 15, `${one.frames.length} were written`);
  one.outbox.uncork();
  assert.equal(one.frames.length, 20);
});
