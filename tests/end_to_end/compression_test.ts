import assert from "node:assert/strict";
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { EncodedEvent } from "../../src/hub/envelope.ts";
import { negotiateDeflate } from "../../src/websocket/deflate.ts";
import { startExchange, step, subscribed } from "../support/exchange.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { closeOf, type Frame, Opcode, RawClient } from "../../testing/raw_client.ts";

const broker = await sharedBroker();

const ANSWER = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
const TAIL = new Uint8Array([0x00, 0x00, 0xff, 0xff]);
const RSV1 = 4;
const OFFER = { headers: { "sec-websocket-extensions": "permessage-deflate" } };

function deflate(text: string | Uint8Array): Uint8Array {
  const flushed = deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH });
  assert.deepEqual(new Uint8Array(flushed.subarray(-4)), TAIL);
  return flushed.subarray(0, -4);
}

function textOf({ rsv, payload }: Frame): string {
  const plain = rsv === RSV1
    ? inflateRawSync(Buffer.concat([payload, TAIL]), { finishFlush: constants.Z_SYNC_FLUSH })
    : payload;
  return new TextDecoder().decode(plain);
}

const WITH_WINDOW = `${ANSWER}; server_max_window_bits=15`;

/** What clients offer, by their sources and documents, and what each must be answered. */
const OFFERS: readonly (readonly [who: string, offer: string, answer: string | undefined])[] = [
  ["Chromium, npm's ws, Node, Dart, aiohttp", "permessage-deflate; client_max_window_bits", ANSWER],
  ["Firefox, Safari, okhttp, Jetty", "permessage-deflate", ANSWER],
  ["Safari before 2018", "x-webkit-deflate-frame", undefined],
  [
    "gorilla, Java-WebSocket",
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
    ANSWER,
  ],
  [
    "Starscream, Erlang's gun",
    "permessage-deflate; client_max_window_bits; server_max_window_bits=15",
    WITH_WINDOW,
  ],
  [
    "Python's lomond",
    "permessage-deflate; server_max_window_bits=15; client_max_window_bits, " +
    "permessage-deflate; client_max_window_bits",
    WITH_WINDOW,
  ],
  [
    "IXWebSocket",
    "permessage-deflate; server_max_window_bits=15; client_max_window_bits=15",
    WITH_WINDOW,
  ],
  [
    "Boost.Beast and websocketpp with every parameter",
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover; " +
    "server_max_window_bits=15; client_max_window_bits=15",
    WITH_WINDOW,
  ],
  [
    "Python's websockets with small windows",
    "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12",
    undefined,
  ],
  [
    "ws with serverMaxWindowBits and a second choice",
    "permessage-deflate; client_max_window_bits; server_max_window_bits=10, " +
    "permessage-deflate; client_max_window_bits",
    ANSWER,
  ],
  [
    ".NET with DangerousDeflateOptions as they are",
    "permessage-deflate; client_max_window_bits",
    ANSWER,
  ],
  [
    ".NET without contexts",
    "permessage-deflate; client_max_window_bits; client_no_context_takeover; " +
    "server_no_context_takeover",
    ANSWER,
  ],
  [
    ".NET with smaller windows",
    "permessage-deflate; client_max_window_bits=9; server_max_window_bits=9",
    undefined,
  ],
];

Deno.test("each client's offer of compression gets an answer that the client takes", async (t) => {
  assert.equal(negotiateDeflate(null), undefined, "tungstenite and others offer none");
  for (const [who, offer, answer] of OFFERS) {
    await t.step(`${who}: ${offer}`, () => assert.equal(negotiateDeflate(offer), answer));
  }
});

Deno.test("of the offers of compression those are taken that can be kept", () => {
  for (
    const [offer, answer] of [
      [null, undefined],
      ["", undefined],
      ["permessage-deflate", ANSWER],
      ["Permessage-Deflate", ANSWER],
      ["permessage-deflate; client_max_window_bits", ANSWER],
      ['permessage-deflate; client_max_window_bits="12"', ANSWER],
      ["permessage-deflate;server_no_context_takeover ;client_no_context_takeover", ANSWER],
      ["x-webkit-deflate-frame, permessage-deflate", ANSWER],
      ["permessage-deflate; server_max_window_bits=15", WITH_WINDOW],
      ['permessage-deflate; server_max_window_bits="15"', WITH_WINDOW],
      ["permessage-deflate ;server_max_window_bits = 15;client_max_window_bits=8", WITH_WINDOW],
      // The first offer that can be kept is the one that is answered.
      ["permessage-deflate, permessage-deflate; server_max_window_bits=15", ANSWER],
      ["permessage-deflate; server_max_window_bits=15, permessage-deflate", WITH_WINDOW],
      ["permessage-deflate; mux, permessage-deflate; server_max_window_bits=15", WITH_WINDOW],
      ...[8, 9, 10, 11, 12, 13, 14].map((bits) =>
        [`permessage-deflate; server_max_window_bits=${bits}`, undefined] as const
      ),
      ["permessage-deflate; server_max_window_bits=10, permessage-deflate", ANSWER],
      ["permessage-deflate; server_max_window_bits", undefined],
      ["permessage-deflate; server_max_window_bits=", undefined],
      ["permessage-deflate; server_max_window_bits=015", undefined],
      ["permessage-deflate; server_max_window_bits=16", undefined],
      [
        "permessage-deflate; server_max_window_bits=15; server_max_window_bits=15",
        undefined,
      ],
      ["permessage-deflate; client_max_window_bits=7", undefined],
      ["permessage-deflate; client_max_window_bits=16", undefined],
      ["permessage-deflate; server_no_context_takeover=1", undefined],
      ["permessage-deflate; server_no_context_takeover; server_no_context_takeover", undefined],
      ["permessage-deflate; mux", undefined],
      ["permessage-bzip2", undefined],
    ] as const
  ) {
    assert.equal(negotiateDeflate(offer), answer, String(offer));
  }
});

