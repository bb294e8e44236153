import { upgradeRequest } from "../harness/upgrade.ts";

/** A connection that is read and counted, not understood: thousands of them share a core. */
export class CountingConnection implements Disposable {
  bytes = 0;
  isLost = false;
  readonly #socket: Deno.TcpConn;
  #isDone = false;

  private constructor(socket: Deno.TcpConn) {
    this.#socket = socket;
  }

  /** @throws {Error} the server does not upgrade the connection */
  static async open(port: number, path: string): Promise<CountingConnection> {
    const socket = await Deno.connect({ hostname: "127.0.0.1", port });
    await socket.write(upgradeRequest(port, path));
    const answer = new Uint8Array(16_384);
    const length = await socket.read(answer) ?? 0;
    const text = new TextDecoder().decode(answer.subarray(0, length));
    if (!text.startsWith("HTTP/1.1 101")) throw new Error(`refused: ${text.slice(0, 80)}`);
    const connection = new CountingConnection(socket);
    void connection.#read();
    return connection;
  }

  [Symbol.dispose](): void {
    this.#isDone = true;
    try {
      this.#socket.close();
    } catch {
      // The server was first.
    }
  }

  async #read(): Promise<void> {
    const chunk = new Uint8Array(16_384);
    try {
      for (let count; (count = await this.#socket.read(chunk)) !== null;) this.bytes += count;
    } catch {
      // Cut, or closed here.
    }
    this.isLost = !this.#isDone;
  }
}
