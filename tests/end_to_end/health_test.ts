/** `ranger health`, and Ranger as the first process of a container. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connectPublisher, randomExchange } from "../../testing/amqp.ts";
import { bounded, until } from "../../testing/bounded.ts";
import { findExecutable } from "../../testing/executables.ts";
import { freePort } from "../../testing/ports.ts";
import { program, runProgram } from "../../testing/program.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { startRanger } from "../../testing/ranger.ts";
import { connectClient } from "../support/client.ts";
import { Gate } from "../../testing/gate.ts";
import { runRanger } from "../support/run_ranger.ts";

const broker = await sharedBroker();

/** Asks a server of this machine, by the settings that a container's environment has. */
function health(port: number, ...flags: string[]) {
  return runRanger(["health", "--config=/dev/null", ...flags], {
    RANGER_MANAGEMENT_PORT: String(port),
    // No proxy that the environment names is asked.
    HTTP_PROXY: "http://127.0.0.1:1",
    http_proxy: "http://127.0.0.1:1",
  });
}

Deno.test("health is 0 while the server is ready, and --alive while it waits for its broker", async () => {
  await using gate = new Gate(broker.url);
  await using publisher = await connectPublisher(broker.url, randomExchange());
  const flags = ["--no-auth", "--amqp-url", gate.url, "--exchange", publisher.exchange];
  await using ranger = await startRanger({
    args: [...flags, "--management-host=0.0.0.0", "--management-broker-grace=0"],
  });
  const everywhere = "--management-host=0.0.0.0";

  const waiting = await health(ranger.managementPort, everywhere);
  assert.equal(waiting.code, 1, waiting.output);
  assert.match(
    waiting.stderr,
    new RegExp(`^127\\.0\\.0\\.1:${ranger.managementPort}/readyz answers 503: .*no events come in`),
  );
  const alive = await health(ranger.managementPort, everywhere, "--alive");
  assert.deepEqual([alive.code, alive.stdout], [0, "alive\n"], alive.output);

  await gate.open();
  await ranger.consuming();
  const ready = await health(ranger.managementPort);
  assert.deepEqual([ready.code, ready.stdout], [0, "ready\n"], ready.output);
});

Deno.test("health is 1 where nothing answers, and 78 where the port is not known", async () => {
  const nothing = await health(freePort(), "--alive");
  assert.equal(nothing.code, 1, nothing.output);
  assert.match(nothing.stderr, /does not answer: /);

  await using silent = await silentServer();
  const late = await health(silent.port);
  assert.equal(late.code, 1, late.output);
  assert.match(late.stderr, /does not answer: nothing came within 5 seconds/);

  const unknown = await health(0);
  assert.equal(unknown.code, 78);
  assert.match(
    unknown.stderr,
    /management\.port, from environment RANGER_MANAGEMENT_PORT: is 0.*--management-port/,
  );
});

const unshare = findExecutable("unshare", ["/usr/bin", "/bin"]) ?? "unshare";
const NAMESPACE = ["--pid", "--fork", "--kill-child", "--"];
const possible = (await runProgram([unshare], [...NAMESPACE, "true"]).catch(() => undefined))
  ?.code === 0;

Deno.test({
  name: "as process 1 it drains at SIGTERM and ends with 0",
  ignore: !possible,
  async fn() {
    await using ranger = await startRanger({
      command: "demo",
      program: [unshare, ...NAMESPACE, ...program()],
    });
    const [first] = await until(async () => {
      const task = `/proc/${ranger.pid}/task/${ranger.pid}/children`;
      const children = (await Deno.readTextFile(task)).trim().split(" ").filter((pid) => pid);
      return children.length > 0 ? children.map(Number) : undefined;
    }, "the namespace's first process");
    const status = await Deno.readTextFile(`/proc/${first}/status`);
    assert.match(status, /^NSpid:\t\d+.*\t1$/m);

    await using client = await connectClient(ranger.url("/public?stream=btcusd.trades"));
    await client.next();
    Deno.kill(first!, "SIGTERM");
    assert.deepEqual(await client.closing(), { code: 1001, reason: "" });
    await client.close();
    const { code } = await bounded(ranger.ended, () => `the end\n${ranger.stderr}`, 30_000);
    assert.equal(code, 0, ranger.stderr);
  },
});

/** A server that takes a request and says nothing. */
async function silentServer(): Promise<AsyncDisposable & { port: number }> {
  const server = createServer(() => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
