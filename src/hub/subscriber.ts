import type { Outbox } from "../delivery/outbox.ts";
import type { SharedLog } from "../delivery/shared_log.ts";
import type { EncodedEvent, Wrapping } from "./envelope.ts";

/** One client, as far as the hub is concerned. */
export class Subscriber {
  /** What it is sent goes in here. */
  readonly outbox: Outbox;
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

  constructor(outbox: Outbox, wrapping: Wrapping) {
    this.outbox = outbox;
    this.wrapping = wrapping;
  }

  /**
   * Sends an event to this client alone, ahead of other clients' events.
   *
   * @param age milliseconds since it was published
   */
  sendUrgent(event: EncodedEvent, age: number): void {
    this.outbox.sendUrgent(event.frame(this.wrapping), age);
  }

  /**
   * Offers the client a state, which it needs before it can go on.
   *
   * @param age milliseconds since it was published, when it was just now
   */
  offer(event: EncodedEvent, age?: number): void {
    this.outbox.offer(event.frame(this.wrapping), age);
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

  /** @param log what is appended to it is sent to all of them */
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
    subscriber.outbox.attach(this.#log);
  }

  /** The subscriber is in another one from here on, or has gone. */
  remove(subscriber: Subscriber): void {
    this.#subscribers.delete(subscriber);
    subscriber.audience = undefined;
    subscriber.outbox.attach(undefined);
  }

  /**
   * Sends an event to all of them.
   *
   * @param age milliseconds since it was published
   */
  send(event: EncodedEvent, age: number): void {
    this.#log.append(event.frame(this.wrapping), age);
  }

  /** Offers all of them a state, which they need before they can go on. */
  offer(event: EncodedEvent, age: number): void {
    for (const subscriber of this.#subscribers) subscriber.offer(event, age);
  }
}
