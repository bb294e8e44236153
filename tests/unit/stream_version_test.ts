import assert from "node:assert/strict";
import { checkVersion } from "../../src/source/amqp/stream.ts";
import { StreamError } from "../../src/source/amqp/stream_error.ts";
import { explainFailure, isLasting } from "../../src/source/amqp/failure.ts";

Deno.test("a broker that is too old for streams is refused with its version", () => {
  for (const version of ["3.10.0", "3.10.8", "3.13.7", "4.0.5", "4.1.0-beta.1", "10.0.0"]) {
    checkVersion(version);
  }
  for (const version of ["3.9.29", "3.8.0", "2.99.0", "", "unknown"]) {
    assert.throws(() => checkVersion(version), StreamError, version);
  }
  const { kind, text, advice } = (() => {
    try {
      checkVersion("3.8.9");
    } catch (error) {
      return explainFailure(error);
    }
    throw new Error("3.8.9 was taken");
  })();
  assert.equal(kind, "stream");
  assert.equal(text, "amqp.stream needs RabbitMQ 3.10 or later, and the broker has version 3.8.9");
  assert.match(advice, /without amqp\.stream/);
});

Deno.test("a stream without a leader is explained, and passes by itself at most restarts", () => {
  // RabbitMQ 3.10.8, of a stream whose broker was killed a second after its declaration.
  const error = Object.assign(
    new Error(
      "channel 1 closed: NOT_FOUND - home node 'rabbit@mq' of durable queue 'ranger' in vhost '/' " +
        "is down or inaccessible (404)",
    ),
    { code: 404 },
  );
  const { kind, text, advice } = explainFailure(error);
  assert.equal(kind, "leader");
  assert.match(text, /^the stream has no leader: /);
  assert.match(advice, /set amqp\.stream to another name$/);
  assert.ok(!isLasting(kind));
});
