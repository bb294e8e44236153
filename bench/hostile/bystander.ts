/**
 * A client that pings while others attack; in a separate process, so that what the attackers do to
 * their own process is not counted. Prints the p99 of its pings in milliseconds.
 *
 *     deno run -A bench/hostile/bystander.ts PORT SECONDS
 */
import { encodeFrame, Opcode } from "../../testing/frames.ts";
import { HostileConnection } from "./connection.ts";

/** Milliseconds between two pings. */
const PAUSE_MS = 10;
const PING = encodeFrame({ opcode: Opcode.ping });

/**
 * Runs this file: it goes before the clients that a benchmark plays.
 *
 * @returns milliseconds; `undefined` when the server ended its handshake
 * @throws {Error} with what it wrote, when it failed otherwise
 */
export async function bystanderP99(port: number, seconds: number): Promise<number | undefined> {
  const script = new URL(import.meta.url).pathname;
  const { stdout, stderr, success } = await new Deno.Command("nice", {
    args: ["-n", "-10", Deno.execPath(), "run", "-A", script, String(port), String(seconds)],
  }).output();
  const printed = new TextDecoder().decode(stdout).trim();
  const isCut = /ConnectionReset|ended the handshake/.test(new TextDecoder().decode(stderr));
  if (!success && isCut) return undefined;
  if (printed === "") throw new Error(new TextDecoder().decode(stderr));
  return Number(printed);
}

if (import.meta.main) {
  const [port, seconds] = Deno.args.map(Number);
  using connection = await HostileConnection.open(port!);
  // The first ones warm up.
  for (let times = 0; times < 20; times++) await connection.answered(PING);
  const latencies: number[] = [];
  const end = performance.now() + seconds! * 1000;
  while (performance.now() < end) {
    const began = performance.now();
    await connection.answered(PING);
    latencies.push(performance.now() - began);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  latencies.sort((a, b) => a - b);
  console.log(latencies[Math.floor(latencies.length * 0.99)]);
  Deno.exit(0);
}
