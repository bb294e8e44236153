import type { Audiences } from "./audiences.ts";
import type { EncodedEvent } from "./envelope.ts";
import { INCREMENT, type StreamStates } from "./stream_states.ts";
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
export class InitialStates {
  readonly #states: StreamStates;
  readonly #audiences: Audiences;

  constructor(feeds: StreamStates, audiences: Audiences) {
    this.#states = feeds;
    this.#audiences = audiences;
  }

  /** Owes a subscriber the states of streams that it began to follow this moment. */
  send(subscriber: Subscriber, names: readonly string[]): void {
    if (subscriber.pending) return this.#postpone(subscriber, names);
    // Once, also to those who begin to hold both an id and a stream of it.
    const owed = new Set<EncodedEvent>();
    for (const [at, name] of names.entries()) {
      for (const event of this.#stateOf(name)) {
        if (owed.has(event)) continue;
        if (!subscriber.outbox.hasRoom) return this.#postpone(subscriber, names.slice(at));
        owed.add(event);
        subscriber.offer(event);
      }
    }
  }

  /** Goes on with those that there was no room for. */
  resume(subscriber: Subscriber): void {
    const names = subscriber.pending;
    if (names === undefined) return;
    subscriber.pending = undefined;
    this.#audiences.subscribe(subscriber, names);
    this.send(subscriber, names);
  }

  /** The subscriber does not want these any more. */
  forget(subscriber: Subscriber, names: readonly string[]): void {
    if (!subscriber.pending) return;
    subscriber.pending = subscriber.pending.filter((name) => !names.includes(name));
  }

  #postpone(subscriber: Subscriber, names: readonly string[]): void {
    const later = names.filter(hasState);
    this.#audiences.unsubscribe(subscriber, later);
    subscriber.pending = [...subscriber.pending ?? [], ...later];
  }

  #stateOf(name: string): readonly EncodedEvent[] {
    if (!hasState(name)) return [];
    if (!name.includes(".")) return this.#states.eventsOfId(name);
    return this.#states.eventsOf(name.slice(0, -INCREMENT.length));
  }
}

/** Whether who begins to hold the name may be owed a state: increments do, and a whole id. */
function hasState(name: string): boolean {
  return name.endsWith(INCREMENT) || !name.includes(".");
}
