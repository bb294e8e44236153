/** What `ranger check` says of the kernel's limit on connections that wait to be accepted. */
import assert from "node:assert/strict";
import { findExecutable } from "../../testing/executables.ts";
import { program, ROOT, runProgram } from "../../testing/program.ts";

const unshare = findExecutable("unshare", ["/usr/bin", "/bin"]) ?? "unshare";
// Root, or a user namespace where the machine lets users have one.
const UNSHARE = Deno.uid() === 0 ? ["--net"] : ["--net", "--map-root-user"];

/** A shell in another network namespace, with that limit. */
const limited = (somaxconn: number, script: string) => [
  ...UNSHARE,
  ...["sh", "-c", `echo ${somaxconn} > /proc/sys/net/core/somaxconn && ${script}`, "sh"],
];

const possible = (await runProgram([unshare], limited(4096, "true")).catch(() => undefined))
  ?.code === 0;
if (!possible) console.log("a network namespace cannot be created: the backlog is not tested");

const ARGS = [
  ...["check", "--config=/dev/null", "--unit=none", "--port=0", "--management-port=0"],
  ...["--no-auth", "--amqp-url=amqp://127.0.0.1:1/"],
];

/** As the built program is started: it may not read /proc, and its launcher says the limit. */
const RESTRICTED = [
  Deno.execPath(),
  ...["run", "--quiet", "--no-prompt", `--config=${ROOT}deno.json`],
  ...["--allow-net", "--allow-read", "--allow-env", "--allow-sys=hostname"],
  `${ROOT}main.ts`,
];
const PASSED = "RANGER_SOMAXCONN=$(cat /proc/sys/net/core/somaxconn)";

for (
  const [what, script, command] of [
    ["may read it", 'exec "$@"', program()],
    ["is passed it", `${PASSED} exec "$@"`, RESTRICTED],
  ] as const
) {
  Deno.test({
    name: `check warns of a kernel that lets too few connections wait, where it ${what}`,
    // Said above.
    ignore: !possible,
    async fn() {
      for (const [somaxconn, warns] of [[4096, true], [16_384, false], [65_535, false]] as const) {
        const { stdout } = await runProgram([unshare], [
          ...limited(somaxconn, script),
          ...command,
          ...ARGS,
        ]);
        const [line] = /^.*backlog:.*$/m.exec(stdout) ?? [stdout];
        if (warns) assert.match(line, /^WARNS .*lets 4096 connections wait.*somaxconn = 16384/);
        else assert.match(line, /^ok .*16384 connections may wait/);
      }
    },
  });
}

Deno.test("check names the command to ask with, where it may not know how many connections may wait", async () => {
  const [command, ...first] = RESTRICTED;
  const { stdout } = await runProgram([command!], [...first, ...ARGS]);
  const [line] = /^.*backlog:.*$/m.exec(stdout) ?? [stdout];
  assert.match(line, /^ok .*sysctl net\.core\.somaxconn should print 16384/);
});
