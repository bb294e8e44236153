import assert from "node:assert/strict";
import { amqp, randomExchange } from "../../testing/amqp.ts";
import { freePort } from "../../testing/ports.ts";
import { ROOT, runProgram } from "../../testing/program.ts";
import { fileBroker } from "../../testing/rabbitmq.ts";
import { startRanger } from "../../testing/ranger.ts";
import { type Outcome, runRanger, temporaryFolder } from "../support/run_ranger.ts";

const broker = await fileBroker();

const FREE = ["--host=127.0.0.1", "--port=0", "--management-port=0"];

/** The rest of the lines that begin so. */
function lines(outcome: Outcome, start: string): string[] {
  return outcome.stdout.split("\n").filter((line) => line.startsWith(start))
    .map((line) => line.slice(start.length).trim().replace(/ {2,}/g, "  "));
}

/** A service in a temporary folder: what `make install` puts in place, and what a test adds. */
async function installService() {
  const folder = await temporaryFolder();
  const { path } = folder;
  // systemd starts services in /, and users other than this one have to get here.
  await Deno.chmod(path, 0o755);
  await Deno.chmod(await folder.write("ranger", "#!/bin/sh\n"), 0o755);
  const places = [`DIST=${path}`, `PREFIX=${path}/usr`, `SYSCONFDIR=${path}/etc`];
  const installed = await runProgram(["make"], [
    "--no-print-directory",
    "-C",
    ROOT,
    "install",
    ...places,
  ]);
  assert.equal(installed.code, 0, installed.stderr);
  const unit = `${path}/usr/lib/systemd/system/ranger.service`;
  const dropIns = `${unit}.d`;
  await Deno.mkdir(dropIns);
  // The folder is in /tmp, which the unit hides, and the user ranger may not exist.
  await Deno.writeTextFile(`${dropIns}/10-test.conf`, "[Service]\nPrivateTmp=no\nUser=nobody\n");
  const configuration = `${path}/etc/ranger`;
  return {
    path,
    unit,
    configuration,
    dropIn: (name: string, text: string) => Deno.writeTextFile(`${dropIns}/${name}`, text),
    write: (name: string, text: string, mode = 0o644) =>
      Deno.writeTextFile(`${configuration}/${name}`, text, { mode }),
    check: (args: readonly string[] = [], environment: Record<string, string> = {}) =>
      runRanger(["check", "--unit", unit, ...FREE, ...args], environment),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

Deno.test("check reads the environment that the unit gives the service, and none other", async () => {
  await using service = await installService();
  const { unit, configuration } = service;
  await service.write("ranger.toml", '[limits]\nstreams = 7\n[log]\nlevel = "warning"\n');
  await service.write(
    "ranger.env",
    `# secrets\nRANGER_AMQP_URL="${broker.url}"\nLOG_LEVEL=debug\n`,
    0o600,
  );
  const outcome = await service.check(["--no-auth"], {
    RABBITMQ_HOST: "not-seen-by-the-service",
    LOG_LEVEL: "error",
  });
  assert.deepEqual(lines(outcome, "configuration file:"), [`${configuration}/ranger.toml`]);
  assert.deepEqual(lines(outcome, "environment file:"), [`${configuration}/ranger.env`]);
  assert.deepEqual(lines(outcome, "service:"), [`${unit}, user nobody`]);
  assert.deepEqual(lines(outcome, "limits.streams "), [`7  file ${configuration}/ranger.toml`]);
  assert.deepEqual(lines(outcome, "log.level "), [
    `debug  environment LOG_LEVEL, set in ${configuration}/ranger.env`,
  ]);
  assert.match(lines(outcome, "ok     broker:")[0] ?? "", /^connected; /);
  assert.equal(outcome.code, 0, outcome.output);

  const other = `${service.path}/other.env`;
  await Deno.writeTextFile(other, "LOG_LEVEL=fatal\n");
  const overridden = await service.check([
    "--no-auth",
    "--files-only",
    "--environment-file",
    other,
  ]);
  assert.deepEqual(lines(overridden, "log.level "), [
    `fatal  environment LOG_LEVEL, set in ${other}`,
  ]);
  const missing = await service.check(["--files-only", "--environment-file", `${other}.none`]);
  assert.match(missing.stderr, /--environment-file .*other\.env\.none does not exist/);
  assert.equal(missing.code, 78);
});

Deno.test("check names files that the service's user may not read", async () => {
  await using service = await installService();
  const { configuration } = service;
  const made = await runRanger(["keygen", "--type=ed25519", `--out=${configuration}/jwt`]);
  assert.equal(made.code, 0, made.output);
  const key = `${configuration}/jwt.pub`;
  await service.write("ranger.toml", `[auth]\npublic_key = "${key}"\n`);
  const check = () => service.check(["--files-only"]);
  await Deno.chmod(key, 0o644);
  const right = await check();
  assert.deepEqual(lines(right, "ok     files:"), ["the user nobody may read them"]);
  assert.match(right.stdout, /\nSettings and files are right\. Broker and ports were not tried/);
  assert.equal(right.code, 0, right.output);

  await Deno.chmod(key, 0o600);
  const refused = await check();
  const [problem = "", ...others] = lines(refused, "FAILS  files:");
  assert.ok(
    problem.startsWith(
      `auth.public_key ${key}: the user nobody may not read it: ${key} belongs to `,
    ),
    problem,
  );
  assert.match(problem, / and has mode 0600; expected group \S+ and mode 0640 /);
  assert.deepEqual(others, []);
  // The key itself is right, and can be read by the user who runs the check.
  assert.equal(lines(refused, "ok     key:").length, 1);
  assert.match(refused.stdout, /\nRanger would not start with these settings\.\n$/);
  assert.equal(refused.code, 78);

  await Deno.chmod(key, 0o644);
  await Deno.chmod(configuration, 0o700);
  const hidden = await check();
  assert.deepEqual(
    lines(hidden, "FAILS  files:").map((line) =>
      / may not read it: the folder (\S+)/.exec(line)?.[1]
    ),
    [configuration, configuration],
  );

  await Deno.chmod(configuration, 0o755);
  await service.dropIn("20-test.conf", "[Service]\nPrivateTmp=yes\n");
  const unseen = await check();
  assert.match(
    lines(unseen, "FAILS  files:")[1] ?? "",
    /^auth\.public_key .*does not see \/tmp \(/,
  );
  await service.dropIn("20-test.conf", "[Service]\nUser=ranger-of-nowhere\n");
  const nobody = await check();
  assert.match(
    lines(nobody, "FAILS  user:")[0] ?? "",
    /ranger-of-nowhere, which does not exist; systemd-sysusers/,
  );
});

/** A port below 1024 that nothing listens on. */
function privilegedPort(): number {
  for (let port = 1023; port > 512; port--) {
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (error instanceof Deno.errors.PermissionDenied) return port;
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  throw new Error("no port below 1024 is free");
}

Deno.test("a port below 1024: check names what the unit lacks, and the installed drop-in provides it", async () => {
  await using service = await installService();
  await service.write("ranger.env", `RANGER_AMQP_URL=${broker.url}\n`);
  const port = privilegedPort();
  const check = () =>
    runRanger([
      "check",
      "--unit",
      service.unit,
      "--no-auth",
      "--host=127.0.0.1",
      `--port=${port}`,
      "--management-port=0",
    ]);
  const refused = await check();
  const [problem = ""] = lines(refused, "FAILS  server:");
  assert.ok(
    problem.startsWith(
      `127.0.0.1:${port} is a privileged port, and ranger.service may not listen there because ` +
        "of AmbientCapabilities, CapabilityBoundingSet, PrivateUsers; ",
    ),
    problem,
  );
  assert.match(
    problem,
    /AmbientCapabilities=CAP_NET_BIND_SERVICE, CapabilityBoundingSet=CAP_NET_BIND_SERVICE and PrivateUsers=no/,
  );
  assert.equal(refused.code, 69);

  const example = `${service.path}/usr/share/ranger/systemd/privileged-port.conf.example`;
  await service.dropIn("privileged-port.conf", await Deno.readTextFile(example));
  const allowed = await check();
  assert.deepEqual(lines(allowed, "FAILS  server:"), []);
  assert.ok(
    lines(allowed, "ok     server:")[0]?.startsWith(`127.0.0.1:${port} is `),
    allowed.output,
  );

  await service.dropIn(
    "privileged-port.conf",
    "[Service]\nAmbientCapabilities=CAP_NET_BIND_SERVICE\n",
  );
  const [incomplete = ""] = lines(await check(), "FAILS  server:");
  assert.match(incomplete, /because of CapabilityBoundingSet, PrivateUsers; /);
});

Deno.test("check with --files-only needs neither broker nor ports", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using folder = await temporaryFolder();
  const config = await folder.write("ranger.toml", "");
  const away = [`--amqp-port=${freePort()}`, `--port=${taken.addr.port}`, "--unit=none"];
  const outcome = await runRanger([
    "check",
    "--files-only",
    "--no-auth",
    `--config=${config}`,
    ...away,
  ]);
  assert.equal(outcome.code, 0, outcome.output);
  assert.doesNotMatch(outcome.stdout, /broker:|server:|FAILS/);
  const broken = await runRanger([
    "check",
    "--files-only",
    `--config=${config}`,
    "--jwt-public-key=/none.pub",
  ]);
  assert.match(lines(broken, "FAILS  key:")[0] ?? "", /there is no file \/none\.pub/);
  assert.equal(broken.code, 78);
});

Deno.test("check declares, binds and consumes a queue on the broker, and leaves nothing there", async () => {
  const exchange = randomExchange();
  const { client, channel } = await amqp(broker.url);
  await channel.exchangeDeclare(exchange, "topic", { durable: false });
  const gone = new Promise((resolve) => client.socket?.once("close", resolve));
  try {
    const outcome = await runRanger([
      "check",
      "--unit=none",
      "--no-auth",
      "--config=/dev/null",
      ...FREE,
      `--amqp-url=${broker.url}`,
      `--exchange=${exchange}`,
    ]);
    assert.deepEqual(lines(outcome, "ok     broker:"), [
      `connected; exchange ${exchange} exists; a queue was declared, bound, consumed and deleted`,
    ]);
    assert.equal(await broker.ctl("list_queues", "name"), "");
    const bindings = await broker.ctl("list_bindings", "source_name");
    assert.ok(!bindings.includes(exchange), bindings);
  } finally {
    await channel.exchangeDelete(exchange);
    await client.close();
    await gone;
  }
});

Deno.test("a password that is a credential of systemd: serve reads it, and check reads the unit's file", async () => {
  await using service = await installService();
  await broker.ctl("add_user", "of-credential", "s3cret");
  await broker.ctl("set_permissions", "of-credential", ".*", ".*", ".*");
  const reference = "$CREDENTIALS_DIRECTORY/rabbitmq";
  const environment = { RANGER_AMQP_URL: broker.url, RABBITMQ_USER: "of-credential" };
  const lines = Object.entries({ ...environment, RABBITMQ_PASSWORD_FILE: reference });
  await service.write("ranger.env", lines.map(([name, value]) => `${name}=${value}\n`).join(""));
  // The service's user may not read it: systemd does, as root.
  await service.write("rabbitmq", "s3cret\n", 0o600);

  const without = await service.check(["--no-auth"]);
  assert.match(
    without.stderr,
    /amqp\.password, from environment RABBITMQ_PASSWORD_FILE, set in .*ranger\.env: .* is a credential.*LoadCredential=rabbitmq:PATH/,
  );
  assert.equal(without.code, 78);
  const file = `${service.configuration}/rabbitmq`;
  await service.dropIn("credential.conf", `[Service]\nLoadCredential=rabbitmq:${file}\n`);
  const outcome = await service.check(["--no-auth"]);
  assert.match(outcome.stdout, /^ok +broker: connected; /m, outcome.output);
  assert.match(outcome.stdout, /^ok +files: /m);
  assert.equal(outcome.code, 0, outcome.output);
  assert.ok(!outcome.output.includes("s3cret"));

  // As systemd provides the credential.
  await using credentials = await temporaryFolder();
  await credentials.write("rabbitmq", "s3cret\n");
  await using ranger = await startRanger({
    args: ["--no-auth", "--exchange", randomExchange()],
    env: {
      ...environment,
      CREDENTIALS_DIRECTORY: credentials.path,
      RABBITMQ_PASSWORD_FILE: reference,
    },
  });
  await ranger.consuming();
  assert.ok(!ranger.stderr.includes("s3cret"));
});
