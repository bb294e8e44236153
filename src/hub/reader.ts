/** One client that is behind: what it is still to be sent, and the frames of that. */
import { checkJson } from "../streams/payload.ts";
import { deflatedTextFrame } from "../websocket/deflate.ts";
import { encodeFrame, frameLength, Opcode, writeTextFrame } from "../websocket/frame.ts";
import type { Chunk, ChunkCache } from "./chunk_cache.ts";
import type { Cursor } from "./cursor.ts";
import { partsOf, serverSentEvent, type WireFormat } from "./envelope.ts";
import type { History } from "./history.ts";
import { type HistoryRange, NOWHERE } from "./history_range.ts";
import type { Subscriber } from "./subscriber.ts";

/** What a client asks for with a subscription (protocol, section 9). */
export interface CatchUp {
  /** Where it was; `"unreadable"` for any other text. */
  readonly cursor?: Cursor | "unreadable" | undefined;
  /** The number of recent events of each stream. */
  readonly last?: number | undefined;
  /** The JSON of the message's `id`, which every answer to it repeats. */
  readonly id?: string | undefined;
}

/** Streams to be reported as resumed, for one request. */
export interface Notice {
  names: readonly string[];
  readonly id: string | undefined;
}

/** A part of a {@linkcode CatchUp} that waits until the client's user is known. */
export interface Deferred extends CatchUp {
  readonly names: readonly string[];
}

/** Bytes of a chunk from which it is not extended. */
const CHUNK_BYTES = 65_536;

/**
 * A client that is behind, as a reader of the history: it resumes, it has asked for recent events, or
 * it reads too slowly. {@linkcode Readers} has all of them and decides when each one reads.
 */
export class Reader {
  readonly subscriber: Subscriber;
  /** To be reported when the reader has reached the end, one for each request. */
  readonly notices: Notice[] = [];
  /** Names of which events were sent as they came in, until the reader began. */
  live: readonly string[];
  /** Names that begin with their state when the reader has reached the end. */
  starting: readonly string[];
  /** Whether events may have come in since the reader began. */
  isDelayed = false;
  /** The log that its cursor is of, as long as that cannot be compared. */
  log: string | undefined;
  /** Whether the source was up when the reader began. */
  readonly sourceIsUp: boolean;
  /** What {@linkcode Outbox.progress} was when this was last looked at, and when it changed. */
  progress = -1;
  progressAt = 0;
  /** When it began to wait for an event that is not there yet; `undefined` while it does not. */
  waitsSince: number | undefined;
  readonly #history: History;
  /** By the names subscribed; the reports of losses are under the empty name. */
  readonly #ranges = new Map<string, HistoryRange[]>();

  constructor(
    history: History,
    subscriber: Subscriber,
    live: readonly string[],
    starting: readonly string[],
    sourceIsUp: boolean,
  ) {
    this.#history = history;
    this.subscriber = subscriber;
    this.live = live;
    this.starting = starting;
    this.sourceIsUp = sourceIsUp;
  }

  /** Adds events to be read, under the name that the client has subscribed to. */
  add(name: string, range: HistoryRange): void {
    const ranges = this.#ranges.get(name);
    if (!ranges) this.#ranges.set(name, [range]);
    else ranges.push(range);
  }

  /** The events to be read of one name. */
  rangesOf(name: string): readonly HistoryRange[] {
    return this.#ranges.get(name) ?? [];
  }

  has(name: string): boolean {
    return this.#ranges.has(name);
  }

  /** The streams are not subscribed any more. */
  remove(names: readonly string[]): void {
    const isLeft = (name: string) => !names.includes(name);
    for (const name of names) this.#ranges.delete(name);
    this.live = this.live.filter(isLeft);
    this.starting = this.starting.filter(isLeft);
    this.#keepNotices(isLeft);
  }

  /** Leaves out the ranges that a test holds for. */
  removeRanges(matches: (range: HistoryRange) => boolean): void {
    for (const [name, ranges] of this.#ranges) {
      const left = ranges.filter((range) => !matches(range));
      if (left.length > 0) this.#ranges.set(name, left);
      else this.#ranges.delete(name);
    }
  }

  /** Leaves names out of what is to be reported as resumed. @returns those that were in it */
  withdraw(isMatch: (name: string) => boolean): readonly Notice[] {
    const withdrawn = this.notices
      .map(({ names, id }) => ({ names: names.filter(isMatch), id }))
      .filter(({ names }) => names.length > 0);
    this.#keepNotices((name) => !isMatch(name));
    return withdrawn;
  }

