import { connect, createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { freePort } from "../../testing/ports.ts";

/**
 * A port in front of a broker that a test opens, cuts, shuts and jams, so that many tests can have
 * the broker come and go without starting another broker. Shut at first: connections are refused.
 *
 * @example
 * ```ts
 * import { startRanger } from "../../testing/ranger.ts";
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
  /** Those of them that lead to who connected here. */
  readonly #near = new Set<Socket>();
  #server: Server | undefined;
  #turnAway = false;

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
    for (const socket of this.#near) socket.write(bytes);
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
    this.#near.add(socket);
    socket.pipe(onward).pipe(socket);
  }

  #watch(socket: Socket): void {
    this.#sockets.add(socket);
    // Either end may go at any time; that is what it is here for.
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#sockets.delete(socket);
      this.#near.delete(socket);
    });
  }
}
