import assert from "node:assert/strict";
import { findExecutable } from "../../testing/executables.ts";
import { ROOT, runProgram } from "../../testing/program.ts";
import { startRanger } from "../../testing/ranger.ts";
import { temporaryFolder } from "../support/run_ranger.ts";

const analyze = findExecutable("systemd-analyze", ["/usr/bin", "/bin"]);
if (analyze === undefined) {
  console.log("systemd-analyze is not installed: the units are not verified");
}

/** `systemd-analyze security` counts in tenths: 2.0. */
const EXPOSURE = 20;

Deno.test({
  name: "the installed units are valid, and exposed no more than 2.0",
  // Said above: there is nothing to verify it with.
  ignore: analyze === undefined,
  async fn() {
    await using folder = await temporaryFolder();
    // What the units start has to be there, and nothing more is asked of it.
    await Deno.chmod(await folder.write("ranger", "#!/bin/sh\n"), 0o755);
    const installed = await runProgram(["make"], [
      "--no-print-directory",
      "-C",
      ROOT,
      "install",
      `DIST=${folder.path}`,
      `PREFIX=${folder.path}/usr`,
      `SYSCONFDIR=${folder.path}/etc`,
    ]);
    assert.equal(installed.code, 0, installed.stderr);
    const units = `${folder.path}/usr/lib/systemd/system`;
    // A template is asked about by one of its instances.
    await Deno.symlink("ranger@.service", `${units}/ranger@12.service`);
    const names = ["ranger.service", "ranger@12.service", "ranger.target"];
    // With the drop-in for ports below 1024, which one of them gets.
    const example = `${folder.path}/usr/share/ranger/systemd/privileged-port.conf.example`;
    await Deno.mkdir(`${units}/ranger@12.service.d`);
    await Deno.copyFile(example, `${units}/ranger@12.service.d/privileged-port.conf`);

    for (const name of names) {
      const unit = `${units}/${name}`;
      assert.doesNotMatch(await Deno.readTextFile(unit), /@[A-Z_]+@/);
      const verified = await runProgram([analyze ?? ""], ["verify", "--man=no", unit]);
      assert.equal(verified.code, 0, verified.stderr);
      const said = verified.stderr.split("\n").filter((line) => /ranger[@.]/.test(line));
      assert.deepEqual(said, [], `warnings about ${name}`);
      if (name.endsWith(".target")) continue;

      const security = await runProgram([analyze ?? ""], [
        "security",
        "--offline=true",
        `--threshold=${EXPOSURE}`,
        "--no-pager",
        unit,
      ]);
      assert.equal(security.code, 0, security.stdout + security.stderr);
      assert.match(security.stdout, /Overall exposure level for ranger\S+: [0-2]\./);
    }
  },
});

Deno.test("the example configuration is current, and Ranger starts with it", async () => {
  const { code, stderr } = await runProgram(
    [Deno.execPath(), "run", "-A", `${ROOT}scripts/example_configuration.ts`],
    ["--check"],
  );
  assert.equal(code, 0, stderr);
  await using ranger = await startRanger({
    args: [
      "--no-auth",
      "--config",
      `${ROOT}systemd/ranger.toml`,
      "--amqp-url",
      "amqp://127.0.0.1:1/",
    ],
  });
  assert.equal((await ranger.stop()).code, 0, ranger.stderr);
});
