import { Slices } from "../delivery/slices.ts";

/** Milliseconds of an event-loop turn in which what was read is handled at once. */
const TURN_MS = 2;
/** Milliseconds that one client has in a row while others wait. */
const SHARE_MS = 0.2;
/** Milliseconds without a turn after which a client comes before all that had one since. */
const SPARSE_MS = 500;
/** The tag of such a client: before all others. */
const FIRST = -1;
/** Milliseconds of a turn that count at most: the rest is other programs, or collects garbage. */
const MAX_CHARGE_MS = 2;
/** One turn of four is for the client that waits longest, whatever it was given. */
const TURNS_TO_OLDEST = 4;

/** A client of which something was read. */
export interface TurnTaker {
  /** What {@linkcode ReadTurns} knows of it: the time that it was given; 0 at first. */
  turnTag: number;
  /** When its last turn began, in whole milliseconds; 0 at first. */
  turnAt: number;
  /**
   * Handles what was read, as long as {@linkcode ReadTurns.goesOn}, one message at least.
   *
   * @returns whether some is left
   */
  takeTurn(): boolean;
}

/** A client that waits. */
interface Waiting {
  readonly client: TurnTaker;
  readonly tag: number;
  /** Those with the same tag have their turns in the order in which they came. */
  readonly order: number;
  /** Whether it has had its turn, by the other of the two queues. */
  isTaken: boolean;
}

/**
 * Shares the event loop's time between clients that send: thousands may have sent something in one
 * turn, and each of them many messages. What was read is handled at once, for two milliseconds of a
 * turn; the rest waits, and is handled in {@linkcode Slices} between which events arrive and are
 * written.
 *
 * Of those that wait, the one has the next turn that was given least of the time since some had to
 * wait (start-time fair queueing, Goyal, Vin and Cheng 1996): a client that sends little does not
 * wait behind thousands that send as much as they can. Each client has a tag, the time it was given
 * so far, which is at least that of the client that has its turn. Where ten thousand wait, one that
 * pings once a second uses as much as its fair part; so a client without a turn for a while is next.
 * That nobody waits for ever, each fourth turn is for the client that waits longest.
 *
 * @example
 * ```ts
 * const turns = new ReadTurns();
 * const takeTurn = () => (console.log("later"), false);
 * const client: TurnTaker = { turnTag: 0, turnAt: 0, takeTurn };
 * if (turns.begin(client)) {
 *   console.log("at once");
 *   turns.end(client);
 * } else {
 *   turns.wait(client);
 * }
 * ```
 */
export class ReadTurns {
  /** A binary heap: the client with the next turn first. */
  readonly #heap: Waiting[] = [];
  /** The same in the order in which they came; those before `#oldest` had their turns. */
  #queue: Waiting[] = [];
  #oldest = 0;
  #size = 0;
  #turns = 0;
  readonly #slices = new Slices((end) => this.#handleUntil(end));
  #order = 0;
  /** The tag of the client that has its turn, and the highest so far. */
  #now = 0;
  #latest = 0;
  /** When what is read in this turn of the event loop must wait; `undefined` before the first. */
  #turnEnd: number | undefined;
  /** When the client that has its turn began, and when it must leave the rest for later. */
  #began = 0;
  #end = 0;

  /** Clients that wait. */
  get size(): number {
    return this.#size;
  }

