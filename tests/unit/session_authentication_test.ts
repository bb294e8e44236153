import assert from "node:assert/strict";
import { setImmediate as nextTurn } from "node:timers/promises";
import { TokenError } from "../../src/auth/errors.ts";
import type { Identity } from "../../src/auth/identity.ts";
import { Flusher } from "../../src/delivery/flusher.ts";
import { Traffic } from "../../src/delivery/traffic.ts";
import { Cursors } from "../../src/hub/cursor.ts";
import { wireFormats } from "../../src/hub/envelope.ts";
import { Hub } from "../../src/hub/hub.ts";
import { ConnectionQuota } from "../../src/session/connection_quota.ts";
import { ExpiryQueue } from "../../src/session/expiry.ts";
import { Session, type Verify } from "../../src/session/session.ts";
import { peatioRegistry } from "../../src/streams/peatio.ts";
import { LabelledCounter } from "../../src/telemetry/labelled_counter.ts";
import { WebSocketConnection } from "../../src/websocket/connection.ts";
import { ReadPace } from "../../src/websocket/read_pace.ts";
import { ReadTurns } from "../../src/websocket/read_turns.ts";
import { bounded } from "../../testing/bounded.ts";
import { encodeFrame } from "../../testing/frames.ts";
import { HUB_LIMITS } from "../support/hub_limits.ts";
import { webSocketFrames } from "../support/recording_subscriber.ts";
import { type TcpPair, tcpPair } from "../support/tcp_pair.ts";
import { unlimitedFailures, unlimitedUsers } from "../support/unlimited.ts";

const AUTHENTICATED = '{"success":{"message":"Authenticated."}}';
const FAILED = '{"error":{"message":"Authentication failed."}}';

const LIMITS = {
  messageRate: 0,
  messageBurst: 0,
  messageBytes: 4096,
  streams: 100,
  unsentBytes: 1_000_000,
};

/** A connection that counts how often its session pauses it. */
class CountingConnection extends WebSocketConnection {
  pauses = 0;

  override pause(): void {
    this.pauses++;
    super.pause();
  }
}

/** A client over TCP, and its session in this process. */
class Pair implements AsyncDisposable {
  readonly connection: CountingConnection;
  readonly #sockets: TcpPair;
  #received = new Uint8Array();
  #wake: (() => void) | undefined;

  private constructor(sockets: TcpPair, verify: Verify) {
    const { client, server } = this.#sockets = sockets;
    const limitsHit = new LabelledCounter();
    const flusher = new Flusher();
    const hub = new Hub({ registry: peatioRegistry, mode: "open", ...HUB_LIMITS, flusher });
    hub.opened("k3j9x0q1z7d");
    const format = wireFormats(undefined, new Cursors()).none.object;
    this.connection = new CountingConnection(server, format.root, {
      pace: new ReadPace(),
      turns: new ReadTurns(),
      flusher,
      traffic: new Traffic(),
      limits: LIMITS,
      closeTimeoutMs: 200,
    });
    const session = new Session(
      {
        hub,
        verify,
        isRevoked: () => false,
        users: unlimitedUsers(),
        failures: unlimitedFailures(),
        expiries: new ExpiryQueue(),
        rbac: {},
        limits: LIMITS,
        places: new ConnectionQuota({ connections: 10, connectionsPerAddress: 0 }, limitsHit),
        limitsHit,
        ended: () => {},
      },
      this.connection,
      format,
      undefined,
      "192.0.2.1",
    );
    client.on("data", (bytes) => {
      this.#received = Buffer.concat([this.#received, bytes as Uint8Array]);
      this.#wake?.();
    });
    session.start([], new Uint8Array());
  }

  static async open(verify: Verify): Promise<Pair> {
    const pair = new Pair(await tcpPair(), verify);
    // What each client is answered first, the streams that it holds.
    await pair.until(1);
    pair.#received = new Uint8Array();
    return pair;
  }

