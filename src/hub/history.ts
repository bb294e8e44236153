/**
 * The recent events of plain streams, for all users, in bounded memory: what a client that was away
 * or reads slowly has missed.
 */
import { HistoryRange, type LinkedEvents, NOWHERE } from "./history_range.ts";

/** The bounds of a history; it is empty if either is 0. */
export interface HistoryLimits {
  /** Seconds that an event is kept, at most. */
  readonly seconds: number;
  /** Bytes of everything that is kept, at most. */
  readonly bytes: number;
}

/** An event to be kept. */
export interface KeptEvent {
  /** Its number in the log, above those of all events before it. */
  readonly offset: number;
  /** Milliseconds since it was published. */
  readonly age: number;
  /** What it is found by: the name of its stream, or that and its user (see {@linkcode userKey}). */
  readonly key: string;
  /** What else it is found by: the id of a public event. */
  readonly id: string | undefined;
  /** The stream's name, as clients receive it. */
  readonly name: string;
  /** It is copied. */
  readonly body: Uint8Array;
  /** Whether the body is known to be JSON. */
  readonly isChecked: boolean;
}

/** The key of a user's private stream. Names of streams have no line break. */
export function userKey(uid: string, event: string): string {
  return `${uid}\n${event}`;
}

/** The key of the reports of losses, which are kept between the events. */
export const LOSSES = "\n";

/**
 * Events with the same key, or with the same id, as a list that is linked both ways. It outlives its
 * events, because it knows up to which offset nothing is missing.
 */
interface Chain {
  readonly index: number;
  readonly key: string;
  readonly name: string;
  /** Field of a record that links to the event before in this chain; the next one is behind it. */
  readonly link: typeof KEY_LINK | typeof ID_LINK;
  /** Positions of the oldest and of the newest event; {@linkcode NOWHERE} when it has none. */
  first: number;
  last: number;
  /** Offset up to which events may have been removed. */
  removed: number;
}

/**
 * A record begins with its offset in the log, as a double, then has seven or eight fields of four
 * bytes, then the body. Links are in units of eight bytes from the beginning of the buffer.
 */
const SIZE = 2;
const TIME = 3;
const KEY_CHAIN = 4;
const ID_CHAIN = 5;
const KEY_LINK = 6;
const ID_LINK = 8;
const HEADER = 40;
/** Where the rest of the buffer is not used, an offset is this. */
const FILLER = -1;
/** The bit of a record's size that says that its body is known to be JSON. */
const CHECKED = 0x8000_0000;
const NO_CHAIN = 0xffff_ffff;
const UNIT = 8;

/** Milliseconds that an event may be older than the history; older ones count as that old. */
const MAX_AGE_MS = 86_400_000;

/** Memory of a chain with its key, as measured; an eighth of the history is for them. */
const BYTES_PER_CHAIN = 256;

/**
 * A bounded history. Each event is one record in a ring of bytes: the newest overwrites the oldest.
 * Records of the same stream, of the same user's stream and of the same id are linked, so that a
 * reader goes from one to the next whatever lies between. Appending takes constant time and makes no
 * object.
 *
 * Positions are bytes since the beginning; they rise, and one below the oldest record's is gone.
 *
 * @example
 * ```ts ignore
 * const history = new History({ seconds: 300, bytes: 1 << 26 });
 * history.append({ offset: 7, age: 0, key: "a.b", id: "a", name: "a.b", body, isChecked: true });
 * const range = history.after("a.b", 3);
 * while (range.position !== NOWHERE) {
 *   console.log(history.nameAt(range.position), history.bodyAt(range.position));
 *   range.advance();
 * }
 * ```
 */
export class History implements LinkedEvents {
  readonly #limits: HistoryLimits;
  readonly #now: () => number;
  readonly #startedAt: number;
  readonly #capacity: number;
  readonly #maxChains: number;
  readonly #bytes: Uint8Array;
  readonly #fields: Uint32Array;
  readonly #offsets: Float64Array;
  #head = 0;
  #tail = 0;
  #events = 0;
  readonly #byKey = new Map<string, Chain>();
  readonly #byId = new Map<string, Chain>();
  #chains: (Chain | undefined)[] = [];
  readonly #freeIndexes: number[] = [];
  /** Chains without events; the one that lost its last event first is in front. */
  readonly #empty = new Set<Chain>();
  readonly #losses: Chain;
  /** Offset up to which events may have been removed of chains that are not known. */
  #floor = -1;
  #hasBegun = false;

