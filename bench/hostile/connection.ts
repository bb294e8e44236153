import { FrameReader, Opcode } from "../../testing/frames.ts";
import { upgradeRequest } from "../harness/upgrade.ts";

const decoder = new TextDecoder();

/** One hostile connection: sends bytes as they are, reads what comes, and counts both. */
export class HostileConnection implements Disposable {
  sent = 0;
  received = 0;
  isClosed = false;
  /** Bytes of the request that opened it. */
  readonly requestBytes: number;
  readonly #socket: Deno.TcpConn;
  readonly #reader = new FrameReader();
  #pong: (() => void) | undefined;

  private constructor(socket: Deno.TcpConn, requestBytes: number) {
    this.#socket = socket;
    this.requestBytes = requestBytes;
  }

  static async open(port: number, path = "/public"): Promise<HostileConnection> {
    const socket = await Deno.connect({ hostname: "127.0.0.1", port });
    socket.setNoDelay(true);
    const request = upgradeRequest(port, path);
    const connection = new HostileConnection(socket, request.length);
    try {
      await connection.write(request);
      await connection.#handshake();
    } catch (error) {
      connection[Symbol.dispose]();
      throw error;
    }
    connection.sent = connection.received = 0;
    void connection.#read();
    return connection;
  }

  /** Resolves when all of it is with the kernel, also where the server has closed. */
  async write(bytes: Uint8Array): Promise<void> {
    this.sent += bytes.length;
    try {
      for (let at = 0; at < bytes.length;) at += await this.#socket.write(bytes.subarray(at));
    } catch {
      this.isClosed = true;
    }
  }

  /** Sends a ping as a text message or, within a fragmented one, a frame; awaits its answer. */
  async answered(ping: Uint8Array): Promise<void> {
    const pong = new Promise<void>((resolve) => this.#pong = resolve);
    await this.write(ping);
    if (!this.isClosed) await pong;
  }

  [Symbol.dispose](): void {
    this.isClosed = true;
    try {
      this.#socket.close();
    } catch {
      // The server was first.
    }
  }

  async #handshake(): Promise<void> {
    const chunk = new Uint8Array(4096);
    for (;;) {
      const text = decoder.decode(this.#reader.pending);
      const end = text.indexOf("\r\n\r\n");
      if (end >= 0) {
        if (!text.startsWith("HTTP/1.1 101")) throw new Error(`refused: ${text.slice(0, 80)}`);
        this.#reader.take(end + 4);
        return;
      }
      const count = await this.#socket.read(chunk);
      if (count === null) throw new Error("the server ended the handshake");
      this.#reader.add(chunk.subarray(0, count));
    }
  }

  async #read(): Promise<void> {
    const chunk = new Uint8Array(262_144);
    try {
      for (;;) {
        const count = await this.#socket.read(chunk);
        if (count === null) break;
        this.received += count;
        this.#reader.add(chunk.subarray(0, count));
        for (let frame = this.#reader.frame(); frame; frame = this.#reader.frame()) {
          const isPong = frame.opcode === Opcode.pong ||
            (frame.payload.length === 4 && decoder.decode(frame.payload) === "pong");
          if (isPong) this.#pong?.();
          if (frame.opcode === Opcode.close) this.isClosed = true;
        }
      }
    } catch {
      // Cut.
    }
    this.isClosed = true;
    this.#pong?.();
  }
}

/**
 * Opens a connection and awaits the answer to its first message.
 *
 * @returns bytes, the handshake's included
 */
export async function shakeHands(
  port: number,
  path: string,
  message: Uint8Array,
): Promise<{ readonly sent: number; readonly received: number }> {
  using connection = await HostileConnection.open(port, path);
  await connection.answered(message);
  const { requestBytes, sent, received } = connection;
  return { sent: requestBytes + sent, received };
}
