import assert from "node:assert/strict";
import { connectPublisher, randomExchange } from "../../testing/amqp.ts";
import { connectClient } from "../support/client.ts";
import { startRanger } from "../../testing/ranger.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { makeKey } from "../../testing/tokens.ts";

const broker = await sharedBroker();

Deno.test("an event goes from the broker through the daemon to the client of its user", async () => {
  const key = await makeKey();
  await using publisher = await connectPublisher(broker.url, randomExchange());
  await using ranger = await startRanger({
    args: ["--amqp-url", broker.url, "--exchange", publisher.exchange],
    env: { JWT_PUBLIC_KEY: key.publicBase64url },
  });
  await ranger.consuming();
  const token = await key.token({ uid: "ID1" });
  await using client = await connectClient(ranger.url("/private?stream=order"), { token });
  assert.equal(
    await client.next(),
    '{"success":{"message":"subscribed","streams":["order"]}}',
  );
  await publisher.publish("private.ID2.order", { id: 1 });
  await publisher.publish("private.ID1.order", { id: 2 });
  assert.equal(await client.next(), '{"order":{"id":2}}');
  assert.equal(await client.ask("ping"), "pong");
  const { code } = await ranger.stop();
  assert.equal(code, 0);
  assert.deepEqual(await client.closing(), { code: 1001, reason: "" });
});
