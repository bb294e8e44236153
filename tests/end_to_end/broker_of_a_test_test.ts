import assert from "node:assert/strict";
import { amqp, connectPublisher, randomExchange } from "../../testing/amqp.ts";
import { startBroker } from "../../testing/rabbitmq.ts";

Deno.test("a broker of a test's own publishes, dies, and comes back on its port", async () => {
  const broker = await startBroker();
  try {
    const first = broker.pid;
    {
      await using publisher = await connectPublisher(broker.url, randomExchange());
      await publisher.publish("public.usdbtc.trades", { trades: [] });
    }
    await broker.kill();
    await assert.rejects(amqp(broker.url), /ECONNREFUSED|refused/i);
    await broker.restart();
    assert.notEqual(broker.pid, first);
    broker.pause();
    broker.resume();
    await using publisher = await connectPublisher(broker.url, randomExchange());
    await publisher.publish("public.usdbtc.trades", { trades: [] });
  } finally {
    await broker.stop();
  }
});
