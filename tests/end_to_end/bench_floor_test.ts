import { deepEqual, equal, ok } from "node:assert/strict";
import type { LoadReport } from "../../bench/harness/load.ts";
import { tools } from "../support/bench_tools.ts";
import { counted, PATH, test } from "../support/load_generator.ts";
import { freePort } from "../../testing/ports.ts";

test("finds the floor's frames well-formed, at every batch size", async () => {
  const { wsload, wslimit } = await tools!;
  for (const batch of [0, 1, 7]) {
    const port = freePort();
    const floor = new Deno.Command(wslimit, {
      args: [port, 20, 700, 0.5, 200, batch, 0].map(String),
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    await floor.stderr.getReader().read(); // listening
    const { stdout } = await new Deno.Command(wsload, {
      args: ["--from", "1", "--warmup", "0", "127.0.0.1", `${port}`, PATH, "20", "0.4"],
      stderr: "null",
    }).output();
    const report: LoadReport = JSON.parse(new TextDecoder().decode(stdout));
    const made: { published: number } = await new Response(floor.stdout).json();
    floor.kill("SIGTERM");
    await floor.status;
    deepEqual(counted(report), {});
    equal(made.published, 350);
    equal(report.frames_total, 20 * 350);
    ok(report.latency.samples > 0);
  }
});