  /** @param now milliseconds of a clock that never goes back */
  constructor(limits: HistoryLimits, now: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#now = now;
    // Events are older than the process where the log is.
    this.#startedAt = now() - MAX_AGE_MS;
    const bytes = limits.seconds === 0 ? 0 : limits.bytes;
    this.#maxChains = Math.max(2, Math.floor(bytes / 8 / BYTES_PER_CHAIN));
    this.#capacity = Math.floor(bytes / 8 * 7 / UNIT) * UNIT;
    // Memory that is not written to yet is not taken from the machine.
    const buffer = new ArrayBuffer(this.#capacity);
    this.#bytes = new Uint8Array(buffer);
    this.#fields = new Uint32Array(buffer);
    this.#offsets = new Float64Array(buffer);
    this.#losses = this.#newChain(LOSSES, "", KEY_LINK);
  }

  /** Events that are kept, and reports of losses. */
  get events(): number {
    return this.#events;
  }

  /** Bytes that they take, and what is known of their streams. */
  get size(): number {
    return this.#head - this.#tail + (this.#byKey.size + this.#byId.size) * BYTES_PER_CHAIN;
  }

  /** Seconds since the oldest of them was published; 0 for an empty history. */
  get seconds(): number {
    this.expire();
    if (this.#tail === this.#head) return 0;
    return Math.max(0, this.#seconds() - this.#field(this.#skipFiller(this.#tail), TIME));
  }

  /** The log begins, or has begun, with the event at this offset: what was before is not known. */
  begin(offset: number): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#floor = Math.max(this.#floor, offset - 1);
  }

  /** Removes everything: another log begins. */
  clear(): void {
    while (this.#tail < this.#head) this.#removeOldest();
    this.#byKey.clear();
    this.#byId.clear();
    this.#empty.clear();
    this.#chains.length = 1;
    this.#freeIndexes.length = 0;
    this.#losses.removed = -1;
    this.#floor = -1;
    this.#hasBegun = false;
  }

  /** Keeps an event. */
  append({ offset, age, key, id, name, body, isChecked }: KeptEvent): void {
    const now = this.#seconds();
    this.#expireUntil(now - this.#limits.seconds);
    const chain = this.#byKey.get(key) ?? this.#open(this.#byKey, key, name, KEY_LINK);
    const whole = id === undefined
      ? undefined
      : this.#byId.get(id) ?? this.#open(this.#byId, id, id, ID_LINK, chain);
    if (!this.#append(offset, now - age / 1000, chain, whole, body, isChecked)) {
      // It is larger than all there is room for.
      chain.removed = offset;
      if (whole) whole.removed = offset;
    }
  }

  /** Keeps the report that events may be missing behind this offset. */
  appendLoss(after: number): void {
    // Behind the event with this offset, and before all others.
    const offset = after + 0.5;
    if (!this.#append(offset, this.#seconds(), this.#losses, undefined, NO_BODY, true)) {
      this.#losses.removed = offset;
    }
  }

  /** Removes what is older than `history.seconds`. */
  expire(): void {
    this.#expireUntil(this.#seconds() - this.#limits.seconds);
  }

  /**
   * The events of a stream behind an offset, also those that are not there yet.
   *
   * @param key the name of a stream, a {@linkcode userKey}, or {@linkcode LOSSES}
   */
  after(key: string, offset: number): HistoryRange {
    return new HistoryRange(this, key, false, offset);
  }

  /** The events of all public streams of an id behind an offset. */
  afterOfId(id: string, offset: number): HistoryRange {
    return new HistoryRange(this, id, true, offset);
  }

  /** Offset of the event before the last `count` ones. */
  offsetBeforeLast(key: string, isId: boolean, count: number, end: number): number {
    const chain = this.#find(key, isId);
    if (!chain || chain.last === NOWHERE || count === 0) return end;
    let position = chain.last;
    for (let seen = 1; seen < count && position !== chain.first; seen++) {
      position = this.#positionOf(this.#field(position, chain.link));
    }
    return this.offsetAt(position) - 1;
  }

  /** @returns whether the position was removed, or is none */
  isGone(position: number): boolean {
    return position < this.#tail;
  }

  /** The event's number in the log. */
  offsetAt(position: number): number {
    return this.#offsets[(position % this.#capacity) / UNIT]!;
  }

  /** The stream's name, as clients receive it. */
  nameAt(position: number): string {
    return this.#chains[this.#field(position, KEY_CHAIN)]!.name;
  }

  /** Whether a position has the report of a loss in place of an event. */
  isLossAt(position: number): boolean {
    return this.#field(position, KEY_CHAIN) === this.#losses.index;
  }

  /** The event's body: valid until the next event is appended. */
  bodyAt(position: number): Uint8Array {
    const start = position % this.#capacity + HEADER;
    return this.#bytes.subarray(start, start + this.#bodySize(position));
  }

  /** Whether the event's body is known to be JSON. */
  isCheckedAt(position: number): boolean {
    return (this.#field(position, SIZE) & CHECKED) !== 0;
  }

  /** The event's body was found to be JSON. */
  setCheckedAt(position: number): void {
    const at = (position % this.#capacity) / 4 + SIZE;
    this.#fields[at] = this.#fields[at]! | CHECKED;
  }

  /** Offset up to which events of a stream may have been removed. */
  removedOf(key: string, isId: boolean): number {
    return this.#find(key, isId)?.removed ?? this.#floor;
  }

  /** Position of the first event of a stream behind an offset. */
  firstAfter(key: string, isId: boolean, offset: number): number {
    const chain = this.#find(key, isId);
    if (!chain || chain.last === NOWHERE || this.offsetAt(chain.last) <= offset) return NOWHERE;
    let position = chain.last;
    while (position !== chain.first) {
      const before = this.#positionOf(this.#field(position, chain.link));
      if (this.offsetAt(before) <= offset) break;
      position = before;
    }
    return position;
  }

  /** Position of the next event of a stream. */
  nextAfter(key: string, isId: boolean, position: number): number {
    const chain = this.#find(key, isId)!;
    if (position === chain.last) return NOWHERE;
    return this.#positionOf(this.#field(position, chain.link + 1));
  }

  #find(key: string, isId: boolean): Chain | undefined {
    if (key === LOSSES) return this.#losses;
    return (isId ? this.#byId : this.#byKey).get(key);
  }

  #seconds(): number {
    return (this.#now() - this.#startedAt) / 1000;
  }

  #field(position: number, field: number): number {
    return this.#fields[(position % this.#capacity) / 4 + field]!;
  }

  #bodySize(position: number): number {
    return this.#field(position, SIZE) & ~CHECKED;
  }

  /** The position of a link. */
  #positionOf(link: number): number {
    const capacity = this.#capacity;
    const position = this.#tail - this.#tail % capacity + link * UNIT;
    return position < this.#tail ? position + capacity : position;
  }

  /** @returns whether there was room for it */
  #append(
    offset: number,
    seconds: number,
    chain: Chain,
    whole: Chain | undefined,
    body: Uint8Array,
    isChecked: boolean,
  ): boolean {
    const capacity = this.#capacity;
    const size = sizeOf(body.length);
    if (size * 2 > capacity) return false;
    let start = this.#head % capacity;
    if (start + size > capacity) {
      // The record does not fit behind the last one: it goes to the beginning of the buffer.
      this.#makeRoom(capacity - start);
      this.#offsets[start / UNIT] = FILLER;
      this.#head += capacity - start;
      start = 0;
    }
    this.#makeRoom(size);
    const at = start / 4;
    const fields = this.#fields;
    this.#offsets[start / UNIT] = offset;
    fields[at + SIZE] = isChecked ? body.length | CHECKED : body.length;
    fields[at + TIME] = Math.max(0, seconds);
    fields[at + KEY_CHAIN] = chain.index;
    fields[at + ID_CHAIN] = whole?.index ?? NO_CHAIN;
    this.#bytes.set(body, start + HEADER);
    const position = this.#head;
    this.#link(chain, position);
    if (whole !== undefined) this.#link(whole, position);
    this.#head += size;
    this.#events++;
    return true;
  }

  /** Puts a new record at the end of a chain. */
  #link(chain: Chain, position: number): void {
    const capacity = this.#capacity;
    const { last, link } = chain;
    if (last === NOWHERE) {
      chain.first = position;
      this.#empty.delete(chain);
    } else {
      this.#fields[(position % capacity) / 4 + link] = (last % capacity) / UNIT;
      this.#fields[(last % capacity) / 4 + link + 1] = (position % capacity) / UNIT;
    }
    chain.last = position;
  }

