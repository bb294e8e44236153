/** The way back to a version that does not know all settings of the file. */
import assert from "node:assert/strict";
import { startRanger } from "../../testing/ranger.ts";
import { entryOf, NOWHERE, refusal } from "../support/loading.ts";
import { NOT_INSTALLED, runRanger, temporaryFolder } from "../support/run_ranger.ts";

/** A file with a setting and a section of a version to come, and one that is known. */
const NEWER = "[limits]\nstreams = 7\nstreams_per_user = 9\n[cache]\nbytes = 1\n";
const UNKNOWN = [
  /unknown key limits\.streams_per_user/,
  /unknown section \[cache\]/,
];
const HINT =
  /\nSettings of a newer version are ignored with --ignore-unknown or RANGER_IGNORE_UNKNOWN=true\.$/;

Deno.test("unknown settings are refused, with the way to ignore them", async () => {
  await using folder = await temporaryFolder();
  const options = { ...NOWHERE, defaultFile: await folder.write("ranger.toml", NEWER) };
  const message = await refusal([], {}, options);
  for (const problem of [...UNKNOWN, HINT]) assert.match(message, problem);
  // What has nothing to do with it is said without.
  assert.doesNotMatch(await refusal(["--port=http"]), /newer version/);
});

Deno.test("where they are ignored, the others are in force, and mistakes in those are refused", async () => {
  await using folder = await temporaryFolder();
  const file = await folder.write("ranger.toml", NEWER);
  const options = { ...NOWHERE, defaultFile: file };
  const environment = { RANGER_IGNORE_UNKNOWN: "yes", RABBITMQ_SECRET_FILE: "/run/secrets/x" };
  for (const [args, variables] of [[["--ignore-unknown"], {}], [[], environment]] as const) {
    const { shown, source } = await entryOf("limits.streams", args, variables, options);
    assert.deepEqual([shown, source], ["7", `file ${file}`]);
  }
  await folder.write("ranger.toml", `${NEWER}[server]\nport = "http"\n`);
  const message = await refusal([], environment, options);
  assert.match(message, /^server\.port, from file .*"http" is not a whole number/);
  assert.match(
    await refusal([], { RANGER_IGNORE_UNKNOWN: "maybe" }),
    /^environment RANGER_IGNORE_UNKNOWN is neither true nor false; expected true or false$/,
  );
  // A flag is of the command line, which is of the version that runs.
  assert.match(
    await refusal(["--ignore-unknown", "--limits-streams-per-user=9"]),
    /unknown flag/,
  );
});

Deno.test("serve starts and reloads with them, and warns of each; check shows them", async () => {
  await using folder = await temporaryFolder();
  const file = await folder.write("ranger.toml", NEWER);
  const away = ["--no-auth", "--config", file, "--amqp-url", "amqp://127.0.0.1:1/"];
  await using ranger = await startRanger({ args: away, env: { RANGER_IGNORE_UNKNOWN: "1" } });
  const warned = (problem: RegExp) =>
    ranger.log((line) => line.level === "warning" && problem.test(String(line.problem)));
  for (const problem of UNKNOWN) assert.match((await warned(problem)).message, /; it is ignored/);
  await folder.write("ranger.toml", `${NEWER}[log]\ncolour = 3\n`);
  ranger.signal("SIGHUP");
  await warned(/unknown key log\.colour/);
  await ranger.log((line) => line.message.startsWith("read the settings and keys again"));

  const checked = await runRanger([
    ...["check", "--files-only", "--ignore-unknown", ...NOT_INSTALLED],
    ...away,
  ]);
  assert.equal(checked.code, 0, checked.output);
  assert.match(checked.stdout, /^note +file .*: unknown section \[cache\].*; it is ignored$/m);
  const refused = await runRanger(["check", "--files-only", ...NOT_INSTALLED, ...away]);
  assert.equal(refused.code, 78);
  assert.match(refused.stderr.trimEnd(), HINT);
});
