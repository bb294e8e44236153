/** One stream's part of the history: how a reader goes from event to event. */

/** A position that is none. */
export const NOWHERE = -1;

/**
 * What a range finds its events in: the history. Streams are named by their key, or by their id where
 * `isId` says so; positions and offsets are the history's.
 */
export interface LinkedEvents {
  /** Whether the position was removed, or is none. */
  isGone(position: number): boolean;
  /** The event's number in the log. */
  offsetAt(position: number): number;
  /** Offset up to which events of a stream may have been removed. */
  removedOf(key: string, isId: boolean): number;
  /** Offset of the event before the last `count` ones; `end` where there is none. */
  offsetBeforeLast(key: string, isId: boolean, count: number, end: number): number;
  /** Position of the first event of a stream behind an offset, or {@linkcode NOWHERE}. */
  firstAfter(key: string, isId: boolean, offset: number): number;
  /** Position of the next event of a stream, or {@linkcode NOWHERE}. */
  nextAfter(key: string, isId: boolean, position: number): number;
}

/** Where a range is. */
export interface Place {
  /** Of the next event; {@linkcode NOWHERE} when there is none, or not yet. */
  readonly position: number;
  /** Offset of the event before it. */
  readonly after: number;
}

/**
 * The events of one stream, or of one id, from one on: those that are there, and then those that
 * come in. A reader goes through them at its own pace; what is removed before it gets there is
 * reported as lost.
 */
export class HistoryRange {
  readonly key: string;
  readonly isId: boolean;
  /** Position of the next event; {@linkcode NOWHERE} when there is none, or not yet. */
  position: number = NOWHERE;
  readonly #history: LinkedEvents;
  /** Offset of the event before it. */
  #after: number;

  /** @param offset of the last event that is not in it */
  constructor(history: LinkedEvents, key: string, isId: boolean, offset: number) {
    this.#history = history;
    this.key = key;
    this.isId = isId;
    this.#after = offset;
  }

  /** Offset up to which all events were taken, or are lost. */
  get after(): number {
    return this.#after;
  }

  get place(): Place {
    return { position: this.position, after: this.#after };
  }

  /** Goes to where another range of the same events came to from the same position. */
  goTo({ position, after }: Place): void {
    if (position === this.position) return;
    this.position = position;
    this.#after = after;
  }

  /** Whether events that are next were removed. */
  get isLost(): boolean {
    return this.#history.removedOf(this.key, this.isId) > this.#after;
  }

  /** Begins with the most recent events, up to `count`, in place of what it began with. */
  beginWithLast(count: number, end: number): void {
    this.#after = this.#history.offsetBeforeLast(this.key, this.isId, count, end);
    this.position = NOWHERE;
    this.refresh();
  }

  /**
   * Finds the next event, if there is one by now.
   *
   * @returns whether events before it were removed
   */
  refresh(): boolean {
    const { key, isId } = this;
    const history = this.#history;
    if (this.position !== NOWHERE && !history.isGone(this.position)) return false;
    const removed = history.removedOf(key, isId);
    const isLost = removed > this.#after;
    if (isLost) this.#after = removed;
    this.position = history.firstAfter(key, isId, this.#after);
    return isLost;
  }

  /** Goes to the next event; to be called after a `refresh`, with no event appended since. */
  advance(): void {
    this.#after = this.#history.offsetAt(this.position);
    this.position = this.#history.nextAfter(this.key, this.isId, this.position);
  }
}
