import assert from "node:assert/strict";
import { amqp, connectPublisher, randomExchange } from "../../testing/amqp.ts";
import { freePort } from "../../testing/ports.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { startRanger } from "../../testing/ranger.ts";
import { NOT_INSTALLED, type Outcome, runRanger, temporaryFolder } from "../support/run_ranger.ts";

const broker = await sharedBroker();

/** Flags that keep every trial but the one under test from failing. */
const FREE = ["--host", "127.0.0.1", "--port", "0", "--management-port", "0", ...NOT_INSTALLED];

/** Runs `ranger check` with a configuration file, so that the default one is not read. */
async function check(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  toml = "",
): Promise<Outcome & { file: string }> {
  await using folder = await temporaryFolder();
  const file = await folder.write("ranger.toml", toml);
  const outcome = await runRanger(["check", ...FREE, ...args], {
    RANGER_CONFIG: file,
    RANGER_AMQP_URL: broker.url,
    ...environment,
  });
  return { ...outcome, file };
}

/** The rest of the line that begins so. */
function line(outcome: Outcome, start: string): string {
  const found = outcome.stdout.split("\n").find((one) => one.startsWith(start));
  return found?.slice(start.length).trim().replace(/ {2,}/g, "  ") ??
    assert.fail(`no line ${start} in\n${outcome.output}`);
}

Deno.test("check lists problems before what is right, and defaults only when asked", async () => {
  const args = ["--no-auth", "--files-only", "--amqp-ca", "/nowhere/ca.pem"];
  const brief = await check(args);
  assert.doesNotMatch(brief.stdout, / default$/m);
  assert.match(line(brief, "FAILS  broker:"), /^amqp\.ca, from flag --amqp-ca: /);
  assert.match(brief.stdout, /^\d+ settings have their defaults \(--verbose shows them\)$/m);
  const marks = [...brief.stdout.matchAll(/^(FAILS|WARNS|ok {3}) {2}/gm)].map(([, mark]) => mark);
  assert.deepEqual([marks[0], marks.at(-1), marks.lastIndexOf("FAILS")], ["FAILS", "ok   ", 0]);
  const verbose = await check([...args, "--verbose"]);
  assert.equal(line(verbose, "limits.unsent_bytes "), "1048576  default");
});

Deno.test("check shows each setting with the source that decided it", async () => {
  const outcome = await check(
    ["--no-auth", "--limits-streams", "7", "--rbac", "audit=one,two"],
    { JWT_ISSUER: "barong", LOG_LEVEL: "WARN", RABBITMQ_HOST: "127.0.0.1" },
    '[limits]\nstreams = 5\nmessage_bytes = 9999\n[log]\nlevel = "debug"\n',
  );
  assert.equal(line(outcome, "configuration file:"), outcome.file);
  assert.equal(line(outcome, "limits.streams "), "7  flag --limits-streams");
  assert.equal(line(outcome, "limits.message_bytes "), `9999  file ${outcome.file}`);
  assert.equal(line(outcome, "log.level "), "warning  environment LOG_LEVEL");
  assert.equal(line(outcome, "auth.issuer "), "barong  environment JWT_ISSUER");
  assert.equal(line(outcome, "auth.enabled "), "false  flag --no-auth");
  assert.equal(line(outcome, "rbac.audit "), "one, two  flag --rbac");
  assert.equal(outcome.code, 0, outcome.output);
});

Deno.test("check and serve warn of a variable that belongs to no setting", async () => {
  const said = /environment RANGER_PRT: .* belongs to no setting .*; did you mean RANGER_PORT\?/;
  const outcome = await check(["--no-auth"], { RANGER_PRT: "8080" });
  assert.match(line(outcome, "WARNS  environment:"), said);
  assert.equal(outcome.code, 0, outcome.output);
  const env = { RANGER_PRT: "8080", RANGER_FUZZ_TIMES: "2" };
  await using ranger = await startRanger({
    args: ["--no-auth", "--amqp-url", broker.url, "--exchange", randomExchange()],
    env,
  });
  await ranger.log(({ message }) => said.test(message), "the warning");
  assert.equal(ranger.logged(({ message }) => message.includes("belongs to no setting")), 1);
});

Deno.test("check finds key, broker and ports right, and changes nothing", async () => {
  await using folder = await temporaryFolder();
  const made = await runRanger(["keygen", "--type", "ed25519", "--out", `${folder.path}/jwt`]);
  assert.equal(made.code, 0, made.output);
  const exchange = randomExchange();
  const outcome = await check([
    "--jwt-public-key",
    `${folder.path}/jwt.pub`,
    "--exchange",
    exchange,
  ]);
  assert.match(line(outcome, "ok     key:"), /^Ed25519, verifies EdDSA, sha256:[0-9a-f]{64}$/);
  assert.match(
    line(outcome, "ok     broker:"),
    /^connected; exchange .* does not exist: it will be/,
  );
  assert.equal(line(outcome, "ok     server:"), "127.0.0.1:0 is free");
  assert.match(outcome.stdout, /\nRanger would run with these settings\.\n$/);
  assert.equal(outcome.code, 0, outcome.output);

  const { client, channel } = await amqp(broker.url);
  const gone = new Promise((resolve) => client.socket?.once("close", resolve));
  await assert.rejects(channel.exchangeDeclare(exchange, "topic", { passive: true }), /404/);
  await client.close();
  await gone;
});

Deno.test("check finds an existing exchange", async () => {
  await using publisher = await connectPublisher(broker.url, randomExchange());
  const outcome = await check(["--no-auth", "--exchange", publisher.exchange]);
  assert.equal(
    line(outcome, "ok     broker:"),
    `connected; exchange ${publisher.exchange} exists; a queue was declared, bound, consumed ` +
      "and deleted",
  );
});

