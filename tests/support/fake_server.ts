import type { WebSocketLike } from "../../client/src/mod.ts";

/** Milliseconds from a request to its answer. */
export const ROUND_TRIP = 2;

/** What a client asked for. */
export interface Request {
  readonly event: "subscribe" | "unsubscribe";
  readonly streams: readonly string[];
  /** `performance.now()` */
  readonly at: number;
}

/** The half of a WebSocket that the server holds. */
interface Socket extends WebSocketLike {
  onopen: (() => void) | null;
  onmessage: ((event: { data: string }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
}

/**
 * A server inside the process, without sockets and without time: what docs/protocol.md says in
 * sections 3 and 6 of subscriptions, answers and first snapshots. One connection at a time.
 *
 * @example
 * ```ts
 * using clock = new FakeClock();
 * const server = new FakeServer();
 * server.onSubscribe = () => server.send("btcusd.ob-snap", '{"asks":[],"bids":[]}');
 * const ranger = connect("ws://fake/", { WebSocket: server.WebSocket });
 * server.accept();
 * ```
 */
export class FakeServer {
  /** All that was asked for, in order. */
  readonly requests: Request[] = [];
  readonly WebSocket: new (url: string) => WebSocketLike;
  /** Called after the answer to each subscription. */
  onSubscribe: (stream: string) => void = () => {};
  #socket: Socket | undefined;
  readonly #held = new Set<string>();

  constructor() {
    const connected = (socket: Socket) => this.#socket = socket;
    const received = (text: string) => this.#received(text);
    this.WebSocket = class implements Socket {
      onopen: (() => void) | null = null;
      onmessage: ((event: { data: string }) => void) | null = null;
      onclose: ((event: { code: number; reason: string }) => void) | null = null;

      constructor() {
        connected(this);
      }

      send(data: string): void {
        received(data);
      }

      close(code = 1005): void {
        this.onclose?.({ code, reason: "" });
      }
    };
  }

  /** Lets the client in that has connected. */
  accept(): void {
    this.#held.clear();
    this.#socket?.onopen?.();
    this.#write('{"success":{"message":"subscribed","streams":[]}}');
  }

  /** Loses the connection. */
  cut(): void {
    this.#socket?.onclose?.({ code: 1006, reason: "" });
  }

  /** Sends an event. @param payload JSON */
  send(stream: string, payload: string): void {
    this.#write(`{"${stream}":${payload}}`);
  }

  /** When each subscription to a stream was asked for: milliseconds after the one before. */
  waits(stream: string): number[] {
    const times = this.requests
      .filter(({ event, streams }) => event === "subscribe" && streams.includes(stream))
      .map(({ at }) => at);
    return times.slice(1).map((at, before) => at - times[before]!);
  }

  /** The answer takes its time, as on a wire. */
  #received(text: string): void {
    setTimeout(() => this.#answer(text), ROUND_TRIP);
  }

  #answer(text: string): void {
    if (text === "ping") return this.#write("pong");
    const { event, streams } = JSON.parse(text) as Request;
    this.requests.push({ event, streams, at: performance.now() - ROUND_TRIP });
    for (const stream of streams) this.#held[event === "subscribe" ? "add" : "delete"](stream);
    const message = `${event}d`;
    this.#write(JSON.stringify({ success: { message, streams: [...this.#held] } }));
    if (event === "subscribe") { for (const stream of streams) this.onSubscribe(stream); }
  }

  #write(data: string): void {
    this.#socket?.onmessage?.({ data });
  }
}
