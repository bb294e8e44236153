import type { LoadReport } from "../../bench/harness/load.ts";
import { testWithTools, tools } from "./bench_tools.ts";

/** The one key that the load generator sends has this answer (RFC 6455, 1.3). */
export const ACCEPTED: string = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n" +
  "Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
/** The stream of each {@linkcode event} that names no other. */
export const PATH = "/?stream=usdbtc.trades";

/** A test of the load generator: left out where it cannot be built. */
export function test(name: string, run: () => Promise<void>): void {
  testWithTools(`load generator: ${name}`, run);
}

/** A server's frame: `head` is FIN, reserved bits and opcode. */
export function frame(payload: string, head = 0x81, masked = false): Uint8Array {
  const bytes = new TextEncoder().encode(payload);
  const bit = masked ? 0x80 : 0;
  const length = bytes.length < 126
    ? [bit | bytes.length]
    : [bit | 126, bytes.length >> 8, bytes.length & 0xff];
  return new Uint8Array([head, ...length, ...(masked ? [0, 0, 0, 0] : []), ...bytes]);
}

export function event(seq: number, stream = "usdbtc.trades"): string {
  return `{"${stream}":{"seq":${seq},"ts":1,"trades":[],"pad":"${"x".repeat(120)}"}}`;
}

/** Serves one connection: answers the handshake, writes the pieces, and waits for the goodbye. */
export async function serveOnce(
  listener: Deno.TcpListener,
  pieces: readonly Uint8Array[],
): Promise<string> {
  const connection = await listener.accept();
  connection.setNoDelay(true);
  const buffer = new Uint8Array(4096);
  const request = new TextDecoder().decode(buffer.subarray(0, await connection.read(buffer) ?? 0));
  for (const piece of [new TextEncoder().encode(ACCEPTED), ...pieces]) {
    for (let at = 0; at < piece.length;) at += await connection.write(piece.subarray(at));
  }
  for (;;) {
    const read = await connection.read(buffer);
    // a pong may come first
    if (read === null || buffer.subarray(0, read).includes(0x88)) break;
  }
  connection.close();
  return request;
}

/** What the load generator says of a server that sends these pieces to one connection. */
export async function judge(
  pieces: readonly Uint8Array[],
  flags: readonly string[] = [],
  path = PATH,
): Promise<{ report: LoadReport; code: number; request: string }> {
  const { wsload } = await tools!;
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const served = serveOnce(listener, pieces);
  const { stdout, code } = await new Deno.Command(wsload, {
    args: [
      ...["--from", "1", "--warmup", "0", ...flags],
      ...["127.0.0.1", `${listener.addr.port}`, path, "1", "0.05"],
    ],
    stderr: "null",
  }).output();
  const request = await served;
  listener.close();
  return { report: JSON.parse(new TextDecoder().decode(stdout)), code, request };
}

/** The kinds of violation counted, without the zeros. */
export function counted(report: LoadReport): Record<string, number> {
  return Object.fromEntries(Object.entries(report.violations).filter(([, n]) => n > 0));
}
