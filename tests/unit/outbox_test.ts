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
