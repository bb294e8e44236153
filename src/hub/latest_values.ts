import type { Registry } from "../streams/registry.ts";
import type { EncodedEvent } from "./envelope.ts";

/** Memory of an event that is kept, besides its payload: objects and the ends of its frame. */
const BYTES_PER_VALUE = 300;

/** Names whose kind is remembered; clients and the exchange choose names. */
const MAX_CACHED_NAMES = 20_000;

/** Bounds of the values' memory. */
export interface LatestLimits {
  /** Number of streams whose value is kept. */
  readonly states: number;
  /** Bytes of all values, and of what `others` says. */
  readonly stateBytes: number;
}

/**
 * The latest value of each stream whose payloads are whole values, such as tickers and candles
 * (protocol, section 10): a new subscriber is sent it at once. They stay when the source is
 * interrupted, since they are what earlier subscribers have as well.
 *
 * @example
 * ```ts
 * import type { EncodedEvent } from "./envelope.ts";
 * declare const [latest, event]: [LatestValues, EncodedEvent];
 * if (latest.keeps("usdbtc.kline-1m")) latest.set("usdbtc.kline-1m", event);
 * latest.of("usdbtc.kline-1m"); // for a new subscriber
 * ```
 */
export class LatestValues {
  readonly #registry: Registry;
  readonly #limits: LatestLimits;
  readonly #others: () => number;
  readonly #keeps = new Map<string, boolean>();
  readonly #values = new Map<string, EncodedEvent>();
  readonly #ofId = new Map<string, Set<string>>();
  #bytes = 0;

  /** @param others bytes that count against the same limit */
  constructor(registry: Registry, limits: LatestLimits, others: () => number) {
    this.#registry = registry;
    this.#limits = limits;
    this.#others = others;
  }

  /** Estimated memory of all values. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The number of values. */
  get size(): number {
    return this.#values.size;
  }

  /** Whether the latest value of a public stream is kept. */
  keeps(name: string): boolean {
    const known = this.#keeps.get(name);
    if (known !== undefined) return known;
    const keeps = this.#registry.find("public", name)?.isWholeValue ?? false;
    if (this.#keeps.size >= MAX_CACHED_NAMES) this.#keeps.clear();
    this.#keeps.set(name, keeps);
    return keeps;
  }

  /** Keeps the value of a stream in place of the one before, where there is room. */
  set(name: string, event: EncodedEvent): void {
    const before = this.#values.get(name);
    if (before) this.#bytes -= memoryOf(before);
    const bytes = memoryOf(event);
    const hasRoom = (before !== undefined || this.#values.size < this.#limits.states) &&
      this.#bytes + bytes + this.#others() <= this.#limits.stateBytes;
    if (!hasRoom) {
      if (before) this.#forget(name);
      return;
    }
    this.#bytes += bytes;
    this.#values.set(name, event.keep());
    if (!before) this.#index(name);
  }

  /** The latest value of a stream, if there is one. */
  of(name: string): EncodedEvent | undefined {
    return this.#values.get(name);
  }

  /** Whether there are values of an id. */
  hasOfId(id: string): boolean {
    return this.#ofId.has(id);
  }

  /** The latest values of all public streams of an id. */
  ofId(id: string): readonly EncodedEvent[] {
    const names = this.#ofId.get(id);
    return names ? [...names].map((name) => this.#values.get(name)!) : [];
  }

  #index(name: string): void {
    const id = idOf(name);
    const names = this.#ofId.get(id);
    if (names) names.add(name);
    else this.#ofId.set(id, new Set([name]));
  }

  #forget(name: string): void {
    this.#values.delete(name);
    const id = idOf(name);
    const names = this.#ofId.get(id)!;
    names.delete(name);
    if (names.size === 0) this.#ofId.delete(id);
  }
}

/** Once as published, once in the frame that subscribers are sent. */
function memoryOf(event: EncodedEvent): number {
  return 2 * event.bytes + BYTES_PER_VALUE;
}

/** `usdbtc` of `usdbtc.kline-1m`. */
function idOf(name: string): string {
  return name.slice(0, name.indexOf("."));
}
