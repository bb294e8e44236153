/**
 * Reads per second from all clients together, on average, before those that were just read have to
 * wait for their next. A read costs some 6 to 8 µs of a core, nearly all of it in the kernel and the
 * runtime, so this is a quarter to a third of one.
 */
const READS_PER_SECOND = 40_000;
/** Reads at once, before anybody waits. */
const BURST = 400;
/** Reads that came from clients that were not waiting, and that others wait for at most. */
const MAX_DEBT = 400;
/** Milliseconds between two looks at who may be read again, and how many are let go in each. */
const TICK_MS = 1;
const MAX_PER_TICK = 2 * READS_PER_SECOND * TICK_MS / 1000;

/** A client that is read. */
export interface PacedReader {
  /** It may be read again. */
  rested(): void;
}

/**
 * Keeps reads from taking the whole core. What thousands of clients send in small pieces costs a read
 * each, many times what it takes to handle it. When there are more reads than a rate, a client that
 * was read rests until it is its turn again; what it sends meanwhile gathers in the kernel, and is
 * one read. Clients that send now and then are read at once, however many others rest.
 *
 * @example
 * ```ts
 * const pace = new ReadPace();
 * const client: PacedReader = { rested: () => console.log("reads again") };
 * if (!pace.count(client)) console.log("stops reading");
 * ```
 */
export class ReadPace {
  readonly #now: () => number;
  readonly #resting: PacedReader[] = [];
  /** Those before it were let go; the array is shortened now and then. */
  #first = 0;
  #tokens = BURST;
  #countedAt = 0;
  #isScheduled = false;

  /** @param now milliseconds of a monotonic clock */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Clients that rest. */
  get size(): number {
    return this.#resting.length - this.#first;
  }

  /**
   * Counts a read of a client.
   *
   * @returns whether it may be read further; otherwise it must stop, and `rested` is called later
   */
  count(client: PacedReader): boolean {
    this.#refill();
    if (this.#tokens > -MAX_DEBT) this.#tokens--;
    if (this.#tokens >= 0 && this.size === 0) return true;
    this.#resting.push(client);
    this.#schedule();
    return false;
  }

  #refill(): void {
    const now = this.#now();
    const tokens = this.#tokens + (now - this.#countedAt) * READS_PER_SECOND / 1000;
    this.#tokens = Math.min(BURST, tokens);
    this.#countedAt = now;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setTimeout(this.#tick, TICK_MS);
  }

  readonly #tick = (): void => {
    this.#isScheduled = false;
    this.#refill();
    // They are counted when they are read, which is at once where something has gathered.
    for (let free = Math.min(this.#tokens, MAX_PER_TICK); free >= 1 && this.size > 0; free--) {
      this.#resting[this.#first++]!.rested();
    }
    if (this.size > 0) this.#schedule();
    if (this.#first === this.#resting.length || this.#first > 4096) {
      this.#resting.splice(0, this.#first);
      this.#first = 0;
    }
  };
}
