import assert from "node:assert/strict";
import { findExecutable } from "../../testing/executables.ts";
import { ROOT, runProgram } from "../../testing/program.ts";
import type { Outcomes } from "../support/change_places.ts";

/** What installed machines have set (systemd/ranger.sysctl), in a network of the test's own. */
const NETWORK = "ip link set lo up && echo 1 > /proc/sys/net/ipv4/tcp_migrate_req";
// Root, or a user namespace where the machine lets users have one.
const UNSHARE = Deno.uid() === 0 ? ["--net"] : ["--net", "--map-root-user"];
const folders = ["/usr/bin", "/bin"];
const unshare = findExecutable("unshare", folders) ?? "unshare";

const possible = (await runProgram([unshare, ...UNSHARE], ["sh", "-c", NETWORK])
  .catch(() => undefined))?.code === 0;
if (!possible) console.log("a network namespace cannot be created: the upgrade is not tested");

Deno.test({
  name: "processes change places while clients come and go, and none is refused or reset",
  // Said above.
  ignore: !possible,
  async fn() {
    const program = [Deno.execPath(), "run", "-A", "--quiet", `--config=${ROOT}deno.json`];
    const { code, stdout, stderr } = await runProgram([unshare, ...UNSHARE], [
      "sh",
      "-c",
      `${NETWORK} && exec "$@"`,
      "sh",
      ...program,
      `${ROOT}tests/support/change_places.ts`,
    ]);
    assert.equal(code, 0, stderr);
    const { subscribed = 0, "closed 1001": closed = 0, "came too late": _late, ...others } = JSON
      .parse(stdout) as Outcomes;
    assert.deepEqual(others, {});
    assert.ok(subscribed > 500, `${subscribed} clients came`);
    assert.ok(closed >= 20 * 4, `${closed} clients were told to go`);
  },
});
