import { until } from "../../testing/bounded.ts";
import { FrameReader, Opcode } from "../../testing/frames.ts";
import { encodeFrame } from "../../testing/raw_client.ts";

/** As many as this connect at the same time. */
const ABREAST = 250;
/** Bytes read at once: these clients are sent little. */
const CHUNK = 1024;
/** Files that a process needs besides its clients' sockets: its own, the broker's, the log's. */
const OTHERS = 500;

/**
 * How many clients a test may have on one server, for tests with thousands: both ends are processes
 * with the same limit on open files. Says so where it is fewer.
 *
 * @example
 * ```ts
 * const count = asManyAs(10_000);
 * ```
 */
export function asManyAs(wanted: number): number {
  const limits = Deno.readTextFileSync("/proc/self/limits");
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1];
  const may = soft === "unlimited" ? Infinity : Number(soft) - OTHERS;
  if (may >= wanted) return wanted;
  console.log(
    `${may} clients instead of ${wanted}: the limit on open files (ulimit -n) is ${soft}`,
  );
  return may;
}

/** Callbacks for each client's events. */
export interface Watcher {
  /** The client was let in. */
  joined?(client: number): void;
  /** A ping came, which is answered. */
  pinged?(client: number): void;
}

/**
 * Thousands of WebSockets for as little as they can be had: they read, answer pings, and drop what
 * they are sent. For what one client sees there are RawClient and Client.
 *
 * @example
 * ```ts
 * await using clients = await ManyClients.connect("ws://127.0.0.1:8080/public", 10_000);
 * await clients.leave();
 * ```
 */
export class ManyClients implements AsyncDisposable {
  readonly #sockets: Deno.TcpConn[] = [];
  readonly #reading: Promise<void>[] = [];
  readonly #watcher: Watcher;
  readonly #request: Uint8Array;
  readonly #url: URL;
  #upgraded = 0;
  #ended = 0;

  private constructor(url: string, watcher: Watcher) {
    this.#url = new URL(url);
    this.#watcher = watcher;
    const { host, pathname, search } = this.#url;
    this.#request = new TextEncoder().encode(
      `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\n` +
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
  }

  /**
   * Connects them.
   *
   * @returns when all are upgraded
   * @throws Error when one is refused
   */
  static async connect(url: string, count: number, watcher: Watcher = {}): Promise<ManyClients> {
    const clients = new ManyClients(url, watcher);
    try {
      while (clients.#sockets.length < count) {
        const more = Math.min(ABREAST, count - clients.#sockets.length);
        await Promise.all(Array.from({ length: more }, () => clients.#join()));
      }
      await until(
        () => clients.#upgraded + clients.#ended === count || undefined,
        () => `${count} upgrades, not ${clients.#upgraded}`,
      );
      if (clients.#ended > 0) throw new Error(`${clients.#ended} of ${count} were not let in`);
      return clients;
    } catch (error) {
      await clients.leave();
      throw error;
    }
  }

  /** How many the server has ended. */
  get ended(): number {
    return this.#ended;
  }

  /** All go at once, without a word. Safe to call twice. */
  async leave(): Promise<void> {
    for (const socket of this.#sockets.splice(0)) socket.close();
    await Promise.all(this.#reading);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave();
  }

  async #join(): Promise<void> {
    const { hostname, port } = this.#url;
    const socket = await Deno.connect({ hostname, port: Number(port) });
    const number = this.#sockets.push(socket) - 1;
    await socket.write(this.#request);
    this.#reading.push(this.#read(socket, number));
  }

  async #read(socket: Deno.TcpConn, number: number): Promise<void> {
    const chunk = new Uint8Array(CHUNK);
    const reader = new FrameReader();
    let upgraded = false;
    try {
      for (let count = await socket.read(chunk); count !== null; count = await socket.read(chunk)) {
        reader.add(chunk.subarray(0, count));
        if (!upgraded) {
          const head = new TextDecoder("latin1").decode(reader.pending);
          const end = head.indexOf("\r\n\r\n");
          if (end < 0) continue;
          if (!head.startsWith("HTTP/1.1 101 ")) break;
          reader.take(end + 4);
          upgraded = true;
          this.#upgraded++;
          this.#watcher.joined?.(number);
        }
        for (let frame = reader.frame(); frame !== undefined; frame = reader.frame()) {
          if (frame.opcode !== Opcode.ping) continue;
          this.#watcher.pinged?.(number);
          await socket.write(encodeFrame({ opcode: Opcode.pong, payload: frame.payload }));
        }
      }
    } catch (error) {
      // Closed by leave(), or cut by the server.
      if (!isGone(error)) throw error;
    }
    this.#ended++;
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted ||
    error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe;
}
