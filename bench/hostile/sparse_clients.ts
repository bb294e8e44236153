import { bounded } from "../../testing/bounded.ts";

/** Milliseconds that the last answers may take. */
const PATIENCE_MS = 20_000;

/** Clients that each send a text `ping` now and then, as those do that show they are there. */
export class SparseClients implements Disposable {
  readonly #sockets: readonly WebSocket[];
  /** When each client sent the pings that were not answered yet: answers come in order. */
  readonly #sent: number[][];
  readonly latencies: number[] = [];
  #unanswered = 0;
  #measuredFrom = Infinity;
  #next = 0;
  #allAnswered = Promise.withResolvers<void>();
  cut = 0;

  private constructor(sockets: readonly WebSocket[]) {
    this.#sockets = sockets;
    this.#sent = sockets.map(() => []);
  }

  /** @throws {Error} a client was not let in */
  static async open(port: number, count: number): Promise<SparseClients> {
    const sockets = Array.from({ length: count }, () => new WebSocket(`ws://127.0.0.1:${port}/`));
    const clients = new SparseClients(sockets);
    await bounded(
      Promise.all(sockets.map((socket, at) => clients.#listen(socket, at))),
      `${count} clients to be let in`,
    );
    return clients;
  }

  /** The next client pings. */
  ping(): void {
    const at = this.#next++ % this.#sockets.length;
    const socket = this.#sockets[at]!;
    if (socket.readyState !== WebSocket.OPEN) return;
    this.#unanswered++;
    this.#sent[at]!.push(performance.now());
    socket.send("ping");
  }

  /** What is sent from here on counts. */
  measureFromHere(): void {
    this.#measuredFrom = performance.now();
  }

  /** Waits for the answers that are under way. */
  async end(): Promise<void> {
    if (this.#unanswered === 0) return;
    this.#allAnswered = Promise.withResolvers();
    await bounded(this.#allAnswered.promise, "answers", PATIENCE_MS).catch(() => {});
  }

  /** Pings without an answer. */
  get unanswered(): number {
    return this.#unanswered;
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) {
      socket.onclose = null;
      socket.close();
    }
  }

  #listen(socket: WebSocket, at: number): Promise<void> {
    const open = Promise.withResolvers<void>();
    socket.onopen = () => open.resolve();
    socket.onerror = (event) => open.reject(new Error((event as ErrorEvent).message));
    socket.onclose = () => this.cut++;
    socket.onmessage = ({ data }) => {
      if (data === "pong") this.#answered(at, performance.now());
    };
    return open.promise;
  }

  #answered(at: number, now: number): void {
    const sent = this.#sent[at]!.shift();
    if (sent === undefined) return;
    if (sent >= this.#measuredFrom) this.latencies.push(now - sent);
    if (--this.#unanswered === 0) this.#allAnswered.resolve();
  }
}
