/** Milliseconds between the first and the last connection of a round, at most. */
const SPREAD_MS = 50;
/** What a connection that is behind sends at once, at most: as much as in this part of a second. */
const CATCHES_UP = 0.5;

/** Messages that a connection sends at once, at most, where it is late. */
export function mostAtOnce(rate: number): number {
  return Math.max(1, Math.floor(rate * CATCHES_UP));
}

/**
 * When each of many connections sends, with one clock for all of them. They send in rounds: all
 * within 50 milliseconds, then all again when the rate allows. Where the sender is late by whole
 * rounds, a lap has several of them in it, so that fewer writes send as many messages.
 *
 * @example
 * ```ts
 * declare const send: (connection: number, messages: number) => void;
 * const laps = new Laps(1000, 19);
 * for (let now = 0; now < 5000; now++) {
 *   for (; laps.due <= now; laps.advance(now)) send(laps.connection, laps.messages);
 * }
 * ```
 */
export class Laps {
  readonly #connections: number;
  readonly #period: number;
  readonly #spread: number;
  readonly #most: number;
  /** Rounds of the laps that are over, and those that were given up. */
  #rounds = 0;
  #messages = 1;
  #connection = 0;

  /** @param rate messages per second and connection */
  constructor(connections: number, rate: number) {
    this.#connections = connections;
    this.#period = 1000 / rate;
    this.#spread = Math.min(SPREAD_MS, this.#period) / connections;
    this.#most = mostAtOnce(rate);
  }

  /** The number of the connection whose turn it is. */
  get connection(): number {
    return this.#connection;
  }

  /** Messages that it is to send at once. */
  get messages(): number {
    return this.#messages;
  }

  /** When it is to send them, in milliseconds from the start. */
  get due(): number {
    const rounds = this.#rounds + this.#messages - 1;
    return rounds * this.#period + this.#connection * this.#spread;
  }

  /** Goes on to the next connection; after the last one to the rounds that are due then. */
  advance(now: number): void {
    if (++this.#connection < this.#connections) return;
    this.#connection = 0;
    this.#rounds += this.#messages;
    const behind = Math.floor(now / this.#period) + 1 - this.#rounds;
    this.#messages = Math.min(Math.max(behind, 1), this.#most);
    // What is more than that cannot be made up for without breaking the limits.
    this.#rounds += Math.max(0, behind - this.#messages);
  }
}
