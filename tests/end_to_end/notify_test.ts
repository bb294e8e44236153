import assert from "node:assert/strict";
import { PERMISSIONS } from "../../scripts/permissions.ts";
import { NOTIFY_SOCKETS } from "../../src/daemon/write_permission.ts";
import { randomExchange } from "../../testing/amqp.ts";
import { connectClient } from "../support/client.ts";
import { Gate } from "../../testing/gate.ts";
import { preloaded, ROOT } from "../../testing/program.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { startRanger } from "../../testing/ranger.ts";
import { temporaryFolder } from "../support/run_ranger.ts";
import { ServiceManager } from "../support/service_manager.ts";

const broker = await sharedBroker();
const NO_BROKER = ["--no-auth", "--amqp-url", "amqp://127.0.0.1:1"];

const is = (wanted: string) => (line: string) => line === wanted;
const begins = (wanted: string) => (line: string) => line.startsWith(wanted);

function abstractName(): string {
  return `@ranger-test-${crypto.randomUUID()}`;
}

Deno.test("the service manager is notified of readiness, status and shutdown", async () => {
  await using manager = new ServiceManager(abstractName());
  await using gate = new Gate(broker.url);
  await using ranger = await startRanger({
    args: ["--no-auth", "--amqp-url", gate.url, "--drain-seconds", "3"],
    env: { NOTIFY_SOCKET: manager.address },
  });
  // What waits to be ready is not told to read its configuration again, or it would count as ready.
  ranger.signal("SIGHUP");
  // A start that waits for its broker has not failed.
  await manager.told(is("EXTEND_TIMEOUT_USEC=30000000"), "to wait on");
  await manager.told(
    (line) => /^STATUS=0 clients, 0 books, no events: .*nothing/.test(line),
    "why",
  );
  assert.equal(manager.lines.includes("READY=1"), false);

  await gate.open();
  const ready = await manager.told(is("READY=1"), "that it is ready");
  assert.match(manager.lines[ready + 1] ?? "", /^STATUS=0 clients, 0 books, consuming from /);
  const client = await connectClient(ranger.url("/public"));
  await manager.told(begins("STATUS=1 client, 0 books, consuming"), "of the client", ready);
  await client.close();

  ranger.signal("SIGHUP");
  const reloading = await manager.told(is("RELOADING=1"), "that it reads its configuration", ready);
  assert.equal(manager.lines[reloading + 1], "STATUS=Reading the configuration again");
  await manager.told(is("READY=1"), "that it has read it", reloading);

  assert.equal((await ranger.stop()).code, 0);
  const end = await manager.told(is("STOPPING=1"), "that it ends", ready);
  // Longer than the drain, what may hang, and the manager's own haste.
  assert.equal(manager.lines[end + 1], "EXTEND_TIMEOUT_USEC=12500000");
  assert.equal(manager.lines[end + 2], "STATUS=Closing, 0 clients left");
  assert.equal(manager.lines.filter(is("RELOADING=1")).length, 1);
  assert.equal(manager.lines.filter(is("READY=1")).length, 2);
});

Deno.test("the status says that the last reload failed, and why, until one succeeds", async () => {
  await using folder = await temporaryFolder();
  const file = await folder.write("ranger.toml", "");
  await using manager = new ServiceManager(abstractName());
  await using ranger = await startRanger({
    args: ["--no-auth", "--amqp-url", broker.url, "--exchange", randomExchange(), "--config", file],
    env: { NOTIFY_SOCKET: manager.address },
  });
  const ready = await manager.told(is("READY=1"), "that it is ready");
  await folder.write("ranger.toml", "[limits]\nstream = 5\n");
  ranger.signal("SIGHUP");
  const failed = await manager.told(
    (line) => /^STATUS=.*; the last reload failed: .*unknown key limits\.stream;/.test(line),
    "that the reload failed",
    ready,
  );
  await folder.write("ranger.toml", "[limits]\nstreams = 5\n");
  ranger.signal("SIGHUP");
  const again = await manager.told(is("READY=1"), "that it has read the file again", failed + 1);
  assert.doesNotMatch(manager.lines[again + 1]!, /failed/);
});

