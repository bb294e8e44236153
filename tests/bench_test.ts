import { deepEqual, equal, ok } from "node:assert/strict";
import { buildTools } from "../bench/harness/build.ts";
import type { LoadReport } from "../bench/harness/load.ts";
import { search } from "../bench/harness/search.ts";
import { findExecutable } from "./support/executables.ts";
import { freePort } from "./support/ports.ts";

/** The one key that the load generator sends has this answer (RFC 6455, 1.3). */
const ACCEPTED = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n" +
  "Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
const PATH = "/?stream=usdbtc.trades";

const compiler = findExecutable("cc", (Deno.env.get("PATH") ?? "").split(":"));
if (compiler === undefined) {
  console.error("skipped: tests of the load generator, because there is no C compiler (cc)");
}

const tools = compiler === undefined ? undefined : buildTools();

function test(name: string, run: () => Promise<void>): void {
  Deno.test({ name: `load generator: ${name}`, ignore: compiler === undefined, fn: run });
}

/** A server's frame: `head` is FIN, reserved bits and opcode. */
function frame(payload: string, head = 0x81, masked = false): Uint8Array {
  const bytes = new TextEncoder().encode(payload);
  const bit = masked ? 0x80 : 0;
  const length = bytes.length < 126
    ? [bit | bytes.length]
    : [bit | 126, bytes.length >> 8, bytes.length & 0xff];
  return new Uint8Array([head, ...length, ...(masked ? [0, 0, 0, 0] : []), ...bytes]);
}

function event(seq: number, stream = "usdbtc.trades"): string {
  return `{"${stream}":{"seq":${seq},"ts":1,"trades":[],"pad":"${"x".repeat(120)}"}}`;
}

/** Serves one connection: answers the handshake, writes the pieces, and waits for the goodbye. */
async function serveOnce(listener: Deno.TcpListener, pieces: readonly Uint8Array[]): Promise<void> {
  const connection = await listener.accept();
  connection.setNoDelay(true);
  const buffer = new Uint8Array(4096);
  await connection.read(buffer);
  for (const piece of [new TextEncoder().encode(ACCEPTED), ...pieces]) {
    for (let at = 0; at < piece.length;) at += await connection.write(piece.subarray(at));
  }
  for (;;) {
    const read = await connection.read(buffer);
    // a pong may come first
    if (read === null || buffer.subarray(0, read).includes(0x88)) break;
  }
  connection.close();
}

/** What the load generator says of a server that sends these pieces to one connection. */
async function judge(
  pieces: readonly Uint8Array[],
  flags: readonly string[] = [],
): Promise<{ report: LoadReport; code: number }> {
  const { wsload } = await tools!;
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const served = serveOnce(listener, pieces);
  const { stdout, code } = await new Deno.Command(wsload, {
    args: [
      ...["--from", "1", "--warmup", "0", ...flags],
      ...["127.0.0.1", `${listener.addr.port}`, PATH, "1", "0.05"],
    ],
    stderr: "null",
  }).output();
  await served;
  listener.close();
  return { report: JSON.parse(new TextDecoder().decode(stdout)), code };
}

/** The kinds of violation counted, without the zeros. */
function counted(report: LoadReport): Record<string, number> {
  return Object.fromEntries(Object.entries(report.violations).filter(([, n]) => n > 0));
}

test("finds nothing to say against a server that does it right", async () => {
  const { report, code } = await judge([
    frame('{"success":{"message":"subscribed","streams":["usdbtc.trades"]}}'),
    frame("", 0x89),
    frame(event(1)),
    frame(event(2)),
  ]);
  deepEqual(counted(report), {});
  equal(report.frames_total, 2);
  equal(report.missing, 0);
  equal(report.answers, 1);
  equal(report.pings, 1);
  equal(report.open_at_end, 1);
  equal(code, 0);
});