  #makeRoom(size: number): void {
    while (this.#head + size - this.#tail > this.#capacity) this.#removeOldest();
  }

  #expireUntil(seconds: number): void {
    while (this.#tail < this.#head) {
      const oldest = this.#skipFiller(this.#tail);
      if (oldest < this.#head && this.#field(oldest, TIME) >= seconds) return;
      this.#removeOldest();
    }
  }

  /** The position of the record that is at a position or behind the unused rest of the buffer. */
  #skipFiller(position: number): number {
    if (this.offsetAt(position) !== FILLER) return position;
    return position + this.#capacity - position % this.#capacity;
  }

  #removeOldest(): void {
    const position = this.#skipFiller(this.#tail);
    if (position === this.#head) {
      this.#tail = position;
      return;
    }
    const offset = this.offsetAt(position);
    this.#unlink(this.#chains[this.#field(position, KEY_CHAIN)]!, position, offset);
    const whole = this.#field(position, ID_CHAIN);
    if (whole !== NO_CHAIN) this.#unlink(this.#chains[whole]!, position, offset);
    this.#tail = position + sizeOf(this.#bodySize(position));
    this.#events--;
  }

  /** Takes the oldest record out of a chain. */
  #unlink(chain: Chain, position: number, offset: number): void {
    chain.removed = offset;
    if (chain.last !== position) {
      chain.first = this.#positionOf(this.#field(position, chain.link + 1));
      return;
    }
    chain.first = chain.last = NOWHERE;
    if (chain !== this.#losses) this.#empty.add(chain);
  }

  #open(
    chains: Map<string, Chain>,
    key: string,
    name: string,
    link: Chain["link"],
    kept?: Chain,
  ): Chain {
    while (this.#byKey.size + this.#byId.size >= this.#maxChains && this.#forgetChain(kept));
    const chain = this.#newChain(key, name, link);
    chains.set(key, chain);
    this.#empty.add(chain);
    return chain;
  }

  #newChain(key: string, name: string, link: Chain["link"]): Chain {
    const index = this.#freeIndexes.pop() ?? this.#chains.length;
    const chain = {
      ...{ index, key, name, link },
      ...{ first: NOWHERE, last: NOWHERE, removed: this.#floor },
    };
    return this.#chains[index] = chain;
  }

  /**
   * Makes room for another chain, at the cost of the oldest events if need be.
   *
   * @param kept is not forgotten
   */
  #forgetChain(kept: Chain | undefined): boolean {
    let chain = this.#firstEmpty(kept);
    while (chain === undefined && this.#tail < this.#head) {
      this.#removeOldest();
      chain = this.#firstEmpty(kept);
    }
    if (chain === undefined) return false;
    this.#empty.delete(chain);
    (chain.link === ID_LINK ? this.#byId : this.#byKey).delete(chain.key);
    this.#chains[chain.index] = undefined;
    this.#freeIndexes.push(chain.index);
    this.#floor = Math.max(this.#floor, chain.removed);
    return true;
  }

  #firstEmpty(kept: Chain | undefined): Chain | undefined {
    for (const chain of this.#empty) if (chain !== kept) return chain;
    return undefined;
  }
}

const NO_BODY = new Uint8Array(0);

/** Bytes of a record whose body has this length. */
function sizeOf(length: number): number {
  return HEADER + Math.ceil(length / UNIT) * UNIT;
}
