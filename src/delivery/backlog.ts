import { allocate } from "./buffer_slab.ts";
import type { FrameChain } from "./frame_chain.ts";
import type { LogEntry } from "./log_entry.ts";

/**
 * Bytes of one write, about. Of what waits for a blocked connection that much is joined at a time,
 * and the rest stays in the log, which all connections share.
 */
const PIECE_BYTES = 65_536;
/**
 * Bytes of a log that are copied behind others to be written with them. More are written by
 * themselves: other connections write the same buffer.
 */
const MAX_JOINED_BYTES = 4_096;

/** The outbox of a backlog. */
export interface BacklogReader {
  /** More waits than may: write on, or report that the client does not read. */
  checkBacklog(): void;
}

/** What is to be written with one write. */
export interface Piece {
  readonly bytes: Uint8Array;
  readonly frames: number;
  /** Bytes that were offered, of these. */
  readonly offeredBytes: number;
}

/** Frames for one connection alone. */
interface OwnFrames {
  chain: FrameChain;
  offeredBytes: number;
}

/** Frames of a log, after one entry up to another. */
interface LogFrames {
  from: LogEntry;
  readonly to: LogEntry;
}

/** A waiting frame that is cut from a buffer this many times as large is copied: it holds all of it. */
const MAX_HELD = 4;

/**
 * What waits for a connection that is behind, in order: frames for it alone, frames of its shared
 * log between them, and everything after its position in that log. What is appended to the log
 * becomes part of it without being told.
 *
 * @example
 * ```ts
 * import { FrameChain } from "./frame_chain.ts";
 * import type { Outbox } from "./outbox.ts";
 * import type { SharedLog } from "./shared_log.ts";
 *
 * declare const outbox: Outbox, log: SharedLog, frame: Uint8Array, ownFrame: Uint8Array;
 * declare function write(bytes: Uint8Array): void;
 * const backlog = new Backlog(outbox, FrameChain.root(), 65_536, 0);
 * log.addBehind(backlog);
 * log.append(frame); // waits for this connection too
 * backlog.append(ownFrame, 0, log.last);
 * for (let piece; (piece = backlog.take(log.last));) write(piece.bytes);
 * ```
 */
export class Backlog {
  readonly reader: BacklogReader;
  /** Its index in the log's queue. The queue sets it. */
  queueIndex = 0;
  readonly #root: FrameChain;
  readonly #segments: (OwnFrames | LogFrames | Piece)[] = [];
  /** In its log; `undefined` without one. Everything after it comes after all segments. */
  #position: LogEntry | undefined;
  /** Of all segments. */
  #segmentBytes = 0;
  /** The same, with the reader's short frames counted as the memory that they take. */
  #segmentWeight = 0;
  #offeredBytes = 0;
  /** Bytes that were written and that the kernel has not taken yet. */
  #blockedBytes: number;
  /** Bytes that were offered, of those. */
  #offeredBlockedBytes: number;

  /** @param root where chains of the reader's frames begin */
  constructor(
    reader: BacklogReader,
    root: FrameChain,
    blockedBytes: number,
    offeredBlockedBytes: number,
  ) {
    this.reader = reader;
    this.#root = root;
    this.#blockedBytes = blockedBytes;
    this.#offeredBlockedBytes = offeredBlockedBytes;
  }

  /** Whether a write waits for the kernel: nothing can be written. */
  get isBlocked(): boolean {
    return this.#blockedBytes > 0;
  }

  /** Bytes that were offered and wait. */
  get offeredBytes(): number {
    return this.#offeredBytes + this.#offeredBlockedBytes;
  }

  /** Bytes that wait. @param end the last entry of its log */
  bytesAt(end: LogEntry | undefined): number {
    return this.#bytesAfterPosition(end) + this.#segmentBytes + this.#blockedBytes;
  }

  /** What counts towards the limit of a slow consumer. @param end the last entry of its log */
  waitingAt(end: LogEntry | undefined): number {
    return this.#bytesAfterPosition(end) + this.#segmentWeight + this.#blockedBytes -
      this.offeredBytes;
  }

