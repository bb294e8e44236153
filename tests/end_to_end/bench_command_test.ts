import assert from "node:assert/strict";
import { freePort } from "../../testing/ports.ts";
import { program, runProgram } from "../../testing/program.ts";
import { startRanger } from "../../testing/ranger.ts";
import { runRanger } from "../support/run_ranger.ts";
import { Running } from "../support/running.ts";

Deno.test("bench tells what came, what was refused, and what it is not for", async () => {
  const args = ["--quiet", "--rate", "50", "--limits-connections", "20"];
  await using ranger = await startRanger({ command: "demo", args });
  const url = ranger.url("/public");
  const flags = ["bench", "--url", url, "--for", "1s", "--streams", "btcusd.trades,ethusd.ob-inc"];
  const { code, stdout, stderr } = await runProgram(program(), [...flags, "--connections", "10"]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^ws:\/\/127\.0\.0\.1:\d+\/public, btcusd\.trades, ethusd\.ob-inc, [1-9]/);
  assert.match(stdout, /\n {2}connections +10 of 10, 0 lost\n/);
  assert.match(stdout, /\n {2}frames +[\d,]+\/s, [1-9][\d,]* in all\n/);
  assert.match(
    stdout,
    /\n {2}round trip +p50 [\d.]+ ms, p99 [\d.]+ ms, max [\d.]+ ms, of \d+ pings/,
  );
  assert.match(stdout, /native generator in bench\//);
  assert.doesNotMatch(stdout, /no event was received/);

  // Above the server's limit: open connections are measured, the others are reported.
  const more = await runRanger([...flags, "--connections", "30", "--json"]);
  assert.equal(more.code, 0, more.output);
  const figures = JSON.parse(more.stdout);
  assert.equal(figures.opened, 20);
  assert.equal(Object.values<number>(figures.refusals).reduce((sum, one) => sum + one), 10);
  assert.ok(figures.frames > 0 && figures.bytes > figures.frames && figures.trips.length > 0);
});

Deno.test("a server that goes away ends it; lost connections are reported", async () => {
  await using ranger = await startRanger({ command: "demo", args: ["--quiet"] });
  const url = ranger.url("/public");
  await using bench = new Running(["bench", "--url", url, "--connections=5", "--for=10m"]);
  await bench.stderr.line(/^5 connections, \d+ frames\/s$/);
  await ranger.stop();
  assert.equal((await bench.end()).code, 0);
  await bench.stdout.line(/connections +5 of 5, 5 lost/);
  await bench.stdout.line(/note: closed with 1001 \(5 times\)/);
});

Deno.test("Ctrl-C ends it with what came so far", async () => {
  await using ranger = await startRanger({ command: "demo", args: ["--quiet"] });
  await using bench = new Running(["bench", "--url", ranger.url("/public"), "--for=10m"]);
  await bench.stderr.line(/^100 connections/);
  assert.equal((await bench.end("SIGINT")).code, 0);
  await bench.stdout.line(/connections +100 of 100, 0 lost/);
});

Deno.test("what cannot be done is refused: 78, and 69 where nobody answers", async () => {
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [["--connections", "1000000"], /--connections is "1000000"; expected .* 1 to 10000/],
    [["--connections", "0"], /--connections is "0"/],
    [["--streams", "a b"], /--streams is not a list/],
    [["--streams", Array.from({ length: 257 }, (_, at) => `s${at}.x`).join(",")], /1 to 256/],
    [["--for", "1h"], /--for is 1h; expected 10m at most/],
    [["--url", "https://example.com"], /--url is not the URL of a WebSocket server/],
  ];
  await Promise.all(wrong.map(async ([flags, message]) => {
    const { code, output } = await runRanger(["bench", ...flags]);
    assert.equal(code, 78, output);
    assert.match(output, message);
  }));
  const url = `ws://127.0.0.1:${freePort()}/public`;
  const { code, output } = await runRanger(["bench", "--url", url, "--connections", "3"]);
  assert.equal(code, 69, output);
  assert.match(output, /^ranger: cannot connect to ws:\/\/127\.0\.0\.1:\d+\/public: /);
});

Deno.test("too few files are said before anything is connected", async () => {
  const url = `ws://127.0.0.1:${freePort()}/public`;
  const { code, stderr } = await runProgram(["bash"], [
    ...["-c", 'ulimit -n 300; exec "$@"', "bash"],
    ...[...program(), "bench", "--url", url, "--connections", "400"],
  ]);
  assert.equal(code, 78, stderr);
  assert.match(
    stderr,
    /--connections is 400, and this process may open only about 2\d\d more files/,
  );
  assert.match(stderr, /`ulimit -n 928`/);
});
