import type { SharedLog } from "../delivery/shared_log.ts";
import type { WebSocketConnection } from "../websocket/connection.ts";
import type { EncodedEvent, Wrapping } from "./envelope.ts";

/** One client, as far as the hub is concerned. */
export class Subscriber {
  readonly connection: WebSocketConnection;
  readonly wrapping: Wrapping;
  /** Names of the streams held, in the order subscribed. */
  readonly streams: Set<string> = new Set();
  /**
   * Of those, the ones whose state there was no room for yet, and which are not followed until
   * there is; `undefined` when there are none.
   */
  ungreeted: string[] | undefined;
  /** Those who follow the same streams; `undefined` while it follows none. The hub keeps it. */
  audience: Audience | undefined;
  /** Whose private events it gets; `undefined` while anonymous. The hub keeps it. */
  uid: string | undefined;

  constructor(connection: WebSocketConnection, wrapping: Wrapping) {
    this.connection = connection;
    this.wrapping = wrapping;
  }

  /** Owes one event to this client alone, as the client reads it. */
  send(event: EncodedEvent): void {
    this.connection.send(event.frame(this.wrapping));
  }

  /** Owes the client a state, which it needs before it can go on. */
  offer(event: EncodedEvent): void {
    this.connection.offer(event.frame(this.wrapping));
  }
}

/**
 * Subscribers that follow the same streams and are written to alike: an event is work for each
 * audience, not for each subscriber.
 */
export class Audience {
  /** The names that they all follow. */
  readonly names: ReadonlySet<string>;
  readonly wrapping: Wrapping;
  readonly #subscribers = new Set<Subscriber>();
  readonly #log: SharedLog;

  /** @param log what is appended to it is owed to all of them */
  constructor(names: ReadonlySet<string>, wrapping: Wrapping, log: SharedLog) {
    this.names = names;
    this.wrapping = wrapping;
    this.#log = log;
  }

  /** Subscribers in it. */
  get size(): number {
    return this.#subscribers.size;
  }

  add(subscriber: Subscriber): void {
    this.#subscribers.add(subscriber);
    subscriber.audience = this;
    subscriber.connection.attach(this.#log);
  }

  /** The subscriber is in another one from here on, or has gone. */
  remove(subscriber: Subscriber): void {
    this.#subscribers.delete(subscriber);
    subscriber.audience = undefined;
    subscriber.connection.attach(undefined);
  }

  /** Owes the event to all of them. */
  send(event: EncodedEvent): void {
    this.#log.append(event.frame(this.wrapping));
  }

  /** Owes all of them a state, which they need before they can go on. */
  offer(event: EncodedEvent): void {
    for (const subscriber of this.#subscribers) subscriber.offer(event);
  }
}
