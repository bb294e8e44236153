import type { Audiences } from "./audiences.ts";
import { InitialStates, type InitialStateSources, type WaitingFor } from "./initial_states.ts";
import type { StateBudget } from "./state_budget.ts";
import { StateTurns } from "./state_turns.ts";
import type { Subscriber } from "./subscriber.ts";

/** The part of a subscriber that only {@linkcode Subscriptions} changes. */
interface Changeable {
  readonly streams: Set<string>;
  pending: readonly string[] | undefined;
}

/**
 * Changes what subscribers are subscribed to: their streams, the ones among them that wait for
 * their state, and the audience that receives the others.
 *
 * A subscription takes two steps, so that the client's answer can be sent between them: `add`
 * records the names, `start` sends the states and joins the audience.
 *
 * @example
 * ```ts
 * import { type Subscriber } from "./subscriber.ts";
 * declare const [subscriptions, subscriber]: [Subscriptions, Subscriber];
 * subscriptions.add(subscriber, ["usdbtc.ob-inc"]);
 * subscriptions.start(subscriber, ["usdbtc.ob-inc"]);
 * subscriptions.resume(subscriber); // when the outbox has drained
 * ```
 */
export class Subscriptions {
  readonly #audiences: Audiences;
  readonly #initialStates: InitialStates;
  /** Subscribers that wait because all together were sent as much as fits into a turn. */
  readonly #turns = new StateTurns<Subscriber>((subscriber) => this.resume(subscriber));
  /** Subscribers that wait for their budget of states to be refilled. */
  readonly #timers = new Map<Subscriber, ReturnType<typeof setTimeout>>();

  /** @param budget left out if the bytes of states are not limited for each subscriber */
  constructor(audiences: Audiences, sources: InitialStateSources, budget?: StateBudget) {
    this.#audiences = audiences;
    this.#initialStates = new InitialStates(sources, this.#turns, budget);
  }

  /** Records streams as subscribed. Their events begin with `start`. */
  add(subscriber: Subscriber, names: readonly string[]): void {
    const { streams } = changeable(subscriber);
    for (const name of names) streams.add(name);
  }

  /**
   * Sends the states of streams that were added, and then their events. A state that the outbox
   * has no room for, or the budget does not allow yet, waits, and so do the stream's events: each
   * begins with the state as of then.
   */
  start(subscriber: Subscriber, names: readonly string[]): void {
    const { streams, pending } = subscriber;
    // States are sent in the order subscribed: while some wait, further ones wait as well.
    const deferred = pending ? undefined : this.#initialStates.send(subscriber, names);
    const later = pending
      ? names.filter((name) => this.#initialStates.mayHaveState(name))
      : deferred?.names ?? [];
    // What was sent since `add` may have closed the connection, which ended its subscriptions.
    if (streams.size === 0) return;
    if (later.length === 0) return this.#audiences.subscribe(subscriber, names);
    changeable(subscriber).pending = pending ? [...pending, ...later] : later;
    if (deferred) this.#resumeLater(subscriber, deferred.waitingFor);
    const waiting = new Set(later);
    this.#audiences.subscribe(subscriber, names.filter((name) => !waiting.has(name)));
  }

  /** Continues with the streams whose state did not fit, once the outbox has drained. */
  resume(subscriber: Subscriber): void {
    const { pending } = subscriber;
    if (pending === undefined) return;
    changeable(subscriber).pending = undefined;
    this.start(subscriber, pending);
  }

  /** Ends subscriptions. */
  remove(subscriber: Subscriber, names: readonly string[]): void {
    const own = changeable(subscriber);
    for (const name of names) own.streams.delete(name);
    this.#audiences.unsubscribe(subscriber, names);
    if (own.pending === undefined) return;
    const ended = new Set(names);
    own.pending = own.pending.filter((name) => !ended.has(name));
  }

  /** Ends all subscriptions of a subscriber. */
  clear(subscriber: Subscriber): void {
    const own = changeable(subscriber);
    own.streams.clear();
    own.pending = undefined;
    this.#stopTimer(subscriber);
    this.#audiences.remove(subscriber);
  }

  /**
   * Stops what a subscriber receives, as long as it is behind. It stays subscribed.
   *
   * @returns the streams that it received, and those that wait for their state
   */
  suspend(subscriber: Subscriber): {
    readonly live: readonly string[];
    readonly pending: readonly string[];
  } {
    const own = changeable(subscriber);
    const live = [...subscriber.audience?.names ?? []];
    const { pending = [] } = subscriber;
    own.pending = undefined;
    this.#stopTimer(subscriber);
    this.#audiences.remove(subscriber);
    return { live, pending };
  }

  /** Continues with the streams that a subscriber received before, without their states. */
  rejoin(subscriber: Subscriber, live: readonly string[]): void {
    this.#audiences.subscribe(subscriber, live);
  }

  #stopTimer(subscriber: Subscriber): void {
    clearTimeout(this.#timers.get(subscriber));
    this.#timers.delete(subscriber);
    this.#turns.remove(subscriber);
  }

  #resumeLater(subscriber: Subscriber, waitingFor: WaitingFor): void {
    if (waitingFor === "turn") {
      this.#turns.wait(subscriber, this.#initialStates.budgetUsed(subscriber));
    } else if (waitingFor === "budget" && !this.#timers.has(subscriber)) {
      const timer = setTimeout(() => {
        this.#timers.delete(subscriber);
        this.resume(subscriber);
      }, this.#initialStates.budgetDelay(subscriber));
      this.#timers.set(subscriber, timer);
    }
  }
}

function changeable(subscriber: Subscriber): Changeable {
  return subscriber as unknown as Changeable;
}
