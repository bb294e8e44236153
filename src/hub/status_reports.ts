import { incrementsOf, roleOf, stateNameOf } from "../streams/stream_role.ts";
import type { Audiences } from "./audiences.ts";
import type { Message } from "./message.ts";
import { eventsMayBeMissing, SOURCE_DOWN, SOURCE_UP, stale } from "./status_messages.ts";
import type { StreamStateName, StreamStates } from "./stream_states.ts";
import type { Subscriber } from "./subscriber.ts";

/**
 * Reports to the subscribers that asked for it whether their data is complete (protocol, section 9).
 * One that is behind learns what still holds when it has caught up.
 *
 * @example
 * ```ts ignore
 * const reports = new StatusReports(states, audiences);
 * reports.add(subscriber); // "source down", if it is
 * reports.stale("usdbtc.ob"); // an increment is missing
 * ```
 */
export class StatusReports {
  readonly #states: StreamStates;
  readonly #audiences: Audiences;
  readonly #subscribers = new Set<Subscriber>();
  #sourceIsUp = false;

  constructor(states: StreamStates, audiences: Audiences) {
    this.#states = states;
    this.#audiences = audiences;
  }

  add(subscriber: Subscriber): void {
    if (!subscriber.format.status) return;
    this.#subscribers.add(subscriber);
    if (!this.#sourceIsUp) subscriber.tell(SOURCE_DOWN);
  }

  remove(subscriber: Subscriber): void {
    this.#subscribers.delete(subscriber);
  }

  sourceUp(): void {
    if (this.#sourceIsUp) return;
    this.#sourceIsUp = true;
    this.#tellAll(() => SOURCE_UP);
  }

  sourceDown(): void {
    if (!this.#sourceIsUp) return;
    this.#sourceIsUp = false;
    this.#tellAll(() => SOURCE_DOWN);
  }

  /** Reports which of these streams, just subscribed, have no current state. */
  reportStale(subscriber: Subscriber, names: readonly string[]): void {
    if (!subscriber.format.status) return;
    const without = new Set<string>();
    for (const name of names) {
      if (!name.includes(".")) {
        for (const base of this.#states.staleOfId(name)) without.add(incrementsOf(base));
      } else if (roleOf(name) === "increment" && !this.#states.hasEventsOf(stateNameOf(name))) {
        without.add(name);
      }
    }
    if (without.size > 0) subscriber.tell(stale([...without]));
  }

  /** A state is not current any more. */
  stale(base: string): void {
    if (this.#subscribers.size === 0) return;
    const stream = incrementsOf(base);
    const audiences = new Set(this.#audiences.of(stream));
    const [id = "", , isPrefixed] = base.split(".");
    if (isPrefixed === undefined) {
      for (const audience of this.#audiences.of(id)) audiences.add(audience);
    }
    const message = stale([stream]);
    for (const audience of audiences) if (audience.format.status) audience.tell(message);
  }

  /** These states are about to be stale. */
  allStale(states: Iterable<StreamStateName>): void {
    if (this.#subscribers.size === 0) return;
    const streams = new Set<string>();
    const byId = new Map<string, string[]>();
    for (const { base, id } of states) {
      const stream = incrementsOf(base);
      streams.add(stream);
      if (id !== undefined) byId.set(id, [...byId.get(id) ?? [], stream]);
    }
    this.#tellAll((subscriber) => {
      const held = new Set<string>();
      for (const name of subscriber.streams) {
        if (streams.has(name)) held.add(name);
        for (const stream of byId.get(name) ?? []) held.add(stream);
      }
      return held.size > 0 ? stale([...held]) : undefined;
    });
  }

  /** Events were lost. @param plainOf the plain streams of a subscriber */
  eventsMayBeMissing(plainOf: (subscriber: Subscriber) => readonly string[]): void {
    this.#tellAll((subscriber) => {
      const names = plainOf(subscriber);
      return names.length > 0 ? eventsMayBeMissing(names) : undefined;
    });
  }

  #tellAll(messageFor: (subscriber: Subscriber) => Message | undefined): void {
    for (const subscriber of this.#subscribers) {
      if (subscriber.isBehind) continue;
      const message = messageFor(subscriber);
      if (message) subscriber.tell(message);
    }
  }
}
