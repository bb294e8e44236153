import { connect, createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { freePort } from "./ports.ts";

/**
 * A port in front of a broker that a test opens, cuts, shuts and jams, so that many tests can have
 * the broker come and go without starting another broker. Shut at first: connections are refused.
 *
 * @example
 * ```ts
 * import { startRanger } from "./ranger.ts";
 * await using gate = new Gate("amqp://127.0.0.1:5672");
 * await using ranger = await startRanger({ args: ["--no-auth", "--amqp-url", gate.url] });
 * await gate.open();
 * await ranger.consuming();
 * ```
 */
export class Gate implements AsyncDisposable {
  readonly port: number = freePort();
  /** The broker's URL, by way of this port. */
  readonly url: string;
  /** Connections taken so far, turned away or not. */
  taken = 0;
  readonly #target: { readonly host: string; readonly port: number };
  readonly #sockets = new Set<Socket>();
  /** Connections that were made here, with those to the broker that carry them on. */
  readonly #onward = new Map<Socket, Socket>();
  #server: Server | undefined;
  #turnAway = false;
  #isStalled = false;

  constructor(brokerUrl: string) {
    const url = new URL(brokerUrl);
    this.#target = { host: url.hostname, port: Number(url.port) };
    url.port = String(this.port);
    url.hostname = "127.0.0.1";
    this.url = url.href;
  }

  /** Lets connections through; where `turnAway` is set, takes them and ends them at once. */
  async open({ turnAway = false } = {}): Promise<void> {
    this.#turnAway = turnAway;
    if (this.#server !== undefined) return;
    this.#server = createServer((socket) => this.#take(socket));
    this.#server.listen(this.port, "127.0.0.1");
    await once(this.#server, "listening");
  }

  /** From here on nothing passes, in either direction; connections stay. */
  jam(): void {
    for (const socket of this.#sockets) {
      socket.unpipe();
      socket.pause();
    }
  }

  /** Nothing passes, in either direction, neither on connections that are there nor on new ones. */
  stall(): void {
    this.#isStalled = true;
    this.jam();
  }

  /** Ends a stall: what waited passes, and connections that both ends kept go on. */
  flow(): void {
    this.#isStalled = false;
    for (const [socket, onward] of this.#onward) socket.pipe(onward).pipe(socket);
  }

  /** Cuts all connections; new ones go through again. */
  async cut(): Promise<void> {
    const gone = [...this.#sockets].map((socket) => once(socket, "close"));
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(gone);
  }

  /** Cuts all connections and refuses new ones. */
  async shut(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    await Promise.all([this.cut(), closed]);
  }

  /** Has the broker say something to all who are connected. Only while it says nothing itself. */
  inject(bytes: Uint8Array): void {
    for (const socket of this.#onward.keys()) socket.write(bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shut();
  }

  #take(socket: Socket): void {
    this.taken++;
    this.#watch(socket);
    if (this.#turnAway) {
      socket.end();
      return;
    }
    const onward = connect(this.#target);
    this.#watch(onward);
    this.#onward.set(socket, onward);
    // A broker that is away is a connection that ends, not one that waits.
    socket.on("close", () => onward.destroy());
    onward.on("close", () => socket.destroy());
    if (!this.#isStalled) socket.pipe(onward).pipe(socket);
  }

  #watch(socket: Socket): void {
    this.#sockets.add(socket);
    // Either end may go at any time; that is what it is here for.
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#sockets.delete(socket);
      this.#onward.delete(socket);
    });
  }
}
