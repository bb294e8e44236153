import { roleOf, stateNameOf } from "../streams/stream_role.ts";
import type { EncodedEvent } from "./envelope.ts";
import type { StreamStates } from "./stream_states.ts";
import type { Subscriber } from "./subscriber.ts";

/**
 * Sends new subscribers the state of each stream that has one, as much at a time as the outbox has
 * room for: the order books of a whole exchange are more than may wait for one client.
 *
 * @example
 * ```ts ignore
 * const initialStates = new InitialStates(states);
 * const pending = initialStates.send(subscriber, ["usdbtc.ob-inc"]); // [], if there was room
 * ```
 */
export class InitialStates {
  readonly #states: StreamStates;

  constructor(states: StreamStates) {
    this.#states = states;
  }

  /**
   * Offers a subscriber the states of streams.
   *
   * @returns the names whose state has to wait until the outbox has drained
   */
  send(subscriber: Subscriber, names: readonly string[]): readonly string[] {
    // A subscription to an id and to one of its streams includes the same state twice.
    const sent = new Set<EncodedEvent>();
    for (const [at, name] of names.entries()) {
      for (const event of this.#eventsOf(name)) {
        if (sent.has(event)) continue;
        if (!subscriber.outbox.hasRoom) return names.slice(at).filter(mayHaveState);
        sent.add(event);
        subscriber.offer(event);
      }
    }
    return NO_NAMES;
  }

  #eventsOf(name: string): readonly EncodedEvent[] {
    if (isId(name)) return this.#states.eventsOfId(name);
    return roleOf(name) === "increment" ? this.#states.eventsOf(stateNameOf(name)) : [];
  }
}

const NO_NAMES: readonly string[] = [];

/** Whether a subscription to the name may begin with a state: increments, and all of an id. */
export function mayHaveState(name: string): boolean {
  return isId(name) || roleOf(name) === "increment";
}

/** Whether the name stands for all streams of an id. */
function isId(name: string): boolean {
  return !name.includes(".");
}
