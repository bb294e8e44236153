import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Flusher } from "../../src/delivery/flusher.ts";
import { FrameChain } from "../../src/delivery/frame_chain.ts";
import { Traffic } from "../../src/delivery/traffic.ts";
import { type ConnectionOwner, WebSocketConnection } from "../../src/websocket/connection.ts";
import { ReadPace } from "../../src/websocket/read_pace.ts";
import { ReadTurns, type TurnTaker } from "../../src/websocket/read_turns.ts";
import { type CloseInfo, SERVER_CLOSES } from "../../src/websocket/close.ts";
import { encodeFrame, Opcode } from "../../src/websocket/frame.ts";
import { Keepalive } from "../../src/websocket/keepalive.ts";
import { bounded } from "../../testing/bounded.ts";
import { closePayload, encodeFrame as clientFrame } from "../../testing/frames.ts";
import { tcpPair } from "../support/tcp_pair.ts";

const UNSENT_BYTES = 1_000_000;

function connectionOn(
  socket: Socket,
  { closeTimeoutMs = 200, turns = new ReadTurns(), keepalive }: {
    closeTimeoutMs?: number;
    turns?: ReadTurns;
    keepalive?: Keepalive;
  } = {},
): WebSocketConnection {
  return new WebSocketConnection(socket, FrameChain.root(), {
    pace: new ReadPace(),
    turns,
    ...(keepalive && { keepalive }),
    flusher: new Flusher(),
    traffic: new Traffic(),
    limits: { messageBytes: 4096, unsentBytes: UNSENT_BYTES },
    closeTimeoutMs,
  });
}

/** Keeps what a connection reports. */
class Owner implements ConnectionOwner {
  readonly messages: string[] = [];
  readonly closes: CloseInfo[] = [];
  onText: (() => void) | undefined;
  #wake: (() => void) | undefined;

