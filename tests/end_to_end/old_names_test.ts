import assert from "node:assert/strict";
import { freePort } from "../../testing/ports.ts";
import { startRanger } from "../../testing/ranger.ts";
import { NOT_INSTALLED, runRanger, temporaryFolder } from "../support/run_ranger.ts";

Deno.test("a setting's old name works, and the log names the new one once at start", async () => {
  await using folder = await temporaryFolder();
  const file = await folder.write("ranger.toml", "[management]\ngrace = 3\n");
  await using ranger = await startRanger({
    args: ["--no-auth", "--config", file, "--amqp-url", `amqp://127.0.0.1:${freePort()}`],
    env: { RANGER_STREAMS_REPLAY: "7" },
  });
  const warning = await ranger.log(
    ({ message }) => message.includes("management.grace"),
    "a warning about management.grace",
  );
  assert.equal(warning.level, "warning");
  assert.equal(
    warning.message,
    `file ${file}: management.grace is the old name of management.broker_grace, which still ` +
      "works; please use management.broker_grace",
  );
  await ranger.log(
    ({ message }) => message.includes("RANGER_STREAMS_REPLAY is the old name of"),
    "a warning about RANGER_STREAMS_REPLAY",
  );
  ranger.signal("SIGHUP");
  await ranger.log(({ message }) => message.startsWith("read the settings"), "the reload");
  assert.equal(ranger.logged(({ message }) => message.includes("is the old name of")), 2);
});

Deno.test("check shows a setting under its new name, and notes the old one", async () => {
  await using folder = await temporaryFolder();
  const file = await folder.write("ranger.toml", "[server]\ndrain = 4\n");
  const { stdout } = await runRanger([
    ...[
      "check",
      ...NOT_INSTALLED,
      "--no-auth",
      "--config",
      file,
      "--amqp-url",
      `amqp://127.0.0.1:${freePort()}`,
    ],
    ...["--host", "127.0.0.1", "--port", "0", "--management-port", "0", "--streams-replay", "9"],
  ]);
  assert.match(stdout, new RegExp(`^server\\.drain_seconds +4 +file ${file}$`, "m"));
  assert.match(stdout, /^streams\.replay_increments +9 +flag --streams-replay$/m);
  assert.doesNotMatch(stdout, /^(server\.drain|streams\.replay) /m);
  assert.ok(
    stdout.includes(
      `\nnote   file ${file}: server.drain is the old name of server.drain_seconds\n`,
    ),
    stdout,
  );
});