Deno.test("check says when the broker refuses, and never shows the password", async () => {
  const password = "hunter2-is-no-password";
  const outcome = await check(["--no-auth"], { RABBITMQ_PASSWORD: password });
  assert.match(line(outcome, "FAILS  broker:"), /^the broker refused user or password/);
  assert.equal(line(outcome, "amqp.password "), "***  environment RABBITMQ_PASSWORD");
  assert.match(line(outcome, "amqp.url "), /^amqp:\/\/guest:\*\*\*@/);
  assert.ok(!outcome.output.includes(password), outcome.output);
  assert.equal(outcome.code, 69);

  const vhost = await check(["--no-auth", "--amqp-vhost", "nowhere"]);
  assert.match(line(vhost, "FAILS  broker:"), /virtual host cannot be used.*is amqp\.vhost right/);
  assert.equal(vhost.code, 69);
});

Deno.test("no password appears in any output, wherever it is given", async () => {
  const password = "hunter2/@? #x";
  const url = `amqp://ann:${encodeURIComponent(password)}@127.0.0.1:${freePort()}/`;
  const runs = await Promise.all([
    check(["--no-auth", "--amqp-url", url]),
    check(["--no-auth", "--amqp-password", password, "--amqp-port", String(freePort())]),
    check(["--no-auth"], { RANGER_AMQP_URL: url }),
    check(["--no-auth"], { RANGER_AMQP_URL: "" }, `[amqp]\nurl = "${url}"\n`),
    check(["--no-auth", "--amqp-url", `amqp://ann:${password}@127.0.0.1`]),
    check(["--no-auth"], {}, `[amqp]\npassword = ${password}\n`),
    check(["--no-auth", "--amqp-pasword", password]),
    check([`amqp://ann:${password}@127.0.0.1`]),
    runRanger([`amqp://ann:${password}@127.0.0.1`]),
  ]);
  assert.deepEqual(runs.map(({ code }) => code), [69, 69, 69, 69, 78, 78, 78, 78, 78]);
  for (const { output } of runs) assert.ok(!output.includes("hunter2"), output);
});

Deno.test("check says when the broker is unreachable", async () => {
  const outcome = await check(["--no-auth", "--amqp-port", String(freePort())]);
  assert.match(line(outcome, "FAILS  broker:"), /^nothing listens there; is RabbitMQ started/);
  assert.match(outcome.stdout, /\nRanger would start, but not work: see what FAILS above\.\n$/);
  assert.equal(outcome.code, 69);
});

Deno.test("check says when the peer is not a broker", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const answering = (async () => {
    using connection = await listener.accept();
    await connection.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
    await connection.closeWrite();
    // Until the other side has hung up.
    while (await connection.read(new Uint8Array(1024)).catch(() => null) !== null);
  })();
  const outcome = await check(["--no-auth", "--amqp-port", String(listener.addr.port)]);
  await answering;
  assert.match(line(outcome, "FAILS  broker:"), /^Connection ended; is that RabbitMQ's AMQP port/);
  assert.equal(outcome.code, 69);
});

Deno.test("check says which port is in use, and by which flag to take another", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  await using folder = await temporaryFolder();
  const empty = await folder.write("ranger.toml", "");
  const environment = { RANGER_CONFIG: empty, RANGER_AMQP_URL: broker.url };
  for (const [name, flag] of [["server", "--port"], ["management", "--management-port"]] as const) {
    const others = FREE.flatMap((part, index) =>
      part === flag || FREE[index - 1] === flag ? [] : [part]
    );
    const outcome = await runRanger(
      ["check", "--no-auth", ...others, flag, String(port)],
      environment,
    );
    const said = line(outcome, `FAILS  ${name}:`);
    assert.ok(
      said.includes(`127.0.0.1:${port} is in use; is Ranger already running? ${flag} sets`),
    );
    assert.equal(outcome.code, 69);
  }
});

Deno.test("check says what is wrong with the key, and never shows a private one", async () => {
  await using folder = await temporaryFolder();
  const made = await runRanger(["keygen", "--type", "ed25519", "--out", `${folder.path}/jwt`]);
  assert.equal(made.code, 0, made.output);
  const pem = await Deno.readTextFile(`${folder.path}/jwt.key`);
  const body = pem.split("\n")[1] ?? "";
  assert.ok(body.length > 20);

  for (const given of [`${folder.path}/jwt.key`, pem, btoa(pem)]) {
    const outcome = await check([], { JWT_PUBLIC_KEY: given });
    assert.match(line(outcome, "FAILS  key:"), /private key/);
    assert.ok(!outcome.output.includes(body) && !outcome.output.includes(btoa(pem).slice(0, 60)));
    assert.match(outcome.stdout, /\nRanger would not start with these settings\.\n$/);
    assert.equal(outcome.code, 78);
  }
  const missing = await check([]);
  assert.match(line(missing, "FAILS  key:"), /ranger keygen.*--no-auth/);
  assert.equal(missing.code, 78);
  const mistaken = await check(["--jwt-public-key", `${folder.path}/none.pub`]);
  assert.match(
    line(mistaken, "FAILS  key:"),
    /auth\.public_key, from .*: there is no file .*none\.pub/,
  );
  const unfit = await check([
    "--jwt-public-key",
    `${folder.path}/jwt.pub`,
    "--jwt-algorithm=RS256",
  ]);
  assert.match(line(unfit, "FAILS  key:"), /auth\.algorithm, from flag .*: is "RS256"/);
});
