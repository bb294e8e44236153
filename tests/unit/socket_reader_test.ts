import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import type { Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  beginReading,
  continueReading,
  type SocketReaderOwner,
  stopReading,
} from "../../src/delivery/socket_reader.ts";
import { bounded } from "../../testing/bounded.ts";
import { type TcpPair, tcpPair } from "../support/tcp_pair.ts";

/** Bytes that no kernel keeps for a client that is not read. */
const MANY = 24_000_000;

/** Bytes whose values follow from their positions, with a period that does not divide a buffer. */
function pattern(length: number, from = 0): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = ((from + at) * 31) % 251;
  return bytes;
}

/** Both ends of a connection that may be reset. */
async function pair(): Promise<TcpPair> {
  const sockets = await tcpPair();
  for (const socket of [sockets.client, sockets.server]) socket.on("error", () => {});
  return sockets;
}

/** Keeps what is read, and what the socket says besides. */
class Recorder implements SocketReaderOwner {
  readonly events: string[] = [];
  bytes = 0;
  /** Called for each read, after it was taken. */
  onRead: (() => void) | undefined;
  readonly #kept: Uint8Array[] = [];
  #wake: (() => void) | undefined;

  constructor(socket: Socket) {
    socket.on("end", () => this.#note("end"));
    socket.on("error", (error: NodeJS.ErrnoException) => this.#note(error.code ?? "error"));
    socket.on("close", () => this.#note("close"));
  }

  received(bytes: Uint8Array): void {
    this.#kept.push(bytes.slice());
    this.bytes += bytes.length;
    this.onRead?.();
    this.#wake?.();
  }

  /** Everything so far is the pattern from its beginning. */
  assertInOrder(): void {
    assert.equal(Buffer.compare(Buffer.concat(this.#kept), pattern(this.bytes)), 0);
  }

  async until(isDone: () => boolean): Promise<void> {
    while (!isDone()) {
      const next = new Promise<void>((resolve) => this.#wake = resolve);
      await bounded(next, () => `more than ${this.bytes} bytes and ${this.events.join(", ")}`);
    }
  }

  #note(event: string): void {
    this.events.push(event);
    this.#wake?.();
  }
}

function written(socket: Socket, bytes: Uint8Array): Promise<void> {
  return bounded(new Promise((resolve) => socket.write(bytes, () => resolve())), "a write");
}

/** Whatever the other end has sent until now has reached this process. */
async function settled(): Promise<void> {
  await using other = await pair();
  for (let round = 0; round < 20; round++) {
    other.client.write("x");
    await bounded(once(other.server, "data"), "a byte");
    await nextTurn();
  }
}

const NOTHING = new Uint8Array();

/** The same must hold in a runtime whose sockets have no such handle. */
const WAYS = {
  "below the stream layer": (_socket: Socket) => {},
  "from the stream": (socket: Socket) => {
    const { _handle } = socket as Socket & { _handle: object };
    Object.defineProperty(_handle, "useUserBuffer", {
      // As in Deno 2.7.
      value: () => {
        throw new Error("Not implemented");
      },
    });
  },
};

Deno.test("reads bypass the stream layer in the runtime that Ranger is built with", async () => {
  for (const [way, prepare] of Object.entries(WAYS)) {
    await using sockets = await pair();
    prepare(sockets.server);
    const recorder = new Recorder(sockets.server);
    beginReading(sockets.server, NOTHING, recorder);
    await written(sockets.client, pattern(10));
    await recorder.until(() => recorder.bytes === 10);
    const isStream = way === "from the stream";
    assert.equal(sockets.server.listenerCount("data"), isStream ? 1 : 0, way);
  }
});

for (const [way, prepare] of Object.entries(WAYS)) {
  const start = async () => {
    const sockets = await pair();
    prepare(sockets.server);
    return { ...sockets, recorder: new Recorder(sockets.server) };
  };

  Deno.test(`${way}: the head, what waited, and what comes are read in order`, async () => {
    await using sockets = await start();
    const { client, server, recorder } = sockets;
    const readable = once(server, "readable");
    await written(client, pattern(1000, 100));
    await bounded(readable, "bytes in the stream's buffer");
    await settled();
    assert.equal(server.readableLength, 1000);
    beginReading(server, pattern(100), recorder);
    assert.equal(recorder.bytes, 1100, "what is there is handed on at once");
    await written(client, pattern(100_000, 1100));
    await recorder.until(() => recorder.bytes === 101_100);
    recorder.assertInOrder();
  });

  Deno.test(`${way}: a client that is not read is held back, and loses nothing`, async () => {
    await using sockets = await start();
    const { client, server, recorder } = sockets;
    beginReading(server, NOTHING, recorder);
    // Not stopped, so nothing changes.
    continueReading(server);
    for (const pause of [100_000, 300_000]) {
      recorder.onRead = () => {
        if (recorder.bytes < pause) return;
        recorder.onRead = undefined;
        stopReading(server);
      };
      if (pause === 100_000) client.end(pattern(MANY));
      await recorder.until(() => recorder.bytes >= pause);
      const { bytes } = recorder;
      await settled();
      assert.equal(recorder.bytes, bytes, "no read while it is stopped");
      assert.ok(client.writableLength > 0, "the client has not been rid of everything");
      continueReading(server);
    }
    await recorder.until(() => recorder.events.includes("end"));
    assert.equal(recorder.bytes, MANY);
    recorder.assertInOrder();
  });

  Deno.test(`${way}: reading may be stopped in every read`, async () => {
    await using sockets = await start();
    const { client, server, recorder } = sockets;
    let isStopped = false;
    let reads = 0;
    recorder.onRead = () => {
      assert.ok(!isStopped, "a read while it is stopped");
      reads++;
      isStopped = true;
      stopReading(server);
      setImmediate(() => {
        isStopped = false;
        continueReading(server);
      });
    };
    beginReading(server, pattern(10), recorder);
    client.end(pattern(2_000_000, 10));
    await recorder.until(() => recorder.events.includes("end"));
    assert.equal(recorder.bytes, 2_000_010);
    assert.ok(reads > 10, `${reads} reads`);
    recorder.assertInOrder();
  });

  Deno.test(`${way}: the end and the close come as usual`, async () => {
    for (const isStopped of [false, true]) {
      await using sockets = await start();
      const { client, server, recorder } = sockets;
      beginReading(server, NOTHING, recorder);
      if (isStopped) stopReading(server);
      client.end(pattern(50_000));
      if (isStopped) {
        await settled();
        assert.equal(recorder.bytes, 0);
        assert.deepEqual(recorder.events, []);
        continueReading(server);
      }
      await recorder.until(() => recorder.events.length > 0);
      assert.deepEqual(recorder.events, ["end"], "this side is still open");
      assert.equal(recorder.bytes, 50_000);
      recorder.assertInOrder();
      const answer = once(client, "data");
      server.end("answer");
      assert.equal(String((await bounded(answer, "the answer"))[0]), "answer");
      await recorder.until(() => recorder.events.length > 1);
      assert.deepEqual(recorder.events, ["end", "close"]);
    }
  });

  Deno.test(`${way}: a reset comes as usual`, async () => {
    for (const isStopped of [false, true]) {
      await using sockets = await start();
      const { client, server, recorder } = sockets;
      beginReading(server, pattern(10), recorder);
      await written(client, pattern(10, 10));
      await recorder.until(() => recorder.bytes === 20);
      if (isStopped) stopReading(server);
      client.resetAndDestroy();
      if (isStopped) {
        await settled();
        continueReading(server);
      }
      await recorder.until(() => recorder.events.includes("close"));
      assert.deepEqual(recorder.events, ["ECONNRESET", "close"]);
      recorder.assertInOrder();
    }
  });

  Deno.test(`${way}: a socket that is destroyed in a read is not read any more`, async () => {
    await using sockets = await start();
    const { client, server, recorder } = sockets;
    recorder.onRead = () => server.destroy();
    beginReading(server, NOTHING, recorder);
    client.write(pattern(1_000_000));
    await recorder.until(() => recorder.events.length > 0);
    const { bytes } = recorder;
    assert.ok(bytes > 0 && bytes < 1_000_000, `${bytes} bytes`);
    // Of a socket that is gone, both do nothing.
    stopReading(server);
    continueReading(server);
    await settled();
    assert.equal(recorder.bytes, bytes);
    assert.deepEqual(recorder.events, ["close"]);
    recorder.assertInOrder();
  });

  Deno.test(`${way}: a socket that was destroyed before is read no more`, async () => {
    await using sockets = await start();
    const { server, recorder } = sockets;
    server.destroy();
    beginReading(server, pattern(10), recorder);
    await recorder.until(() => recorder.events.length > 0);
    assert.deepEqual(recorder.events, ["close"]);
    assert.equal(recorder.bytes, 10, "the head was there before");
  });

  Deno.test(`${way}: each socket's bytes go to its own owner`, async () => {
    await using one = await start();
    await using other = await start();
    for (const { server, recorder } of [one, other]) beginReading(server, NOTHING, recorder);
    for (let from = 0; from < 200_000; from += 1000) {
      one.client.write(pattern(1000, from));
      other.client.write(pattern(500, from / 2));
      if (from % 10_000 === 0) await nextTurn();
    }
    await one.recorder.until(() => one.recorder.bytes === 200_000);
    await other.recorder.until(() => other.recorder.bytes === 100_000);
    for (const { recorder } of [one, other]) recorder.assertInOrder();
  });
}