  /** `waitingAt` relative to other backlogs of the same log, in which it does not change by appending. */
  get lead(): number {
    return (this.#position?.bytes ?? 0) - this.waitingAt(this.#position);
  }

  /** Adds a frame for this connection alone. */
  append(bytes: Uint8Array, offeredBytes: number, end: LogEntry | undefined, frames = 1): void {
    const frame = bytes.buffer.byteLength > MAX_HELD * bytes.length ? new Uint8Array(bytes) : bytes;
    this.#closeRange(end);
    this.#offeredBytes += offeredBytes;
    this.#segmentBytes += frame.length;
    const last = this.#segments.at(-1);
    if (last !== undefined && "chain" in last) {
      const { weight } = last.chain;
      last.chain = last.chain.with(frame, frames);
      last.offeredBytes += offeredBytes;
      this.#segmentWeight += last.chain.weight - weight;
    } else {
      const chain = this.#root.with(frame, frames);
      this.#segments.push({ chain, offeredBytes });
      this.#segmentWeight += chain.weight;
    }
  }

  /** From here on everything after `position` waits as well. For the log. */
  enter(position: LogEntry): void {
    this.#position = position;
  }

  /**
   * The log grows without this backlog from here on. What waits is copied: an entry that is held
   * holds all that follow it. For the log.
   */
  leave(end: LogEntry): void {
    this.#closeRange(end);
    this.#position = undefined;
    const segments = this.#segments.splice(0);
    for (const segment of segments) {
      if (!("from" in segment)) {
        this.#segments.push(segment);
        continue;
      }
      // Piece by piece: backlogs that leave at different places have most copies in common.
      for (let { from } = segment; from !== segment.to;) {
        const to = from.pieceEnd(segment.to, PIECE_BYTES);
        this.#segments.push(pieceBetween(from, to));
        from = to;
      }
    }
  }

  /** Takes what one write is to carry; `undefined` when nothing waits. */
  take(end: LogEntry | undefined): Piece | undefined {
    const pieces: Piece[] = [];
    for (let bytes = 0; bytes < PIECE_BYTES;) {
      if (bytes > 0 && this.#nextSharedBytes(end) > MAX_JOINED_BYTES) break;
      const piece = this.#takeFirst(end);
      if (piece === undefined) break;
      pieces.push(piece);
      bytes += piece.bytes.length;
    }
    return pieces.length > 1 ? joined(pieces) : pieces[0];
  }

  /** The kernel did not take all of a piece. */
  block({ bytes, offeredBytes }: Piece): void {
    this.#blockedBytes = bytes.length;
    this.#offeredBlockedBytes = offeredBytes;
  }

  /** The kernel has taken what was written. */
  unblock(): void {
    this.#blockedBytes = 0;
    this.#offeredBlockedBytes = 0;
  }

  #bytesAfterPosition(end: LogEntry | undefined): number {
    return this.#position === undefined ? 0 : end!.bytes - this.#position.bytes;
  }

  /** What follows in the log comes after a frame for this reader alone. */
  #closeRange(end: LogEntry | undefined): void {
    const from = this.#position;
    if (from === undefined || from === end) return;
    const to = end!;
    this.#segments.push({ from, to });
    this.#segmentBytes += to.bytes - from.bytes;
    this.#segmentWeight += to.bytes - from.bytes;
    this.#position = to;
  }

  /** Bytes of what is next, if other connections write it too, about. */
  #nextSharedBytes(end: LogEntry | undefined): number {
    const first = this.#segments[0];
    if (first === undefined) {
      return this.#position === undefined ? 0 : sharedBytes(this.#position, end!);
    }
    if ("from" in first) return sharedBytes(first.from, first.to);
    return "bytes" in first ? first.bytes.length : 0;
  }

  #takeFirst(end: LogEntry | undefined): Piece | undefined {
    const first = this.#segments[0];
    if (first === undefined) {
      const from = this.#position;
      if (from === undefined || from === end) return undefined;
      return pieceBetween(from, this.#position = from.pieceEnd(end!, PIECE_BYTES));
    }
    if ("from" in first) {
      const { from, to } = first;
      first.from = from.pieceEnd(to, PIECE_BYTES);
      if (first.from === to) this.#segments.shift();
      const piece = pieceBetween(from, first.from);
      this.#segmentBytes -= piece.bytes.length;
      this.#segmentWeight -= piece.bytes.length;
      return piece;
    }
    this.#segments.shift();
    this.#offeredBytes -= first.offeredBytes;
    if ("bytes" in first) {
      this.#segmentBytes -= first.bytes.length;
      this.#segmentWeight -= first.bytes.length;
      return first;
    }
    const { chain, offeredBytes } = first;
    this.#segmentBytes -= chain.bytes;
    this.#segmentWeight -= chain.weight;
    return { bytes: chain.join(), frames: chain.frames, offeredBytes };
  }
}

/** Bytes of the next piece between two places in a log, about. */
function sharedBytes(from: LogEntry, to: LogEntry): number {
  return Math.min(to.bytes - from.bytes, PIECE_BYTES - from.bytes % PIECE_BYTES);
}

function pieceBetween(from: LogEntry, to: LogEntry): Piece {
  return { bytes: to.pieceAfter(from), frames: to.frames - from.frames, offeredBytes: 0 };
}

function joined(pieces: readonly Piece[]): Piece {
  const bytes = allocate(pieces.reduce((sum, piece) => sum + piece.bytes.length, 0));
  let at = 0;
  let frames = 0;
  let offeredBytes = 0;
  for (const piece of pieces) {
    bytes.set(piece.bytes, at);
    at += piece.bytes.length;
    frames += piece.frames;
    offeredBytes += piece.offeredBytes;
  }
  return { bytes, frames, offeredBytes };
}
