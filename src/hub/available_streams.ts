/** Milliseconds after which a name without events leaves the list, or up to twice as long. */
const GENERATION_MS = 12 * 3_600_000;

/** Names of one generation: an exchange has fewer streams. */
const MAX_NAMES = 20_000;

/** Names in the list that clients get. */
const MAX_LISTED = 1000;

/**
 * The public streams of which events came in lately: within the last twelve to twenty-four hours,
 * since a quiet market publishes nothing for hours.
 *
 * @example
 * ```ts
 * const available = new AvailableStreams();
 * available.note("usdbtc.trades");
 * available.list(); // ["usdbtc.trades"]
 * ```
 */
export class AvailableStreams {
  readonly #now: () => number;
  #current = new Set<string>();
  #previous: ReadonlySet<string> = new Set();
  #beganAt: number;
  #listed: readonly string[] | undefined;

  /** @param now milliseconds of a clock that never goes back */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#beganAt = now();
  }

  /** An event of this public stream has arrived. @returns whether its name is new to the list */
  note(name: string): boolean {
    // For every event, so a known name costs one look.
    if (this.#current.has(name) || this.#current.size >= MAX_NAMES) return false;
    this.#current.add(name);
    const isNew = !this.#previous.has(name);
    if (isNew) this.#listed = undefined;
    return isNew;
  }

  /** The names, sorted by code point; at most a thousand. The same array until it changes. */
  list(): readonly string[] {
    this.#forgetOld();
    return this.#listed ??= [...this.#previous.union(this.#current)].sort().slice(0, MAX_LISTED);
  }

  #forgetOld(): void {
    const generations = Math.floor((this.#now() - this.#beganAt) / GENERATION_MS);
    if (generations === 0) return;
    this.#beganAt += generations * GENERATION_MS;
    this.#previous = generations === 1 ? this.#current : new Set();
    this.#current = new Set();
    this.#listed = undefined;
  }
}
