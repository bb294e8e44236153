/** What a server does that may open few files: sockets are files. */
import assert from "node:assert/strict";
import { until } from "../../testing/bounded.ts";
import { program, ROOT } from "../../testing/program.ts";
import { startBroker } from "../../testing/rabbitmq.ts";
import { type LogLine, type RangerProcess, startRanger } from "../../testing/ranger.ts";
import { RawClient } from "../../testing/raw_client.ts";
import { connectClient } from "../support/client.ts";
import { step } from "../support/exchange.ts";
import { labelled, scrape } from "../support/metrics.ts";
import { runProgram } from "../../testing/program.ts";

/** The same program with a limit on open files. */
function limited(files: number, command: readonly string[]): [string, ...string[]] {
  return ["/bin/sh", "-c", `ulimit -n ${files} && exec "$@"`, "sh", ...command];
}

/** As the built program is started: it may not read /proc, and nothing says its limit. */
const RESTRICTED = [
  Deno.execPath(),
  ...["run", "--quiet", "--no-prompt", `--config=${ROOT}deno.json`],
  ...["--allow-net", "--allow-read", "--allow-env", "--allow-sys=hostname"],
  `${ROOT}main.ts`,
];

async function crowd(ranger: RangerProcess, count: number): Promise<RawClient[]> {
  return await Promise.all(Array.from({ length: count }, () => RawClient.connect(ranger.port)));
}

async function statusOf(ranger: RangerProcess, path: string): Promise<number> {
  const response = await fetch(ranger.managementUrl(path), { signal: AbortSignal.timeout(5000) });
  await response.body?.cancel();
  return response.status;
}

for (
  const [what, command] of [
    ["knows", program()],
    ["may not know", RESTRICTED],
  ] as const
) {
  Deno.test(`strangers leave room for operator and broker, up to a limit on open files that it ${what}`, async (t) => {
    const broker = await startBroker();
    const clients: RawClient[] = [];
    await using stack = new AsyncDisposableStack();
    stack.defer(() => broker.stop());
    stack.defer(() => clients.forEach((client) => client.close()));
    const ranger = stack.use(
      await startRanger({
        program: limited(300, command),
        args: ["--no-auth", "--amqp-url", broker.url, "--limits-handshake-timeout=600"],
      }),
    );
    await ranger.consuming();
    const witness = stack.use(await connectClient(ranger.url("/public")));
    await witness.next();

    await step(t, "strangers take what there is, and are refused from there on", async () => {
      clients.push(...await crowd(ranger, 500));
      await until(
        async () =>
          // While there is no descriptor, the scrape may fail.
          (await labelled(ranger, "ranger_limits_hit_total", "limit").catch(() => undefined))
              ?.open_files! > 100 || undefined,
        "strangers to be refused",
      );
      assert.equal(await witness.ask("ping"), "pong");
      assert.ok((await scrape(ranger)).value("ranger_sockets_max") < 300);
    });

    await step(t, "one line says so", () => {
      const refusals = (line: { message: string }) => line.message.startsWith("Refused a client");
      assert.equal(ranger.logged(refusals), 1);
      return Promise.resolve();
    });

    await step(t, "the operator is answered", async () => {
      for (let times = 0; times < 8; times++) {
        assert.equal(await statusOf(ranger, "/healthz"), 200);
        assert.equal(await statusOf(ranger, "/readyz"), 200);
      }
    });

    await step(t, "and the broker's connection can be renewed", async () => {
      await broker.restart();
      await ranger.consuming(2);
      assert.equal(await statusOf(ranger, "/readyz"), 200);
    });
  });
}

Deno.test("clients above what the limit on open files allows get 503", async () => {
  await using ranger = await startRanger({
    program: limited(300, program()),
    args: ["--no-auth", "--amqp-url", "amqp://127.0.0.1:1/"],
  });
  const statuses = new Map<number, number>();
  const clients: RawClient[] = [];
  for (let at = 0; at < 240; at++) {
    const client = await RawClient.connect(ranger.port);
    clients.push(client);
    const { status } = await client.handshake(ranger.url("/public"));
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    // A socket that is refused counts until it is gone.
    if (status !== 101) client.close();
  }
  for (const client of clients) client.close();
  assert.deepEqual([...statuses], [[101, 226], [503, 14]]);
});

Deno.test("sockets that are refused count until they are gone", async () => {
  await using ranger = await startRanger({
    args: ["--no-auth", "--amqp-url", "amqp://127.0.0.1:1/", "--limits-connections=8"],
  });
  const { host } = new URL(ranger.publicUrl());
  const request = `GET / HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\n` +
    "Connection: Upgrade\r\n\r\n";
  const clients: RawClient[] = [];
  try {
    // Those refused keep their side open, for which they have five seconds.
    const sockets = async () =>
      (await labelled(ranger, "ranger_limits_hit_total", "limit")).sockets;
    await until(async () => {
      const more = await crowd(ranger, 200);
      clients.push(...more);
      await Promise.all(more.map((client) => client.write(request).catch(() => {})));
      return await sockets() || undefined;
    }, "one more socket than there may be");
    assert.ok(clients.length > 1032, `${clients.length} sockets`);
  } finally {
    for (const client of clients) client.close();
  }
  await until(async () => {
    await using next = await connectClient(ranger.url("/public"));
    return (await next.next()).includes("subscribed") || undefined;
  }, "a client to be served again");
});

Deno.test("start and check say when limits.connections is more than the limit on open files allows", async () => {
  const args = ["--no-auth", "--amqp-url", "amqp://127.0.0.1:1/"];
  const [file, ...first] = limited(300, program());
  for (const [connections, warns] of [["500", true], ["200", false], ["", true]] as const) {
    const flag = connections === "" ? "--limits-streams=9" : `--limits-connections=${connections}`;
    await using ranger = await startRanger({
      program: limited(300, program()),
      args: [...args, flag],
    });
    await ranger.log(({ listener }) => listener === "public");
    const warning = (line: LogLine) =>
      line.level === "warning" && line.message.includes("limit on open files");
    assert.equal(ranger.logged(warning), warns ? 1 : 0);

    for (const command of [[file, ...first], limited(300, RESTRICTED)]) {
      const { stdout } = await runProgram(command as [string, ...string[]], [
        ...["check", "--config=/dev/null", "--port=0", "--management-port=0"],
        ...args,
        flag,
      ]);
      const [line] = /^.*open files:.*$/m.exec(stdout) ?? [stdout];
      if (warns) assert.match(line, /^WARNS .*\(\d+\) leaves room for \d+ clients; right would be/);
      else assert.match(line, /^ok .*enough for 200 clients$/);
    }
  }
});
