import type { WebSocketLike } from "../../client/src/mod.ts";

/** Time from a request to its answer, in milliseconds. */
export const ROUND_TRIP = 2;

/** A request from the client. */
export interface Request {
  readonly event: "subscribe" | "unsubscribe";
  readonly streams: readonly string[];
  /** Number of recent events to begin with. */
  readonly last?: number | undefined;
  /** `performance.now()` */
  readonly at: number;
}

/** The server's end of a WebSocket. */
interface Socket extends WebSocketLike {
  onopen: (() => void) | null;
  onmessage: ((event: { data: string }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
}

/**
 * A server in this process, without sockets or a clock. It models the subscriptions, answers and
 * first snapshots of docs/protocol.md, sections 3 and 6. One connection at a time.
 *
 * @example
 * ```ts
 * import { connect } from "@ranger-ws/client";
 * const server = new FakeServer();
 * server.onSubscribe = () => server.send("btcusd.ob-snap", '{"asks":[],"bids":[]}');
 * const ranger = connect("ws://fake/", { WebSocket: server.WebSocket });
 * server.accept();
 * ```
 */
export class FakeServer {
  /** All requests, in order. */
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

  /** Accepts the client's connection. */
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

  /** Milliseconds between consecutive subscriptions to a stream. */
  waits(stream: string): number[] {
    const times = this.requests
      .filter(({ event, streams }) => event === "subscribe" && streams.includes(stream))
      .map(({ at }) => at);
    return times.slice(1).map((at, before) => at - times[before]!);
  }

  /** Answers after the round-trip time. */
  #received(text: string): void {
    setTimeout(() => this.#answer(text), ROUND_TRIP);
  }

  #answer(text: string): void {
    if (text === "ping") return this.#write("pong");
    const { event, streams, last } = JSON.parse(text) as Request;
    this.requests.push({ event, streams, last, at: performance.now() - ROUND_TRIP });
    for (const stream of streams) this.#held[event === "subscribe" ? "add" : "delete"](stream);
    const message = `${event}d`;
    this.#write(JSON.stringify({ success: { message, streams: [...this.#held] } }));
    if (event === "subscribe") { for (const stream of streams) this.onSubscribe(stream); }
  }

  #write(data: string): void {
    this.#socket?.onmessage?.({ data });
  }
}
