import type { Audiences } from "./audiences.ts";
import type { EncodedEvent } from "./envelope.ts";
import { type Feeds, INCREMENT } from "./stream_states.ts";
import type { Subscriber } from "./subscriber.ts";

/**
 * Gives those who begin to follow streams the state of each, so much at a time as their connection
 * has room for: the books of a whole exchange are more than may wait for a client, however fast it
 * reads. The rest is not followed until it is their turn, so that each begins with its state as of
 * then.
 *
 * @example
 * ```ts
 * const greetings = new Greetings(feeds, audiences);
 * greetings.greet(subscriber, ["usdbtc.ob-inc"]); // once it follows that name
 * greetings.greetOn(subscriber); // when its connection is drained
 * ```
 */
export class Greetings {
  readonly #feeds: Feeds;
  readonly #audiences: Audiences;

  constructor(feeds: Feeds, audiences: Audiences) {
    this.#feeds = feeds;
    this.#audiences = audiences;
  }

  /** Owes a subscriber the states of streams that it began to follow this moment. */
  greet(subscriber: Subscriber, names: readonly string[]): void {
    if (subscriber.ungreeted) return this.#leaveForLater(subscriber, names);
    // Once, also to those who begin to hold both an id and a stream of it.
    const owed = new Set<EncodedEvent>();
    for (const [at, name] of names.entries()) {
      for (const event of this.#stateOf(name)) {
        if (owed.has(event)) continue;
        if (!subscriber.outbox.hasRoom) return this.#leaveForLater(subscriber, names.slice(at));
        owed.add(event);
        subscriber.offer(event);
      }
    }
  }

  /** Goes on with those that there was no room for. */
  greetOn(subscriber: Subscriber): void {
    const names = subscriber.ungreeted;
    if (names === undefined) return;
    subscriber.ungreeted = undefined;
    this.#audiences.follow(subscriber, names);
    this.greet(subscriber, names);
  }

  /** The subscriber does not want these any more. */
  forget(subscriber: Subscriber, names: readonly string[]): void {
    if (!subscriber.ungreeted) return;
    subscriber.ungreeted = subscriber.ungreeted.filter((name) => !names.includes(name));
  }

  #leaveForLater(subscriber: Subscriber, names: readonly string[]): void {
    const later = names.filter(hasState);
    this.#audiences.leave(subscriber, later);
    subscriber.ungreeted = [...subscriber.ungreeted ?? [], ...later];
  }

  #stateOf(name: string): readonly EncodedEvent[] {
    if (!hasState(name)) return [];
    if (!name.includes(".")) return this.#feeds.currentOf(name);
    return this.#feeds.current(name.slice(0, -INCREMENT.length));
  }
}

/** Whether who begins to hold the name may be owed a state: increments do, and a whole id. */
function hasState(name: string): boolean {
  return name.endsWith(INCREMENT) || !name.includes(".");
}
