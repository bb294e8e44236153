import { equal, ok } from "node:assert/strict";
import type { LoadReport } from "../../bench/harness/load.ts";
import { socketsOf } from "../../testing/process_figures.ts";
import { tools } from "../support/bench_tools.ts";
import { ACCEPTED, event, frame, judge, PATH, serveOnce, test } from "../support/load_generator.ts";

test("sends each connection's token", async () => {
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, "first.token\nsecond.token\n");
  const { request } = await judge([], ["--tokens", file]);
  await Deno.remove(file);
  ok(request.includes("\r\nAuthorization: Bearer first.token\r\n"), request);
});

test("opens connections without waiting for one that is not answered", async () => {
  const { wsload } = await tools!;
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const child = new Deno.Command(wsload, {
    args: [
      ...["--control", "--warmup", "0", "--drain", "0"],
      ...["127.0.0.1", `${listener.addr.port}`, PATH, "3", "0"],
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  // All three ask before any is answered, and the last is answered first.
  const connections: Deno.TcpConn[] = [];
  while (connections.length < 3) connections.push(await listener.accept());
  const buffer = new Uint8Array(4096);
  for (const connection of connections) await connection.read(buffer);
  for (const connection of connections.toReversed()) {
    await connection.write(new TextEncoder().encode(ACCEPTED));
  }
  await child.stdin.close();
  const report: LoadReport = await new Response(child.stdout).json();
  await child.status;
  for (const connection of connections) connection.close();
  listener.close();
  equal(report.connected, 3);
});

test("reads from those that are open while it opens more", async () => {
  const { wsload } = await tools!;
  const total = 4000;
  /** Sockets of the generator when it has answered the first connection's ping. */
  async function socketsAtFirstPong(): Promise<number> {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const child = new Deno.Command(wsload, {
      args: [
        ...["--control", "--parallel", `${total}`, "--warmup", "0", "--drain", "0"],
        ...["127.0.0.1", `${listener.addr.port}`, PATH, `${total}`, "0"],
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const connection = await listener.accept();
    const buffer = new Uint8Array(4096);
    await connection.read(buffer);
    await connection.write(new TextEncoder().encode(ACCEPTED));
    await connection.write(frame("", 0x89));
    await connection.read(buffer);
    const sockets = socketsOf(child.pid);
    child.kill("SIGKILL");
    await child.status;
    connection.close();
    listener.close();
    return sockets;
  }
  // A server that is kept waiting on a busy machine answers too late to see it.
  const seen: number[] = [];
  while (seen.length < 20 && !seen.some((sockets) => sockets < total)) {
    seen.push(await socketsAtFirstPong());
  }
  ok(seen.some((sockets) => sockets < total), `${seen}`);
});

test("says what a refused handshake was answered", async () => {
  const { wsload } = await tools!;
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response("no", { status: 401 }),
  );
  const { stdout, code } = await new Deno.Command(wsload, {
    args: ["--warmup", "0", "127.0.0.1", `${server.addr.port}`, PATH, "2", "0.05"],
    stderr: "null",
  }).output();
  await server.shutdown();
  const report: LoadReport = JSON.parse(new TextDecoder().decode(stdout));
  equal(report.connected, 0);
  equal(report.refusal, "HTTP/1.1 401 Unauthorized");
  equal(code, 1);
});

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