test("puts frames together that arrive in pieces", async () => {
  const bytes = [1, 2, 3, 4].flatMap((seq) => [...frame(event(seq))]);
  const pieces = [1, 2, 3, 150, 151, 152, 400].map((end, i, ends) =>
    new Uint8Array(bytes.slice(ends[i - 1] ?? 0, end))
  );
  const { report } = await judge([...pieces, new Uint8Array(bytes.slice(400))]);
  deepEqual(counted(report), {});
  equal(report.frames_total, 4);
});

test("counts a gap, and how many frames are missing", async () => {
  const { report, code } = await judge([1, 2, 4, 5, 8].map((seq) => frame(event(seq))));
  deepEqual(counted(report), { gap: 2 });
  equal(report.missing, 3);
  equal(code, 3);
  ok(report.first_violation.startsWith("gap: 4 after 2"), report.first_violation);
});

test("counts a beginning that is missing", async () => {
  const { report } = await judge([frame(event(3))]);
  equal(report.missing, 2);
});

test("counts an event that comes again", async () => {
  const { report } = await judge([1, 2, 2, 1, 3].map((seq) => frame(event(seq))));
  deepEqual(counted(report), { repeated: 2 });
});

for (
  const [what, kind, bytes] of [
    ["a masked frame", "masked", frame(event(1), 0x81, true)],
    ["a stream that was not asked for", "envelope", frame(event(1, "usdeth.trades"))],
    ["an envelope that is not closed", "envelope", frame(event(1).slice(0, -1) + " ")],
    ["a reserved bit", "reserved", frame(event(1), 0xc1)],
    ["a binary frame", "opcode", frame(event(1), 0x82)],
    ["a fragment", "fragmented", frame(event(1), 0x01)],
    ["an unknown control frame", "control", frame("", 0x8b)],
    ["an event without a number", "unnumbered", frame('{"usdbtc.trades":{"ts":1}}')],
    ["a length in more bytes than it needs", "length", new Uint8Array([0x89, 126, 0, 0])],
  ] as const
) {
  test(`counts ${what}`, async () => {
    const { report, code } = await judge([bytes]);
    deepEqual(counted(report), { [kind]: 1 });
    equal(code, 3);
  });
}

test("counts what the server still owes at the end", async () => {
  const { wsload } = await tools!;
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const served = serveOnce(listener, [frame(event(1)), frame(event(2))]);
  const child = new Deno.Command(wsload, {
    args: [
      ...["--control", "--from", "1", "--warmup", "0", "--drain", "0.2"],
      ...["127.0.0.1", `${listener.addr.port}`, PATH, "1", "0.05"],
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const input = child.stdin.getWriter();
  await input.write(new TextEncoder().encode("last usdbtc.trades 7\nend\n"));
  await input.close();
  const report: LoadReport = await new Response(child.stdout).json();
  await child.status;
  await served;
  listener.close();
  equal(report.missing, 5);
});

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

Deno.test("search: finds the highest rate that holds, from below and from above", async () => {
  for (const limit of [1, 7, 95, 100, 130, 3_000]) {
    const bounds = { start: 100, least: 1, most: 2_000, within: 1.1, probes: 30 };
    const found = await search(bounds, (rate) => Promise.resolve({ rate, holds: rate <= limit }));
    const best = found.best?.rate ?? 0;
    ok(best <= limit && best * 1.1 >= Math.min(limit, 2_000), `${best} for ${limit}`);
  }
});

Deno.test("search: says so when nothing holds, and keeps to its number of probes", async () => {
  const bounds = { start: 100, least: 10, most: 2_000, within: 1.1, probes: 30 };
  const none = await search(bounds, (rate) => Promise.resolve({ rate, holds: false }));
  equal(none.best, undefined);
  equal(none.failed?.rate, 10);
  const few = await search(
    { ...bounds, probes: 3 },
    (rate) => Promise.resolve({ rate, holds: rate < 130 }),
  );
  equal(few.probes.length, 3);
});
