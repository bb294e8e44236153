import { AMQPChannel, type AMQPClient } from "@cloudamqp/amqp-client";
import fc from "fast-check";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { brokerClient, takeDeliveries } from "../../src/source/amqp/client.ts";
import { arbitraryDamage, damaged, fuzz } from "../support/fuzz.ts";

const METHOD = 1;
const CONTENT_HEADER = 2;
const BODY = 3;
const HEARTBEAT = 8;

function frame(type: number, channel: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(8 + payload.length);
  bytes[0] = type;
  bytes.writeUInt16BE(channel, 1);
  bytes.writeUInt32BE(payload.length, 3);
  bytes.set(payload, 7);
  bytes[bytes.length - 1] = 0xce;
  return bytes;
}

function short(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

/** A delivery as RabbitMQ sends it, with the body in frames of at most `frameMax` bytes. */
function delivery(
  key: string,
  body: Uint8Array,
  frameMax: number,
  properties: boolean,
  headers: Buffer = Buffer.alloc(0),
): Buffer {
  const method = Buffer.concat([
    Buffer.from([0, 60, 0, 60]),
    short("amq.ctag-x"),
    Buffer.from([0, 0, 0, 0, 0, 0, 0, 9, 0]),
    short("peatio.events.ranger"),
    short(key),
  ]);
  const header = Buffer.alloc(14);
  header.writeUInt16BE(60, 0);
  header.writeUInt32BE(body.length, 8);
  header.writeUInt16BE((properties ? 0x8000 : 0) + (headers.length > 0 ? 0x2000 : 0), 12);
  const content = [header, ...(properties ? [short("application/json")] : []), headers];
  const frames = [frame(METHOD, 1, method), frame(CONTENT_HEADER, 1, Buffer.concat(content))];
  for (let at = 0; at < body.length; at += frameMax) {
    frames.push(frame(BODY, 1, body.subarray(at, at + frameMax)));
  }
  return Buffer.concat(frames);
}

/** Headers of a delivery from a stream: RabbitMQ 3 adds the offset at the end, others anywhere. */
function streamHeaders(offset: bigint, place: "first" | "last" | "alone"): Buffer {
  const value = Buffer.alloc(8);
  value.writeBigInt64BE(offset);
  const ours = Buffer.concat([short("x-stream-offset"), Buffer.from("l"), value]);
  const other = Buffer.concat([short("note"), Buffer.from("S\0\0\0\x03abc")]);
  const table = { first: [ours, other], last: [other, ours], alone: [ours] }[place];
  const bytes = Buffer.concat(table);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** A client that is connected to nothing, and what the library does with bytes it reads. */
function reading(
  frameMax = 131_072,
): { client: AMQPClient; channel: AMQPChannel; read(bytes: Buffer): boolean } {
  const client = brokerClient(`amqp://127.0.0.1:1/?frameMax=${frameMax}`);
  const channel = new AMQPChannel(client, 1);
  client.channels[1] = channel;
  const internals = client as unknown as { onRead(bytes: Buffer): boolean };
  return { client, channel, read: (bytes) => internals.onRead(bytes) };
}

const events = fc.array(
  fc.record({
    key: fc.constantFrom("private.ID1.order", "public.usdbtc.trades", "public.κόσμε.trades", ""),
    body: fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.uint8Array({ minLength: 2000, maxLength: 9000 }),
    ),
    frameMax: fc.constantFrom(131_064, 1000),
    properties: fc.boolean(),
    heartbeat: fc.boolean(),
  }),
  { minLength: 1, maxLength: 12 },
);

Deno.test("deliveries come whole, once and in order, wherever reads cut them", () => {
  fuzz(
    1000,
    fc.property(events, fc.infiniteStream(fc.integer({ min: 1, max: 5000 })), (sent, cuts) => {
      const { client, channel, read } = reading();
      const got: { key: string; body: Uint8Array }[] = [];
      takeDeliveries(client, channel, ({ routingKey, body }) => {
        got.push({ key: routingKey, body: new Uint8Array(body) });
      });
      const wire = Buffer.concat(sent.flatMap(({ key, body, frameMax, properties, heartbeat }) => [
        delivery(key, body, frameMax, properties),
        ...(heartbeat ? [frame(HEARTBEAT, 0, new Uint8Array())] : []),
      ]));
      for (let at = 0; at < wire.length;) {
        const end = Math.min(at + cuts.next().value!, wire.length);
        // A copy that is written over afterwards: a body is lent for the call only.
        const chunk = Buffer.from(wire.subarray(at, end));
        assert.equal(read(chunk), true);
        chunk.fill(0xff);
        at = end;
      }
      assert.deepEqual(got, sent.map(({ key, body }) => ({ key, body: new Uint8Array(body) })));
    }),
  );
});

Deno.test("bytes that are not AMQP are read without an end, and without harm", () => {
  fuzz(
    5000,
    fc.property(fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 20 }), (chunks) => {
      const { client, channel, read } = reading();
      takeDeliveries(client, channel, () => {});
      for (const chunk of chunks) assert.equal(read(Buffer.from(chunk)), true);
    }),
  );
});