Deno.test("a manager that watches gets signs of life, and none from a loop that is stuck", async () => {
  await using manager = new ServiceManager(abstractName());
  await using ranger = await startRanger({
    program: preloaded("stuck_on_signal.ts"),
    args: NO_BROKER,
    env: { NOTIFY_SOCKET: manager.address, WATCHDOG_USEC: "200000" },
  });
  const first = await manager.told(is("WATCHDOG=1"), "a sign of life");
  await manager.told(is("WATCHDOG=1"), "another", first + 1);
  ranger.signal("SIGUSR2");
  // Silence can only be waited for: five times as long as the manager would have waited.
  const heard = await silence(manager, 1000);
  assert.equal(await fetchWithin(ranger.managementUrl("/healthz"), 200), "silent");
  assert.equal(manager.lines.length, heard);
  await ranger.kill();
});

Deno.test("signs of life are given where they are asked of this process only", async () => {
  await using manager = new ServiceManager(abstractName());
  await using ranger = await startRanger({
    args: NO_BROKER,
    env: { NOTIFY_SOCKET: manager.address, WATCHDOG_USEC: "100000", WATCHDOG_PID: "1" },
  });
  await manager.told(begins("STATUS="), "how it goes");
  await silence(manager, 300);
  assert.equal(manager.lines.includes("WATCHDOG=1"), false);
  assert.equal((await ranger.stop()).code, 0);
});

Deno.test("what is built may tell by a socket that is a file, writes no other, and leaves none", async () => {
  await using folder = await temporaryFolder();
  await using manager = new ServiceManager(`${folder.path}/notify`);
  const before = [...Deno.readDirSync(folder.path)].map(({ name }) => name);
  // The same permissions, but for where the manager of the test has its socket.
  const permissions = PERMISSIONS.map((flag) => flag.replace(NOTIFY_SOCKETS[0]!, manager.address));
  const program: [string, ...string[]] = [
    Deno.execPath(),
    "run",
    "--quiet",
    "--unstable-net",
    `--config=${ROOT}deno.json`,
    ...permissions,
  ];
  {
    await using ranger = await startRanger({
      program: [...program, `${ROOT}main.ts`],
      args: ["--no-auth", "--amqp-url", broker.url],
      env: { NOTIFY_SOCKET: manager.address },
    });
    await manager.told(is("READY=1"), "that it is ready");
    assert.equal((await ranger.stop()).code, 0);
    assert.equal(ranger.logged((line) => line.message.includes("NOTIFY_SOCKET")), 0);
  }
  assert.deepEqual([...Deno.readDirSync(folder.path)].map(({ name }) => name), before);

  const left = `
    import { revokeWriting } from "${ROOT}src/daemon/write_permission.ts";
    await revokeWriting(Deno.args[0]);
    const state = async (path) => (await Deno.permissions.query({ name: "write", path })).state;
    console.log(await state("${manager.address}"), await state("/tmp"), await state(undefined));`;
  const script = `${folder.path}/left.ts`;
  await Deno.writeTextFile(script, left);
  const [file, ...args] = program;
  for (
    const [socket, expected] of [
      [manager.address, "granted prompt prompt\n"],
      ["@abstract", "prompt prompt prompt\n"],
    ] as const
  ) {
    const { stdout } = await new Deno.Command(file, { args: [...args, script, socket] }).output();
    assert.equal(new TextDecoder().decode(stdout), expected);
  }
});

for (const address of ["/nowhere/notify", "@nobody-listens", "notify"]) {
  Deno.test(`a manager that cannot be reached, at ${address}, is logged once`, async () => {
    await using ranger = await startRanger({
      args: ["--no-auth", "--amqp-url", broker.url],
      env: { NOTIFY_SOCKET: address, WATCHDOG_USEC: "20000" },
    });
    const said = (line: { message: string }) => line.message.includes("NOTIFY_SOCKET");
    const { level } = await ranger.log(said, "that it cannot be reached");
    assert.equal(level, "warning");
    await ranger.consuming();
    await using client = await connectClient(ranger.url("/public"));
    await client.next();
    assert.equal(await client.ask("ping"), "pong");
    await client.close();
    assert.equal((await ranger.stop()).code, 0);
    assert.equal(ranger.logged(said), 1);
  });
}

/** Waits until no line arrived for some time; returns the number of lines. */
async function silence(manager: ServiceManager, milliseconds: number): Promise<number> {
  while (true) {
    const before = manager.lines.length;
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    if (manager.lines.length === before) return before;
  }
}

async function fetchWithin(url: string, milliseconds: number): Promise<string> {
  try {
    return await (await fetch(url, { signal: AbortSignal.timeout(milliseconds) })).text();
  } catch {
    return "silent";
  }
}
