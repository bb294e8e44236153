import type { AMQPClient } from "@cloudamqp/amqp-client";
import assert from "node:assert/strict";
import { declareStream } from "../../src/source/amqp/stream.ts";

const OPTIONS = { exchange: "e", stream: "ranger", streamMaxAge: 60, streamMaxBytes: 1_000_000 };

/** A broker that answers a passive declaration with an error, as the library words it. */
function brokerAnswering(text: string): AMQPClient {
  const channel = {
    queueDeclare: (_name: string, { passive = false }) =>
      passive ? Promise.reject(new Error(`channel 1 closed: ${text} (404)`)) : Promise.resolve({}),
    close: () => Promise.resolve(),
  };
  return { channel: () => Promise.resolve(channel) } as unknown as AMQPClient;
}

// The texts are those of RabbitMQ's rabbit_amqqueue.erl; all have the code 404.
Deno.test("a stream that does not exist is created, one that does not run yet was there", async () => {
  const missing = "NOT_FOUND - no queue 'ranger' in vhost '/'";
  assert.equal(await declareStream(brokerAnswering(missing), OPTIONS), true);
  for (
    const text of [
      "NOT_FOUND - queue 'ranger' in vhost '/' process is stopped by supervisor",
      "NOT_FOUND - home node 'rabbit@a' of durable queue 'ranger' in vhost '/' is down or inaccessible",
    ]
  ) {
    assert.equal(await declareStream(brokerAnswering(text), OPTIONS), false, text);
  }
});