  receivedText(message: string): void {
    this.messages.push(message);
    this.onText?.();
    this.#wake?.();
  }
  receivedBinary(): void {}
  drained(): void {}
  caughtUp(): void {}
  overflowed(): void {}
  closed(info: CloseInfo): void {
    this.closes.push(info);
    this.#wake?.();
  }
  async until(done: () => boolean): Promise<void> {
    while (!done()) {
      await bounded(new Promise<void>((resolve) => this.#wake = resolve), "a call of the owner");
    }
  }
}

Deno.test("an owner that opens a connection after it was closed gets the close, once", async () => {
  await using sockets = await tcpPair();
  const connection = connectionOn(sockets.server);
  connection.send(encodeFrame(Opcode.Text, new Uint8Array(UNSENT_BYTES)));
  connection.endSlow();
  assert.equal(connection.isOpen, false);
  const owner = new Owner();
  connection.open(owner, clientFrame({ opcode: 1, payload: "too late" }));
  assert.deepEqual(owner.closes, [
    { code: 1008, reason: "slow consumer", by: "server", cause: "slow consumer" },
  ]);
  await bounded(once(sockets.server, "close"), "the socket to be cut");
  assert.equal(owner.closes.length, 1);
  assert.deepEqual(owner.messages, []);
});

Deno.test("a connection that its owner pauses reads nothing until it is resumed", async () => {
  await using sockets = await tcpPair();
  const connection = connectionOn(sockets.server);
  const owner = new Owner();
  owner.onText = () => connection.pause();
  // Often more than one turn's time, so that continuing in the next turn is due while it is paused.
  const filler = clientFrame({ opcode: 10, payload: "x".repeat(125) });
  const first = clientFrame({ opcode: 1, payload: "first" });
  connection.open(owner, Buffer.concat([...Array(1000).fill(filler), first]));
  await owner.until(() => owner.messages.length === 1);
  const second = clientFrame({ opcode: 1, payload: "second" });
  await new Promise((resolve) => sockets.client.write(second, resolve));
  for (let turn = 0; turn < 3000; turn++) await new Promise(setImmediate);
  assert.deepEqual(owner.messages, ["first"]);
  connection.resume();
  await owner.until(() => owner.messages.length === 2);
  assert.deepEqual(owner.messages, ["first", "second"]);
});

/** Awaits that a socket that nobody reads from has its end, behind what was sent before. */
async function endBehind(socket: Socket): Promise<void> {
  const { _readableState: state } = socket as Socket & { _readableState?: { ended: boolean } };
  socket.read(0);
  while (!state!.ended) await bounded(nextTurn(), "a turn");
}

const LOST = { code: 1006, reason: "", by: "network", cause: "network" };

Deno.test("an end that came with the handshake waits for the messages before it", async () => {
  await using sockets = await tcpPair();
  const connection = connectionOn(sockets.server);
  const owner = new Owner();
  owner.onText = () => connection.pause();
  const names = ["first", "second", "third"];
  sockets.client.end(
    Buffer.concat(names.map((payload) => clientFrame({ opcode: 1, payload }))),
  );
  await endBehind(sockets.server);
  connection.open(owner, new Uint8Array());
  for (let at = 1; at <= names.length; at++) {
    await owner.until(() => owner.messages.length === at);
    for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
    assert.deepEqual(owner.closes, []);
    assert.deepEqual(owner.messages, names.slice(0, at));
    connection.resume();
  }
  await owner.until(() => owner.closes.length === 1);
  assert.deepEqual(owner.closes, [LOST]);
});

Deno.test("an end that came before the connection was opened ends it at once", async () => {
  await using sockets = await tcpPair();
  const head = clientFrame({ opcode: 1, payload: "before" });
  sockets.client.end();
  sockets.server.resume();
  await bounded(once(sockets.server, "end"), "the end");
  const connection = connectionOn(sockets.server, { closeTimeoutMs: 60_000 });
  const owner = new Owner();
  connection.open(owner, head);
  assert.deepEqual(owner.messages, ["before"]);
  assert.deepEqual(owner.closes, [LOST]);
  sockets.client.resume();
  await bounded(once(sockets.server, "close"), "the socket to be gone");
});

/** Turns that come when the test says so. */
class HeldTurns {
  readonly waiting: TurnTaker[] = [];
  isHeld = true;

  get turns(): ReadTurns {
    return this as unknown as ReadTurns;
  }
  begin(): boolean {
    return !this.isHeld;
  }
  end(): void {}
  readonly goesOn = true;
  wait(client: TurnTaker): void {
    this.waiting.push(client);
    this.#wake?.();
  }
  async untilWaiting(count: number): Promise<void> {
    while (this.waiting.length < count) {
      await bounded(new Promise<void>((resolve) => this.#wake = resolve), "clients that wait");
    }
  }
  /** All have their turns, and what comes from here on is handled at once. */
  release(): void {
    this.isHeld = false;
    for (const client of this.waiting.splice(0)) while (client.takeTurn());
  }
  #wake: (() => void) | undefined;
}

Deno.test("what has to wait is handled in order, with what comes after it", async () => {
  await using sockets = await tcpPair();
  await using others = await tcpPair();
  const held = new HeldTurns();
  const owners = [sockets, others].map(({ server }) => {
    const owner = new Owner();
    connectionOn(server, { turns: held.turns }).open(owner, new Uint8Array());
    return owner;
  });
  const frames = (at: number) =>
    ["message 1", "message 2", "in two pieces", "last"].map((each) =>
      clientFrame({ opcode: 1, payload: `${at}: ${each}` })
    );
  for (const [at, { client }] of [sockets, others].entries()) {
    const [one, two, third, last] = frames(at);
    const bytes = Buffer.concat([one!, two!, third!, last!]);
    const cut = one!.length + two!.length + 9;
    await new Promise((resolve) => client.write(bytes.subarray(0, cut), resolve));
    // Both are read into the same buffer, one after the other.
    await held.untilWaiting(at + 1);
    client.write(bytes.subarray(cut));
  }
  assert.deepEqual(owners.map(({ messages }) => messages), [[], []]);
  held.release();
  for (const [at, owner] of owners.entries()) {
    await owner.until(() => owner.messages.length === 4);
    const expected = ["message 1", "message 2", "in two pieces", "last"];
    assert.deepEqual(owner.messages, expected.map((each) => `${at}: ${each}`));
  }
});

Deno.test("a client that is closed while it waits is not handled any more", async () => {
  await using sockets = await tcpPair();
  const held = new HeldTurns();
  const connection = connectionOn(sockets.server, { turns: held.turns });
  const owner = new Owner();
  connection.open(owner, clientFrame({ opcode: 1, payload: "too late" }));
  await held.untilWaiting(1);
  const closed = connection.close(SERVER_CLOSES.shutdown);
  // It is still read, for its close frame.
  sockets.client.end(clientFrame({ opcode: 8, payload: closePayload(1001) }));
  held.release();
  await bounded(closed, "the end of the closing handshake");
  assert.deepEqual(owner.messages, []);
});

Deno.test("closing resolves when the socket is closed, also for a second call", async () => {
  await using sockets = await tcpPair();
  const connection = connectionOn(sockets.server);
  const owner = new Owner();
  connection.open(owner, new Uint8Array());
  const { idle, shutdown } = SERVER_CLOSES;
  const twice = [connection.close(shutdown), connection.close(idle)];
  assert.deepEqual(owner.closes, [
    { code: 1001, reason: "", by: "server", cause: "shutdown" },
  ]);
  // The client neither reads nor answers.
  await bounded(Promise.all(twice), "the closing timeout");
  assert.ok(sockets.server.destroyed);
  await connection.close(shutdown);
  assert.equal(owner.closes.length, 1);
});

Deno.test("what is sent before a close frame goes out before it", async () => {
  await using sockets = await tcpPair();
  const connection = connectionOn(sockets.server);
  connection.open(new Owner(), new Uint8Array());
  for (const word of ["one", "two"]) {
    connection.send(encodeFrame(Opcode.Text, new TextEncoder().encode(word)));
  }
  const closed = connection.close({ ...SERVER_CLOSES.shutdown, reason: "enough" });
  connection.send(encodeFrame(Opcode.Text, new TextEncoder().encode("three")));
  const chunks: Uint8Array[] = [];
  sockets.client.on("data", (chunk: Uint8Array) => chunks.push(chunk));
  await bounded(closed, "the closing timeout");
  assert.equal(
    Buffer.concat(chunks).toString("latin1"),
    "\x81\x03one\x81\x03two\x88\x08\x03\xe9enough",
  );
});

Deno.test("a client that ends its side is not kept until the closing timeout", async (t) => {
  const ways: [string, Uint8Array, CloseInfo][] = [
    [
      "without a close frame",
      new Uint8Array(),
      { code: 1006, reason: "", by: "network", cause: "network" },
    ],
    [
      "with a close frame",
      clientFrame({ opcode: 8, payload: closePayload(3000, "done") }),
      { code: 3000, reason: "done", by: "client", cause: "client" },
    ],
    [
      "after a violation",
      clientFrame({ opcode: 1, rsv: 1 }),
      { code: 1002, reason: "reserved bits set", by: "server", cause: "protocol violation" },
    ],
    [
      "after a message that is too large",
      clientFrame({ opcode: 1, payload: "x".repeat(4097) }),
      { code: 1009, reason: "message too big", by: "server", cause: "message too large" },
    ],
  ];
  for (const [way, bytes, info] of ways) {
    await t.step(way, async () => {
      await using sockets = await tcpPair();
      const owner = new Owner();
      connectionOn(sockets.server, { closeTimeoutMs: 600_000 }).open(owner, new Uint8Array());
      const closed = once(sockets.server, "close");
      sockets.client.resume();
      // The server ends first (RFC 6455 §7.1.1), unless there is nothing but the end to read.
      if (bytes.length > 0) sockets.client.write(bytes);
      else sockets.client.end();
      await bounded(closed, "the server to end its side");
      assert.deepEqual(owner.closes, [info]);
    });
  }
  await t.step("answering ours", async () => {
    await using sockets = await tcpPair();
    const connection = connectionOn(sockets.server, { closeTimeoutMs: 600_000 });
    connection.open(new Owner(), new Uint8Array());
    sockets.client.resume();
    const closed = connection.close(SERVER_CLOSES.shutdown);
    sockets.client.write(clientFrame({ opcode: 8, payload: closePayload(1001) }));
    await bounded(once(sockets.client, "end"), "the server to end its side");
    await bounded(closed, "the socket to be gone");
  });
});
