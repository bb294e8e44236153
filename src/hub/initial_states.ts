import { roleOf, stateNameOf } from "../streams/stream_role.ts";
import type { DerivedStreams } from "./derived_streams.ts";
import type { EncodedEvent } from "./envelope.ts";
import type { LatestValues } from "./latest_values.ts";
import type { StateBudget } from "./state_budget.ts";
import type { StateTurns } from "./state_turns.ts";
import type { StreamStates } from "./stream_states.ts";
import type { Subscriber } from "./subscriber.ts";

/** What new subscribers are sent. */
export interface InitialStateSources {
  readonly states: StreamStates;
  readonly latest: LatestValues;
  readonly derived: DerivedStreams;
}

/** What resumes the states that wait. Decided once: asked again, the answer may differ. */
export type WaitingFor =
  /** The outbox has to drain. */
  | "room"
  /** The client's budget has to be refilled. */
  | "budget"
  /** All clients together were sent as much as fits into this turn. */
  | "turn";

/** The names whose state has to wait, and what for. */
export interface DeferredStates {
  readonly names: readonly string[];
  readonly waitingFor: WaitingFor;
}

/**
 * Sends new subscribers the state or the latest value of each stream that has one, as much at a time
 * as the outbox has room for, the client's budget allows and the turn of all clients allows: the
 * order books of a whole exchange are more than may wait for one client.
 *
 * @example
 * ```ts
 * import { type Subscriber } from "./subscriber.ts";
 * declare const [initialStates, subscriber]: [InitialStates, Subscriber];
 * initialStates.send(subscriber, ["usdbtc.ob-inc"]); // undefined, if all was sent
 * ```
 */
export class InitialStates {
  readonly #sources: InitialStateSources;
  readonly #turns: StateTurns<Subscriber>;
  readonly #budget: StateBudget | undefined;

  /**
   * @param turns paces the states of all clients together
   * @param budget left out if the bytes of states are not limited for each client
   */
  constructor(sources: InitialStateSources, turns: StateTurns<Subscriber>, budget?: StateBudget) {
    this.#sources = sources;
    this.#turns = turns;
    this.#budget = budget;
  }

  /**
   * Offers a subscriber the states of streams.
   *
   * @returns the names whose state has to wait; `undefined` if all states were offered
   */
  send(subscriber: Subscriber, names: readonly string[]): DeferredStates | undefined {
    // A subscription to an id and to one of its streams includes the same state twice.
    const sent = new Set<EncodedEvent>();
    for (const [at, name] of names.entries()) {
      const waitingFor = this.#mustWait(subscriber, name);
      if (waitingFor) return { names: this.#stateful(names.slice(at)), waitingFor };
      for (const event of this.#eventsOf(name)) {
        if (sent.has(event)) continue;
        if (!subscriber.outbox.hasRoom) {
          return { names: this.#stateful(names.slice(at)), waitingFor: "room" };
        }
        sent.add(event);
        this.#budget?.charge(subscriber, event.bytes);
        this.#turns.charge(event.bytes);
        subscriber.offer(event);
      }
    }
    return undefined;
  }

  /** Counts a client that waits for its budget. @returns milliseconds until it is to be resumed */
  budgetDelay(subscriber: Subscriber): number {
    return this.#budget?.delay(subscriber) ?? 0;
  }

  /** The part of its budget that a client has used: 0 for none, 1 for all. */
  budgetUsed(subscriber: Subscriber): number {
    return this.#budget?.used(subscriber) ?? 0;
  }

  /**
   * Whether a name has to wait before any state of it is looked at, which may have to be encoded.
   * Not asked between the states of one id: the next try begins with the first of them.
   */
  #mustWait(subscriber: Subscriber, name: string): WaitingFor | undefined {
    if (!this.mayHaveState(name) || !this.#hasState(name)) return undefined;
    if (this.#budget?.isSpent(subscriber)) return "budget";
    if (this.#turns.isSpent) return "turn";
    return subscriber.outbox.hasRoom ? undefined : "room";
  }

  #hasState(name: string): boolean {
    const { states, latest, derived } = this.#sources;
    if (isId(name)) return states.hasEventsOfId(name) || latest.hasOfId(name);
    if (roleOf(name) === "increment") return states.hasEventsOf(stateNameOf(name));
    return latest.of(name) !== undefined || derived.hasCurrent(name);
  }

  #stateful(names: readonly string[]): string[] {
    return names.filter((name) => this.mayHaveState(name));
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

const NO_EVENTS: readonly EncodedEvent[] = [];

/** Whether the name stands for all streams of an id. */
function isId(name: string): boolean {
  return !name.includes(".");
}
