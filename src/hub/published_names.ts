/** An exchange has fewer streams. */
const MAX_NAMES = 20_000;

/**
 * The names that the exchange publishes under, and no others: what clients make up is not in it.
 * Bounded: where the exchange publishes under names without end, the oldest are forgotten first.
 *
 * @example
 * ```ts
 * const published = new PublishedNames();
 * published.note("usdbtc.trades", "usdbtc");
 * [...published]; // ["usdbtc.trades", "usdbtc"]
 * ```
 */
export class PublishedNames implements Iterable<string> {
  readonly #names = new Set<string>();
  readonly #ids = new Set<string>();
  readonly #max: number;

  constructor(max: number = MAX_NAMES) {
    this.#max = max;
  }

  /**
   * An event has arrived.
   *
   * @param name of its stream
   * @param id of public events: it may be subscribed as well
   */
  note(name: string, id?: string): void {
    // For every event, so what is known costs one look.
    if (this.#names.has(name)) return;
    this.#add(name);
    if (id === undefined) return;
    if (!this.#names.has(id)) this.#add(id);
    this.#ids.add(id);
  }

  /** Whether public events of this id have arrived. */
  isId(word: string): boolean {
    return this.#ids.has(word);
  }

  [Symbol.iterator](): IterableIterator<string> {
    return this.#names.values();
  }

  #add(name: string): void {
    if (this.#names.size >= this.#max) {
      const [oldest] = this.#names;
      this.#names.delete(oldest!);
      this.#ids.delete(oldest!);
    }
    this.#names.add(name);
  }
}
