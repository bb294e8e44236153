import assert from "node:assert/strict";
import { connectPublisher, randomExchange } from "../../testing/amqp.ts";
import { connectClient } from "../support/client.ts";
import { subscribed } from "../support/exchange.ts";
import { freePort, freePorts } from "../../testing/ports.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { type RangerProcess, startRanger } from "../../testing/ranger.ts";
import { temporaryFolder } from "../support/run_ranger.ts";

const broker = await sharedBroker();

async function openAt(ranger: RangerProcess): Promise<number> {
  const { connections } = await (await fetch(ranger.managementUrl("/stats"))).json();
  return connections.open;
}

Deno.test("several processes serve one port, and one may go", async () => {
  await using stack = new AsyncDisposableStack();
  const publisher = stack.use(await connectPublisher(broker.url, randomExchange()));
  const start = async (port: number) => {
    const source = ["--amqp-url", broker.url, "--exchange", publisher.exchange];
    const args = [...source, "--no-auth", "--reuse-port", "--port", `${port}`];
    const ranger = stack.use(await startRanger({ args }));
    await ranger.consuming();
    return ranger;
  };
  const first = await start(0);
  const second = await start(first.port);
  assert.equal(second.port, first.port);

  // The kernel spreads by a hash of the addresses: that forty all fall to one side does not happen.
  const clients = [];
  for (let at = 0; at < 40; at++) {
    const client = stack.use(await connectClient(first.url("/public?stream=a.trades")));
    assert.equal(await client.next(), subscribed("a.trades"));
    clients.push(client);
  }
  const [ofFirst, ofSecond] = [await openAt(first), await openAt(second)];
  assert.equal(ofFirst + ofSecond, 40);
  assert.ok(ofFirst > 0 && ofSecond > 0, `${ofFirst} and ${ofSecond}`);

  await publisher.publish("public.a.trades", { trades: [1] });
  for (const client of clients) {
    assert.equal(await client.next(), '{"a.trades":{"trades":[1]}}');
  }

  await first.stop();
  assert.equal(await openAt(second), ofSecond);
  for (let at = 0; at < 10; at++) {
    await using client = await connectClient(second.url("/public?stream=a.trades"));
    assert.equal(await client.next(), subscribed("a.trades"));
  }
});

Deno.test("several processes live on one configuration file, each with its management port", async () => {
  await using stack = new AsyncDisposableStack();
  const publisher = stack.use(await connectPublisher(broker.url, randomExchange()));
  const [port, management] = [freePort(), freePorts(3)];
  const folder = stack.use(await temporaryFolder());
  const file = await folder.write(
    "ranger.toml",
    `[server]
port = ${port}
reuse_port = true

[management]
port = ${management}

[amqp]
url = "${broker.url}"
exchange = "${publisher.exchange}"

[auth]
enabled = false
`,
  );
  // As the units ranger@1 and ranger@2 start them.
  const processes = await Promise.all([1, 2].map(async (instance) =>
    stack.use(
      await startRanger({
        args: ["--config", file, `--management-port-offset=${instance}`],
        portsOfFile: true,
      }),
    )
  ));
  for (const [at, ranger] of processes.entries()) {
    await ranger.consuming();
    assert.equal(ranger.port, port);
    assert.equal(ranger.managementPort, management + at + 1);
    const response = await fetch(ranger.managementUrl("/readyz"));
    assert.equal(response.status, 200, await response.text());
  }
  // Each answers for itself: clients are counted where they are.
  await using _client = await connectClient(processes[0]!.url());
  const counts = await Promise.all(processes.map(openAt));
  assert.deepEqual(counts.toSorted(), [0, 1]);
});

Deno.test("a port that is not shared is refused", async () => {
  const args = ["--no-auth", "--amqp-url", "amqp://127.0.0.1:1"];
  await using ranger = await startRanger({ args });
  await assert.rejects(
    startRanger({ args: [...args, "--port", `${ranger.port}`, "--reuse-port"] }),
    /another program listens there/,
  );
});
