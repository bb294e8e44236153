/** A wire between two programs that can be cut. */
export interface CuttableProxy extends AsyncDisposable {
  readonly port: number;
  /** Cuts all connections that go through it now; new ones go through again. */
  cut(): void;
}

/**
 * Listens on a port of its own, and passes everything on to another port of 127.0.0.1.
 *
 * @example
 * ```ts
 * await using wire = startProxy(broker.port);
 * await startRanger({ args: ["--amqp-url", `amqp://guest:guest@127.0.0.1:${wire.port}/`] });
 * wire.cut(); // the server loses its broker, and finds it again
 * ```
 */
export function startProxy(target: number): CuttableProxy {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections = new Set<Deno.TcpConn>();
  const pipes = new Set<Promise<void>>();

  function cut(): void {
    for (const connection of connections) close(connection);
  }
  function close(connection: Deno.TcpConn): void {
    // Each is closed once: by whoever is first to see its end.
    if (connections.delete(connection)) connection.close();
  }
  async function pass(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
    const chunk = new Uint8Array(65_536);
    try {
      for (let count = await from.read(chunk); count !== null; count = await from.read(chunk)) {
        let sent = 0;
        while (sent < count) sent += await to.write(chunk.subarray(sent, count));
      }
    } catch {
      // Cut, by us or by one of the two.
    } finally {
      close(from);
      close(to);
    }
  }
  async function serve(): Promise<void> {
    for await (const near of listener) {
      try {
        const far = await Deno.connect({ hostname: "127.0.0.1", port: target });
        connections.add(near).add(far);
        for (const pipe of [pass(near, far), pass(far, near)]) {
          pipes.add(pipe);
          pipe.finally(() => pipes.delete(pipe));
        }
      } catch {
        near.close();
      }
    }
  }

  const serving = serve();
  return {
    port: listener.addr.port,
    cut,
    async [Symbol.asyncDispose]() {
      listener.close();
      await serving.catch(() => {});
      cut();
      await Promise.all(pipes);
    },
  };
}
