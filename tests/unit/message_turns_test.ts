import assert from "node:assert/strict";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Hub } from "../../src/hub/hub.ts";
import { wireFormats } from "../../src/hub/envelope.ts";
import { Cursors } from "../../src/hub/cursor.ts";
import { MessageTurns } from "../../src/session/message_turns.ts";
import { type ClientConnection, Session, type SessionContext } from "../../src/session/session.ts";
import { bounded } from "../../testing/bounded.ts";
import { RecordingOutbox } from "../support/recording_outbox.ts";
import { webSocketFrames } from "../support/recording_subscriber.ts";

const SHORT = 100;
const LONG = 3000;

/** Uses the processor for longer than a turn may take. */
function fillTurn(): void {
  for (const end = performance.now() + 3; performance.now() < end;);
}

Deno.test("long messages have two milliseconds of a turn, and short ones never wait", async () => {
  const turns = new MessageTurns();
  assert.ok(turns.mayHandle(LONG));
  fillTurn();
  assert.ok(!turns.mayHandle(LONG));
  assert.ok(turns.mayHandle(SHORT));
  await nextTurn();
  assert.ok(turns.mayHandle(LONG), "the next turn");
});

Deno.test("clients that wait have their turns in order, and new long messages come after", async () => {
  const turns = new MessageTurns();
  const taken: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const client = (name: string) => ({
    takeTurn() {
      taken.push(name);
      if (name === "c") resolve();
    },
  });
  const [a, b, c] = [client("a"), client("b"), client("c")];
  for (const each of [a, b, c]) turns.wait(each);
  turns.remove(b);
  assert.ok(!turns.mayHandle(LONG), "others wait already");
  assert.ok(turns.mayHandle(SHORT));
  await bounded(promise, "all turns");
  assert.deepEqual(taken, ["a", "c"]);
  assert.ok(turns.mayHandle(LONG));
});

/** A session whose long messages wait until the test says so. */
function waitingSession(messageRate = 0, messageBurst = 0) {
  const recording = new RecordingOutbox({ split: webSocketFrames });
  const does: string[] = [];
  let waits = 0;
  const turns = {
    mayHandle: (length: number) => length <= SHORT,
    wait: () => void waits++,
    remove: () => does.push("remove"),
  };
  const hub = { open() {}, start() {}, subscribe() {}, unsubscribe() {}, remove() {} };
  const context = {
    turns,
    hub: hub as unknown as Hub,
    limits: { messageRate, messageBurst, messageBytes: 4096, streams: 256 },
    ended() {},
  } as unknown as SessionContext;
  const connection = {
    outbox: recording.outbox,
    isOpen: true,
    open() {},
    pause: () => does.push("pause"),
    resume: () => does.push("resume"),
    close: () => does.push("close"),
  } as unknown as ClientConnection;
  const format = wireFormats(undefined, new Cursors(), false).none.object;
  const session = new Session(context, connection, format, undefined, "203.0.113.7");
  const answers = () => {
    recording.outbox.flush();
    return recording.frames.splice(0).map((frame) => new TextDecoder().decode(frame.subarray(2)));
  };
  return { session, answers, does, waits: () => waits };
}

const long = (id: number) =>
  JSON.stringify({ event: "unsubscribe", streams: ["x".repeat(SHORT)], id });
/** Counts as four. */
const longest = (id: number) =>
  JSON.stringify({ event: "unsubscribe", streams: ["x".repeat(4000)], id });
const answerTo = (id: number) => `{"success":{"message":"unsubscribed","streams":[]},"id":${id}}`;

Deno.test("while a client's long message waits, what it sends after that does as well", () => {
  const { session, answers, waits } = waitingSession();
  session.receivedText("ping");
  assert.deepEqual(answers(), ["pong"]);
  session.receivedText(long(1));
  session.receivedText("ping");
  session.receivedText(long(2));
  assert.deepEqual(answers(), []);
  assert.equal(waits(), 1);
  session.takeTurn();
  assert.deepEqual(answers(), [answerTo(1), "pong"]);
  assert.equal(waits(), 2, "once for each long message");
  session.takeTurn();
  session.receivedText("ping");
  assert.deepEqual(answers(), [answerTo(2), "pong"]);
  assert.equal(waits(), 2);
});

Deno.test("when several messages wait, no more are read until they are handled", () => {
  const { session, answers, does } = waitingSession();
  for (let id = 1; id <= 4; id++) {
    session.receivedText(long(id));
    session.receivedText("ping");
  }
  assert.deepEqual(does, ["pause"]);
  for (let id = 1; id <= 4; id++) {
    session.takeTurn();
    assert.deepEqual(answers(), [answerTo(id), "pong"]);
  }
  assert.deepEqual(does, ["pause", "resume"]);
});

Deno.test("a client that is gone has no turn", () => {
  const { session, answers, does } = waitingSession();
  session.receivedText(long(1));
  session.closed({ code: 1000, reason: "", by: "client", cause: "client" });
  assert.deepEqual(does, ["remove"]);
  session.takeTurn();
  assert.deepEqual(answers(), []);
});

Deno.test("messages that wait count when they are handled, after those before them", () => {
  // So slow a rate that the time between two messages does not matter.
  const { session, answers, does } = waitingSession(0.001, 5);
  session.receivedText(longest(1));
  session.receivedText("ping");
  session.receivedText("ping");
  assert.deepEqual(does, []);
  session.takeTurn();
  assert.deepEqual(answers(), [answerTo(1), "pong"]);
  assert.deepEqual(does.slice(0, 1), ["close"], "4 and 1 are the burst");
});

Deno.test("more messages than the burst do not wait: the client is closed", () => {
  const { session, answers, does } = waitingSession(0.001, 3);
  for (let id = 1; id <= 4; id++) session.receivedText(long(id));
  assert.deepEqual(does, ["close"]);
  assert.deepEqual(answers(), []);
});