/**
 * Whether a body of 16 MB and more may be announced. The library makes room for it at once, as it
 * must, and the garbage collector is what a test would spend its time on.
 */
function announcesHugeBody(bytes: Uint8Array): boolean {
  return bytes.some((type, at) =>
    type === CONTENT_HEADER && at + 19 <= bytes.length &&
    bytes.subarray(at + 11, at + 16).some((byte) => byte !== 0)
  );
}

Deno.test("an answer to the broker that cannot be sent any more does not fail the process", async () => {
  const { client, channel, read } = reading();
  takeDeliveries(client, channel, () => {});
  const cancel = Buffer.concat([
    Buffer.from([0, 60, 0, 30]),
    short("amq.ctag-x"),
    Buffer.from([0]),
  ]);
  assert.equal(read(frame(METHOD, 1, cancel)), true);
  // An unhandled rejection is reported at the end of the turn.
  await new Promise((resolve) => setTimeout(resolve));
});

Deno.test("of deliveries that are damaged on the way, those before the damage come as they were", () => {
  const sent = [
    { key: "public.usdbtc.trades", body: Buffer.from('{"trades":[]}') },
    { key: "private.ID1.order", body: Buffer.from('{"id":1,"state":"wait"}') },
    { key: "public.usdbtc.ob-inc", body: Buffer.from('{"asks":["1.0","2.0"],"sequence":7}') },
  ];
  const parts = sent.map(({ key, body }, at) => delivery(key, body, at === 1 ? 10 : 1000, at > 0));
  const wire = Buffer.concat(parts);
  const ends = parts.map((_, at) => Buffer.concat(parts.slice(0, at + 1)).length);
  // The library says of some numbers that they are large.
  const { warn } = console;
  console.warn = () => {};
  using _ = { [Symbol.dispose]: () => console.warn = warn };
  fuzz(
    40_000,
    fc.property(arbitraryDamage, fc.nat(wire.length), (changes, cut) => {
      const { bytes, intact } = damaged(wire, changes);
      fc.pre(!announcesHugeBody(bytes));
      const { client, channel, read } = reading(8192);
      const got: { key: string; body: Buffer }[] = [];
      takeDeliveries(
        client,
        channel,
        ({ routingKey, body }) => got.push({ key: routingKey, body: Buffer.from(body) }),
      );
      assert.equal(read(Buffer.from(bytes.subarray(0, cut))), true);
      assert.equal(read(Buffer.from(bytes.subarray(cut))), true);
      const whole = ends.filter((end) => end <= intact).length;
      assert.deepEqual(got.slice(0, whole), sent.slice(0, whole));
    }),
  );
});

Deno.test("deliveries of a stream come with their offsets, and the last of each read is shown", () => {
  const stream = fc.array(
    fc.record({
      offset: fc.bigInt({ min: 0n, max: 2n ** 53n - 1n }),
      place: fc.constantFrom("first" as const, "last" as const, "alone" as const),
      properties: fc.boolean(),
      size: fc.constantFrom(2, 40, 3000),
    }),
    { minLength: 1, maxLength: 12 },
  );
  fuzz(
    1000,
    fc.property(stream, fc.infiniteStream(fc.integer({ min: 1, max: 3000 })), (sent, cuts) => {
      const { client, channel, read } = reading();
      const got: { offset: number; text: string }[] = [];
      const shown: { offset: number; text: string }[] = [];
      takeDeliveries(
        client,
        channel,
        ({ offset, body }) => got.push({ offset, text: String(Buffer.from(body)) }),
        {
          afterRead({ offset, body }) {
            shown.push({ offset, text: String(Buffer.from(body)) });
            assert.deepEqual(shown.at(-1), got.at(-1));
          },
        },
      );
      const expected = sent.map(({ offset, size }) => ({
        offset: Number(offset),
        text: `${offset}`.padEnd(size, "x"),
      }));
      const wire = Buffer.concat(sent.map(({ offset, place, properties }, at) =>
        delivery(
          "public.usdbtc.trades",
          Buffer.from(expected[at]!.text),
          1000,
          properties,
          streamHeaders(offset, place),
        )
      ));
      for (let at = 0; at < wire.length;) {
        const end = Math.min(at + cuts.next().value!, wire.length);
        assert.equal(read(Buffer.from(wire.subarray(at, end))), true);
        at = end;
      }
      assert.deepEqual(got, expected);
      assert.deepEqual(shown.at(-1), expected.at(-1));
    }),
  );
});