Deno.test("an event is compressed once for all, and not where that gains nothing", () => {
  const way = { envelope: "object", deflate: { threshold: 64, level: 1 } } as const;
  const encode = (body: string) => new EncodedEvent("a.b", new TextEncoder().encode(body));
  const long = encode(JSON.stringify("x".repeat(1000)));
  const frame = long.frame(way);
  assert.equal(long.frame({ ...way }), frame);
  assert.ok(frame.length < 100);
  const plain = { envelope: "object", deflate: undefined } as const;
  const short = encode('"x"');
  assert.equal(short.frame(way), short.frame(plain), "below the threshold");
  const noise = encode(JSON.stringify(crypto.getRandomValues(new Uint8Array(90)).toBase64()));
  assert.equal(noise.frame({ ...way, deflate: { threshold: 1, level: 1 } }), noise.frame(plain));
});

Deno.test("messages are compressed in both directions for clients that negotiated it", async (t) => {
  await using exchange = await startExchange(broker, { auth: false });
  const url = exchange.ranger.url("/public?stream=a.trades");

  async function opened(): Promise<RawClient> {
    const client = await RawClient.connect(exchange.ranger.port);
    const { status, headers } = await client.handshake(url, OFFER);
    assert.equal(status, 101);
    assert.equal(headers.get("sec-websocket-extensions"), ANSWER);
    assert.equal(textOf(await client.frame()), subscribed("a.trades"));
    return client;
  }
  async function assertClosed(client: RawClient, code: number): Promise<void> {
    const frame = await client.frame();
    assert.equal(frame.opcode, Opcode.close);
    assert.equal(closeOf(frame).code, code);
  }

  await step(
    t,
    "events from the threshold up, byte for byte, and smaller ones as they are",
    async () => {
      using client = await opened();
      await using other = await exchange.connect("/public?stream=a.trades");
      const body = `{"trades":[${'{"price":"1.0"},'.repeat(40)}1.50]}`;
      await exchange.publish("public.a.trades", body);
      await exchange.publish("public.a.trades", "{}");
      const compressed = await client.frame();
      assert.equal(compressed.rsv, RSV1);
      assert.equal(textOf(compressed), `{"a.trades":${body}}`);
      assert.equal(await other.next(), `{"a.trades":${body}}`);
      const plain = await client.frame();
      assert.equal(plain.rsv, 0);
      assert.equal(textOf(plain), '{"a.trades":{}}');
    },
  );

  await step(t, "a client's messages, whole and in fragments with a ping between", async () => {
    using client = await opened();
    await client.send({ opcode: Opcode.text, rsv: RSV1, payload: deflate("ping") });
    assert.equal(textOf(await client.frame()), "pong");
    const parts = deflate('{"event":"unsubscribe","streams":["a.trades"]}');
    await client.send({ opcode: Opcode.text, rsv: RSV1, fin: false, payload: parts.slice(0, 9) });
    await client.send({ opcode: Opcode.ping, payload: "?" });
    await client.send({ opcode: Opcode.continuation, payload: parts.slice(9) });
    assert.equal((await client.frame()).opcode, Opcode.pong);
    const answer = textOf(await client.frame());
    assert.equal(answer, '{"success":{"message":"unsubscribed","streams":[]}}');
    await client.send({ opcode: Opcode.text, payload: "ping" });
    assert.equal(textOf(await client.frame()), "pong", "not every message must be compressed");
  });

  await step(t, "a bomb is not inflated beyond the limit of a message", async () => {
    using client = await opened();
    const bomb = deflate(new Uint8Array(3_000_000));
    assert.ok(bomb.length < 4096);
    await client.send({ opcode: Opcode.text, rsv: RSV1, payload: bomb });
    await assertClosed(client, 1009);
  });

  await step(t, "what cannot be inflated, and what is not text then", async () => {
    using rubbish = await opened();
    await rubbish.send({
      opcode: Opcode.text,
      rsv: RSV1,
      payload: new Uint8Array([1, 2, 3, 4, 5]),
    });
    await assertClosed(rubbish, 1007);
    using latin = await opened();
    await latin.send({ opcode: Opcode.text, rsv: RSV1, payload: deflate(new Uint8Array([0xff])) });
    await assertClosed(latin, 1007);
  });

  await step(t, "the mark of compression where it must not be", async () => {
    using continuation = await opened();
    await continuation.send({ opcode: Opcode.text, rsv: RSV1, fin: false, payload: deflate("pi") });
    await continuation.send({ opcode: Opcode.continuation, rsv: RSV1, payload: "" });
    await assertClosed(continuation, 1002);
    using control = await opened();
    await control.send({ opcode: Opcode.ping, rsv: RSV1, payload: deflate("x") });
    await assertClosed(control, 1002);
    using unasked = await RawClient.open(url);
    await unasked.frame();
    await unasked.send({ opcode: Opcode.text, rsv: RSV1, payload: deflate("ping") });
    await assertClosed(unasked, 1002);
  });
});

Deno.test("without the setting nobody gets compression", async () => {
  await using exchange = await startExchange(broker, { auth: false, args: ["--no-compression"] });
  using client = await RawClient.connect(exchange.ranger.port);
  const { status, headers } = await client.handshake(exchange.ranger.url("/public"), OFFER);
  assert.equal(status, 101);
  assert.equal(headers.has("sec-websocket-extensions"), false);
});
