/**
 * A port of 127.0.0.1 that nobody listens on.
 *
 * Below the range that the kernel takes ports of outgoing connections from (32768 and up): what is
 * stopped and started again on its port, as brokers are in tests, must not find it taken by
 * somebody's outgoing connection, or by a client that connected to itself.
 *
 * @throws Error when two hundred tries found none
 * @example
 * ```ts
 * const port = freePort();
 * ```
 */
export function freePort(): number {
  return freePorts(1);
}

/**
 * The first of a number of consecutive free ports.
 *
 * Test files that run at the same time take theirs in turn, by the file that RANGER_TEST_PORTS
 * names: of a port that was taken by one and is not listened on yet, another would see nothing.
 *
 * @throws Error as {@linkcode freePort}
 */
export function freePorts(count: number): number {
  for (let tries = 0; tries < 200; tries++) {
    const port = LOWEST + next(count);
    try {
      for (let at = 0; at < count; at++) {
        Deno.listen({ hostname: "127.0.0.1", port: port + at }).close();
      }
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  throw new Error("no free port found between 20000 and 32000");
}

const LOWEST = 20_000;
const PORTS = 12_000;

/** Where to look next, for a number of consecutive ports: a number from 0 to {@linkcode PORTS}. */
function next(count: number): number {
  const turns = Deno.env.get("RANGER_TEST_PORTS");
  const random = Math.floor(Math.random() * PORTS);
  if (!turns) return random;
  using file = Deno.openSync(turns, { read: true, write: true });
  file.lockSync(true);
  const bytes = new Uint8Array(16);
  const length = file.readSync(bytes) ?? 0;
  // Other runs on the same machine begin elsewhere.
  const port = length === 0 ? random : Number(new TextDecoder().decode(bytes.subarray(0, length)));
  file.seekSync(0, Deno.SeekMode.Start);
  // Always as many digits.
  file.writeSync(new TextEncoder().encode(String((port + count) % PORTS).padStart(5, "0")));
  return port;
}