  /** All in one segment. */
  send(...messages: readonly unknown[]): void {
    const frames = messages.map((message) =>
      encodeFrame({
        opcode: 1,
        payload: typeof message === "string" ? message : JSON.stringify(message),
      })
    );
    this.#sockets.client.write(Buffer.concat(frames));
  }

  get answers(): string[] {
    return [...webSocketFrames(this.#received)].map((frame) =>
      new TextDecoder().decode(frame.subarray(frame[1]! < 126 ? 2 : 4))
    );
  }

  async until(count: number): Promise<string[]> {
    while (this.answers.length < count) {
      const next = new Promise<void>((resolve) => this.#wake = resolve);
      await bounded(next, () => `more than ${this.answers.join(" ")}`);
    }
    return this.answers;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sockets[Symbol.asyncDispose]();
  }
}

function identity(uid: string): Identity {
  return { uid, role: "", jti: "a1b2", expiresAt: undefined };
}

const bearer = (token: string) => ({ jwt: `Bearer ${token}` });

Deno.test("a token that is known is answered in its turn, without a pause", async () => {
  const refusal = new TokenError("ERR_TOKEN_SIGNATURE", "wrong");
  await using client = await Pair.open((token) => {
    if (token === "bad") throw refusal;
    return identity(token);
  });
  client.send(
    "ping",
    bearer("ID1"),
    "ping",
    bearer("bad"),
    { ...bearer("ID2"), event: "subscribe", streams: ["usdbtc.trades"] },
    "ping",
  );
  const answers = await client.until(7);
  assert.deepEqual(answers.slice(0, 5), ["pong", AUTHENTICATED, "pong", FAILED, AUTHENTICATED]);
  assert.match(answers[5]!, /"subscribed"/);
  assert.equal(answers[6], "pong");
  assert.equal(client.connection.pauses, 0);
});

Deno.test("what comes behind a token that has to be verified waits for its answer", async () => {
  const asked: string[] = [];
  const verifications: PromiseWithResolvers<Identity>[] = [];
  const verifying = Promise.withResolvers<void>();
  await using client = await Pair.open((token) => {
    asked.push(token);
    const verification = Promise.withResolvers<Identity>();
    verifications.push(verification);
    if (verifications.length === 1) verifying.resolve();
    return verification.promise;
  });
  client.send("ping", bearer("ID1"), "ping", bearer("ID2"), "ping");
  await bounded(verifying.promise, "the verification");
  assert.deepEqual(await client.until(1), ["pong"]);
  client.send("ping");
  for (let turn = 0; turn < 100; turn++) await nextTurn();
  assert.deepEqual(client.answers, ["pong"]);
  assert.deepEqual(asked, ["ID1"]);
  verifications[0]!.resolve(identity("ID1"));
  assert.deepEqual(await client.until(3), ["pong", AUTHENTICATED, "pong"]);
  for (let turn = 0; turn < 100; turn++) await nextTurn();
  assert.deepEqual(asked, ["ID1", "ID2"]);
  verifications[1]!.reject(new TokenError("ERR_TOKEN_SIGNATURE", "wrong"));
  assert.deepEqual(await client.until(6), [
    ...["pong", AUTHENTICATED, "pong", FAILED, "pong", "pong"],
  ]);
  assert.equal(client.connection.pauses, 2);
});

Deno.test("a client that is gone when its token is verified is not answered", async () => {
  const verification = Promise.withResolvers<Identity>();
  const verifying = Promise.withResolvers<void>();
  await using client = await Pair.open(() => {
    verifying.resolve();
    return verification.promise;
  });
  client.send(bearer("ID1"), "ping");
  await bounded(verifying.promise, "the verification");
  client.connection.cut();
  verification.resolve(identity("ID1"));
  for (let turn = 0; turn < 10; turn++) await nextTurn();
  assert.deepEqual(client.answers, []);
});