  /** The largest offset that the client has seen, by its cursors. */
  get seen(): number {
    let seen = -1;
    for (const ranges of this.#ranges.values()) {
      for (const { after } of ranges) if (after > seen) seen = after;
    }
    // The report of a loss is between two events.
    return Math.floor(seen);
  }

  /** Whether events were removed before they were read. */
  isLost(): boolean {
    for (const ranges of this.#ranges.values()) {
      if (ranges.some((range) => range.isLost)) return true;
    }
    return false;
  }

  /** Finds what has come in. @returns the names of which events were removed; "" for reports of losses */
  refresh(): string[] {
    const lost: string[] = [];
    for (const [name, ranges] of this.#ranges) {
      // No short-circuit: each range has to find its events.
      if (ranges.filter((range) => range.refresh()).length > 0) lost.push(name);
    }
    return lost;
  }

  /** Takes the next frames out of the history; `undefined` when there are none. */
  take(cache: ChunkCache): Chunk | undefined {
    const { format } = this.subscriber;
    const ranges = [...this.#ranges.values()].flat();
    const made = cache.take(format, ranges);
    if (made !== undefined) return made;
    const starts = ranges.map(({ place }) => place);
    const boundary = cache.boundaryAfter(format, ranges, firstOf(ranges));
    const frames = new FrameList(this.#history, format);
    let endsAtLoss = false;
    let isAtBoundary = false;
    while (frames.bytes < CHUNK_BYTES) {
      const position = firstOf(ranges);
      isAtBoundary = position >= boundary;
      if (position === NOWHERE || isAtBoundary) break;
      endsAtLoss = this.#history.isLossAt(position);
      for (const range of ranges) if (range.position === position) range.advance();
      if (endsAtLoss) break;
      frames.add(position);
    }
    if (frames.frames === 0 && !endsAtLoss && !isAtBoundary) return undefined;
    const isLong = frames.bytes >= CHUNK_BYTES;
    const isFull = isLong || isAtBoundary;
    const chunk = { bytes: frames.join(), frames: frames.frames, endsAtLoss, isFull };
    if (isLong && !endsAtLoss) cache.add(format, ranges, starts, chunk);
    return chunk;
  }

  #keepNotices(isLeft: (name: string) => boolean): void {
    for (const notice of this.notices) notice.names = notice.names.filter(isLeft);
  }
}

/** The position of the oldest of what is next; a position may be next in several ranges. */
function firstOf(ranges: readonly HistoryRange[]): number {
  let first = NOWHERE;
  for (const { position } of ranges) {
    if (position !== NOWHERE && (first === NOWHERE || position < first)) first = position;
  }
  return first;
}

/** Collects events, and then encodes them into one buffer. */
class FrameList {
  readonly #history: History;
  readonly #format: WireFormat;
  /** Frames that are encoded already, or the parts of those that are not. */
  readonly #entries: (Uint8Array | ReturnType<typeof partsOf>)[] = [];
  bytes = 0;

  constructor(history: History, format: WireFormat) {
    this.#history = history;
    this.#format = format;
  }

  get frames(): number {
    return this.#entries.length;
  }

  add(position: number): void {
    const history = this.#history;
    const body = history.bodyAt(position);
    if (!history.isCheckedAt(position)) {
      if (checkJson(body) !== undefined) return;
      history.setCheckedAt(position);
    }
    const { transport, deflate, cursors } = this.#format;
    const name = history.nameAt(position);
    const offset = history.offsetAt(position);
    if (transport === "sse") {
      return this.#push(serverSentEvent(name, body, this.#format, cursors!, offset));
    }
    const parts = partsOf(name, body, this.#format, offset);
    if (deflate === undefined) {
      this.#entries.push(parts);
      this.bytes += frameLength(lengthOf(parts));
      return;
    }
    const frame = deflatedTextFrame(
      Buffer.concat(parts),
      deflate,
      () => encodeFrame(Opcode.Text, ...parts),
    );
    this.#push(frame);
  }

  #push(frame: Uint8Array): void {
    this.#entries.push(frame);
    this.bytes += frame.length;
  }

  join(): Uint8Array {
    const joined = Buffer.allocUnsafeSlow(this.bytes);
    let at = 0;
    for (const entry of this.#entries) {
      if (entry instanceof Uint8Array) {
        joined.set(entry, at);
        at += entry.length;
      } else {
        at = writeTextFrame(joined, at, lengthOf(entry), ...entry);
      }
    }
    return joined;
  }
}

function lengthOf([opening, body, ending]: ReturnType<typeof partsOf>): number {
  return opening.length + body.length + ending.length;
}
