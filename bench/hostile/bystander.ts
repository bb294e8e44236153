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