  /**
   * Whether what was read just now is handled at once, because it would be next; then `end` is called
   * after it. Otherwise its client must wait.
   */
  begin(client: TurnTaker): boolean {
    const now = performance.now();
    if (this.#turnEnd === undefined) {
      this.#turnEnd = now + TURN_MS;
      setImmediate(this.#beginTurn);
    }
    const next = this.#next();
    if (next === undefined) this.#end = this.#turnEnd;
    else if (this.#tagOf(client, now) > next.tag) return false;
    else this.#end = Math.min(this.#turnEnd, now + SHARE_MS);
    this.#began = now;
    return now < this.#turnEnd;
  }

  /** What was to be handled at once is. */
  end(client: TurnTaker): void {
    client.turnAt = Math.floor(this.#began);
    // While nobody waits, what a client uses is nobody's loss.
    if (this.#size > 0) this.#charge(client, Math.max(client.turnTag, this.#now));
  }

  /** Whether the client whose messages are being handled may go on with the next. */
  get goesOn(): boolean {
    return performance.now() < this.#end;
  }

  /** Calls the client's `takeTurn` in one of the next turns, until nothing of it is left. */
  wait(client: TurnTaker): void {
    const tag = this.#tagOf(client, performance.now());
    const waiting = { client, tag, order: this.#order++, isTaken: false };
    add(this.#heap, waiting);
    this.#queue.push(waiting);
    this.#size++;
    this.#slices.schedule();
  }

  #tagOf({ turnTag, turnAt }: TurnTaker, now: number): number {
    return now - turnAt >= SPARSE_MS ? FIRST : Math.max(turnTag, this.#now);
  }

  readonly #beginTurn = (): void => {
    this.#turnEnd = undefined;
  };

  #handleUntil(end: number): boolean {
    for (let now = performance.now(); now < end;) {
      const next = this.#take();
      if (next === undefined) break;
      next.client.turnAt = Math.floor(now);
      this.#began = now;
      this.#end = this.#size === 0 ? end : Math.min(end, now + SHARE_MS);
      const isLeft = next.client.takeTurn();
      now = this.#charge(next.client, Math.max(next.client.turnTag, this.#now));
      if (isLeft) this.wait(next.client);
    }
    if (this.#size > 0) return true;
    // When nobody waits any more, all are equal again.
    this.#now = this.#latest;
    this.#heap.length = 0;
    this.#queue = [];
    this.#oldest = 0;
    return false;
  }

  /** The one that was given least. */
  #next(): Waiting | undefined {
    while (this.#heap[0]?.isTaken) take(this.#heap);
    return this.#heap[0];
  }

  #take(): Waiting | undefined {
    const isForOldest = ++this.#turns % TURNS_TO_OLDEST === 0;
    const taken = isForOldest ? this.#findOldest() : this.#next();
    if (taken === undefined) return undefined;
    if (!isForOldest && taken.tag > this.#now) this.#now = taken.tag;
    taken.isTaken = true;
    this.#size--;
    return taken;
  }

  #findOldest(): Waiting | undefined {
    while (this.#queue[this.#oldest]?.isTaken) this.#oldest++;
    // In batches: to shift the array for each would cost too much.
    if (this.#oldest > 1024 && this.#oldest > this.#queue.length / 2) {
      this.#queue = this.#queue.slice(this.#oldest);
      this.#oldest = 0;
    }
    return this.#queue[this.#oldest];
  }

  /** @returns the time */
  #charge(client: TurnTaker, tag: number): number {
    const now = performance.now();
    client.turnTag = tag + Math.ceil(Math.min(now - this.#began, MAX_CHARGE_MS) * 1000);
    if (client.turnTag > this.#latest) this.#latest = client.turnTag;
    return now;
  }
}

function isBefore(a: Waiting, b: Waiting): boolean {
  return a.tag < b.tag || (a.tag === b.tag && a.order < b.order);
}

/** Adds to a heap. */
function add(heap: Waiting[], added: Waiting): void {
  let at = heap.push(added) - 1;
  while (at > 0) {
    const above = (at - 1) >> 1;
    if (!isBefore(added, heap[above]!)) break;
    heap[at] = heap[above]!;
    at = above;
  }
  heap[at] = added;
}

/** Takes the first of a heap. */
function take(heap: Waiting[]): Waiting | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return first;
  let at = 0;
  for (let below = 1; below < heap.length; below = 2 * at + 1) {
    const right = below + 1;
    if (right < heap.length && isBefore(heap[right]!, heap[below]!)) below = right;
    if (!isBefore(heap[below]!, last)) break;
    heap[at] = heap[below]!;
    at = below;
  }
  heap[at] = last;
  return first;
}
