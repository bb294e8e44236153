import assert from "node:assert/strict";
import { build } from "../support/built.ts";
import { type Outcome, ROOT, runProgram } from "../../testing/program.ts";
import { temporaryFolder } from "../support/run_ranger.ts";

const INSTALLED = [
  "etc/ranger/ranger.toml",
  "usr/local/bin/ranger",
  "usr/local/lib/ranger/deno",
  "usr/local/lib/ranger/ranger",
  "usr/local/lib/ranger/ranger.js",
  "usr/local/lib/sysctl.d/60-ranger.conf",
  "usr/local/lib/systemd/system/ranger.service",
  "usr/local/lib/systemd/system/ranger.target",
  "usr/local/lib/systemd/system/ranger@.service",
  "usr/local/lib/sysusers.d/ranger.conf",
  "usr/local/share/bash-completion/completions/ranger",
  "usr/local/share/doc/ranger/LICENSE",
  "usr/local/share/doc/ranger/NOTICE",
  "usr/local/share/fish/vendor_completions.d/ranger.fish",
  "usr/local/share/man/man1/ranger.1",
  "usr/local/share/ranger/README.md",
  "usr/local/share/ranger/grafana/ranger.json",
  "usr/local/share/ranger/opentelemetry/collector.yml",
  "usr/local/share/ranger/prometheus/ranger.rules.test.yml",
  "usr/local/share/ranger/prometheus/ranger.rules.yml",
  "usr/local/share/ranger/systemd/privileged-port.conf.example",
  "usr/local/share/zsh/site-functions/_ranger",
];

Deno.test("what make install puts in place runs, and make uninstall takes it away", async () => {
  await using folder = await temporaryFolder();
  await using destination = await temporaryFolder();
  assert.equal((await build("tree", folder.path)).code, 0);
  const places = [`DIST=${folder.path}`, `DESTDIR=${destination.path}`];

  const installed = await make("install", ...places);
  succeeds(installed);
  assert.ok(installed.stdout.includes(`${destination.path}/usr/local/bin/ranger\n`));
  assert.ok(installed.stdout.includes(`${destination.path}/etc/ranger/ranger.toml\n`));
  assert.deepEqual(files(destination.path), INSTALLED);
  // By its link in bin, from elsewhere.
  const { code, stdout } = await runProgram(
    [`${destination.path}/usr/local/bin/ranger`],
    ["version"],
    { cwd: destination.path },
  );
  assert.equal(code, 0);
  assert.match(stdout, /^ranger \d/);
  const share = `${destination.path}/usr/local/share`;
  const page = await Deno.readTextFile(`${share}/man/man1/ranger.1`);
  assert.match(page, /^\.TH RANGER 1 /);
  const bash = await Deno.readTextFile(`${share}/bash-completion/completions/ranger`);
  assert.match(bash, /\ncomplete -F _ranger ranger\n$/);

  // Again, over what is there.
  succeeds(await make("install", ...places));
  assert.deepEqual(files(destination.path), INSTALLED);

  succeeds(await make("uninstall", ...places));
  assert.deepEqual(files(destination.path), []);
});

Deno.test("a configuration that was changed outlives a new install and an uninstall", async () => {
  await using folder = await temporaryFolder();
  // Any file that can be executed does for a program here.
  await Deno.chmod(await folder.write("ranger", "#!/bin/sh\n"), 0o755);
  await using destination = await temporaryFolder();
  const places = [
    `DIST=${folder.path}`,
    `DESTDIR=${destination.path}`,
    "PREFIX=/opt/ranger",
    "UNITDIR=/units",
    "SYSCONFDIR=/settings",
  ];
  const configuration = `${destination.path}/settings/ranger/ranger.toml`;
  succeeds(await make("install", ...places));
  assert.deepEqual(files(destination.path), [
    "opt/ranger/bin/ranger",
    "opt/ranger/lib/sysctl.d/60-ranger.conf",
    "opt/ranger/lib/sysusers.d/ranger.conf",
    "opt/ranger/share/doc/ranger/LICENSE",
    "opt/ranger/share/doc/ranger/NOTICE",
    "opt/ranger/share/ranger/README.md",
    "opt/ranger/share/ranger/grafana/ranger.json",
    "opt/ranger/share/ranger/opentelemetry/collector.yml",
    "opt/ranger/share/ranger/prometheus/ranger.rules.test.yml",
    "opt/ranger/share/ranger/prometheus/ranger.rules.yml",
    "opt/ranger/share/ranger/systemd/privileged-port.conf.example",
    "settings/ranger/ranger.toml",
    "units/ranger.service",
    "units/ranger.target",
    "units/ranger@.service",
  ]);
  await Deno.writeTextFile(configuration, "[server]\nport = 9000\n");
  succeeds(await make("install", ...places));
  const { stdout } = succeeds(await make("uninstall", ...places));
  assert.match(stdout, /settings\/ranger\/ranger\.toml was changed and stays/);
  assert.deepEqual(files(destination.path), ["settings/ranger/ranger.toml"]);
  assert.equal(await Deno.readTextFile(configuration), "[server]\nport = 9000\n");
});

Deno.test("make install says what to do where nothing is built", async () => {
  await using folder = await temporaryFolder();
  await using destination = await temporaryFolder();
  const { code, stderr } = await make(
    "install",
    `DIST=${folder.path}`,
    `DESTDIR=${destination.path}`,
  );
  assert.notEqual(code, 0);
  assert.match(stderr, /make build/);
  assert.match(stderr, /make build-tree/);
});

function make(...args: string[]): Promise<Outcome> {
  return runProgram(["make"], ["--no-print-directory", "-C", ROOT, ...args]);
}

function succeeds(outcome: Outcome): Outcome {
  assert.equal(outcome.code, 0, outcome.stderr);
  return outcome;
}

/** Every file and link beneath the folder, by its path from there. */
function files(folder: string, prefix = ""): string[] {
  return [...Deno.readDirSync(`${folder}/${prefix}`)].flatMap((entry) =>
    entry.isDirectory ? files(folder, `${prefix}${entry.name}/`) : [`${prefix}${entry.name}`]
  ).sort();
}
