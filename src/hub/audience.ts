import type { SharedLog } from "../delivery/shared_log.ts";
import type { EncodedEvent, Wrapping } from "./envelope.ts";
import type { Subscriber } from "./subscriber.ts";

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
