import { roleOf, stateNameOf } from "../streams/stream_role.ts";
import type { DerivedStreams } from "./derived_streams.ts";
import type { EncodedEvent } from "./envelope.ts";
import type { LatestValues } from "./latest_values.ts";
import type { StateBudget } from "./state_budget.ts";
import type { StreamStates } from "./stream_states.ts";
import type { Subscriber } from "./subscriber.ts";

/** What new subscribers are sent. */
export interface InitialStateSources {
  readonly states: StreamStates;
  readonly latest: LatestValues;
  readonly derived: DerivedStreams;
}

/**
 * Sends new subscribers the state or the latest value of each stream that has one, as much at a time as the outbox has
 * room for and the client's budget allows: the order books of a whole exchange are more than may wait
 * for one client.
 *
 * @example
 * ```ts ignore
 * const initialStates = new InitialStates({ states, latest, derived });
 * const pending = initialStates.send(subscriber, ["usdbtc.ob-inc"]); // [], if there was room
 * ```
 */
export class InitialStates {
  readonly #sources: InitialStateSources;
  readonly #budget: StateBudget | undefined;

  /** @param budget left out if the bytes of states are not limited */
  constructor(sources: InitialStateSources, budget?: StateBudget) {
    this.#sources = sources;
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
          return names.slice(at).filter((later) => this.mayHaveState(later));
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

  /** Whether a subscription to the name may begin with a state or a latest value. */
  mayHaveState(name: string): boolean {
    return isId(name) || roleOf(name) === "increment" || this.#sources.latest.keeps(name);
  }

  #eventsOf(name: string): readonly EncodedEvent[] {
    const { states, latest, derived } = this.#sources;
    if (isId(name)) return [...states.eventsOfId(name), ...latest.ofId(name)];
    if (roleOf(name) === "increment") return states.eventsOf(stateNameOf(name));
    const value = latest.of(name) ?? derived.current(name);
    return value ? [value] : NO_EVENTS;
  }
}

const NO_NAMES: readonly string[] = [];
const NO_EVENTS: readonly EncodedEvent[] = [];

/** Whether the name stands for all streams of an id. */
function isId(name: string): boolean {
  return !name.includes(".");
}
