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
 * The first of so many ports in a row that nobody listens on.
 *
 * @throws Error as {@linkcode freePort}
 */
export function freePorts(count: number): number {
  for (let tries = 0; tries < 200; tries++) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
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
