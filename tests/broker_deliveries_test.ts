import { AMQPChannel, type AMQPClient } from "@cloudamqp/amqp-client";
import fc from "fast-check";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { brokerClient, takeDeliveries } from "../src/broker/client.ts";

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
function delivery(key: string, body: Uint8Array, frameMax: number, properties: boolean): Buffer {
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
  header.writeUInt16BE(properties ? 0x8000 : 0, 12);
  const content = properties ? [header, short("application/json")] : [header];
  const frames = [frame(METHOD, 1, method), frame(CONTENT_HEADER, 1, Buffer.concat(content))];
  for (let at = 0; at < body.length; at += frameMax) {
    frames.push(frame(BODY, 1, body.subarray(at, at + frameMax)));
  }
  return Buffer.concat(frames);
}

/** A client that is connected to nothing, and what the library does with bytes it reads. */
function reading(): { client: AMQPClient; channel: AMQPChannel; read(bytes: Buffer): boolean } {
  const client = brokerClient("amqp://127.0.0.1:1/?frameMax=131072");
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
  fc.assert(
    fc.property(events, fc.infiniteStream(fc.integer({ min: 1, max: 5000 })), (sent, cuts) => {
      const { client, channel, read } = reading();
      const got: { key: string; body: Uint8Array }[] = [];
      takeDeliveries(client, channel, (key, body) => {
        got.push({ key, body: new Uint8Array(body) });
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
    { numRuns: 1000 },
  );
});

Deno.test("what is no AMQP is read without an end to it, and without harm", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 20 }), (chunks) => {
      const { client, channel, read } = reading();
      takeDeliveries(client, channel, () => {});
      for (const chunk of chunks) assert.equal(read(Buffer.from(chunk)), true);
    }),
    { numRuns: 5000 },
  );
});
