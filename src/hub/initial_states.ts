import { roleOf, stateNameOf } from "../streams/stream_role.ts";
import type { EncodedEvent } from "./envelope.ts";
import type { StateBudget } from "./state_budget.ts";
import type { StreamStates } from "./stream_states.ts";
import type { Subscriber } from "./subscriber.ts";

/**
 * Sends new subscribers the state of each stream that has one, as much at a time as the outbox has
 * room for and the client's budget allows: the order books of a whole exchange are more than may wait
 * for one client.
 *
 * @example
 * ```ts
 * import { type StreamStates } from "./stream_states.ts";
 * import { type Subscriber } from "./subscriber.ts";
 * declare const [states, subscriber]: [StreamStates, Subscriber];
 * const initialStates = new InitialStates(states);
 * const pending = initialStates.send(subscriber, ["usdbtc.ob-inc"]); // [], if there was room
 * ```
 */
export class InitialStates {
  readonly #states: StreamStates;
  readonly #budget: StateBudget | undefined;

  /** @param budget left out if the bytes of states are not limited */
  constructor(states: StreamStates, budget?: StateBudget) {
    this.#states = states;
    this.#budget = budget;
  }

  /**
   * Offers a subscriber the states of streams.
   *
   * @returns the names whose state has to wait until the outbox has drained or the budget is refilled
   */
  send(subscriber: Subscriber, names: readonly string[]): readonly string[] {
    // A subscription to an id and to one of its streams includes the same state twice.
    const sent = new Set<EncodedEvent>();
    for (const [at, name] of names.entries()) {
      for (const event of this.#eventsOf(name)) {
        if (sent.has(event)) continue;
        if (!subscriber.outbox.hasRoom || this.#budget?.isSpent(subscriber)) {
          return names.slice(at).filter(mayHaveState);
        }
        sent.add(event);
        this.#budget?.charge(subscriber, event.bytes);
        subscriber.offer(event);
      }
    }
    return NO_NAMES;
  }

  /** Milliseconds until the budget allows the next state; `undefined` if it does not limit the client. */
  delayOf(subscriber: Subscriber): number | undefined {
    return this.#budget?.isSpent(subscriber) ? this.#budget.delay(subscriber) : undefined;
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
