import type { WireFormat } from "./envelope.ts";
import { type HistoryRange, NOWHERE, type Place } from "./history_range.ts";

/** Bytes of the chunks that are kept. */
const MAX_BYTES = 4_194_304;

/** Frames in one buffer, which is written to all that read them: never write into it. */
export interface Chunk {
  readonly bytes: Uint8Array;
  readonly frames: number;
  /** Whether events were lost behind it. */
  readonly endsAtLoss: boolean;
  /** Whether there may be more. */
  readonly isFull: boolean;
}

/** A chunk as one reader took it. */
interface Made {
  readonly format: WireFormat;
  /** Which events the reader reads. */
  readonly keys: string;
  readonly starts: readonly Place[];
  readonly ends: readonly Place[];
  /** Position of the first event in it, and of the first behind it. */
  readonly first: number;
  readonly end: number;
  readonly chunk: Chunk;
}

/**
 * Chunks of the history that were made for one reader, for others that read the same events in the
 * same format: after a stall hundreds of clients of one stream read the same seconds. A reader that
 * begins within a chunk gets the rest of it, and so comes to where the next one begins.
 *
 * @example
 * ```ts
 * import { type WireFormat } from "./envelope.ts";
 * import { type HistoryRange } from "./history_range.ts";
 *
 * declare const [format, ranges]: [WireFormat, HistoryRange[]];
 * declare const make: (end: number) => Chunk;
 * const cache = new ChunkCache();
 * const chunk = cache.take(format, ranges) ?? make(cache.boundaryAfter(format, ranges, 4096));
 * ```
 */
export class ChunkCache {
  /** The oldest one first. */
  readonly #made: Made[] = [];
  #bytes = 0;

  /**
   * The chunk that begins where these ranges are, which then are where it ends.
   *
   * @param ranges that were refreshed
   */
  take(format: WireFormat, ranges: readonly HistoryRange[]): Chunk | undefined {
    const keys = keysOf(ranges);
    const made = this.#made.find((one) =>
      one.format === format && one.keys === keys &&
      ranges.every(({ position }, at) => position === one.starts[at]!.position)
    );
    if (made === undefined) return undefined;
    for (const [at, range] of ranges.entries()) range.goTo(made.ends[at]!);
    return made.chunk;
  }

  /** The next position at which a chunk for such readers begins or ends; Infinity for none. */
  boundaryAfter(format: WireFormat, ranges: readonly HistoryRange[], position: number): number {
    const keys = keysOf(ranges);
    let boundary = Infinity;
    for (const { format: its, keys: other, first, end } of this.#made) {
      if (its !== format || other !== keys) continue;
      for (const one of [first, end]) if (one > position && one < boundary) boundary = one;
    }
    return boundary;
  }

  /** Keeps a full chunk. @param starts where the ranges were before it; they are behind it */
  add(
    format: WireFormat,
    ranges: readonly HistoryRange[],
    starts: readonly Place[],
    chunk: Chunk,
  ): void {
    const ends = ranges.map(({ place }) => place);
    const [first, end] = [starts, ends].map((places) =>
      Math.min(
        ...places.map(({ position }) => position).filter((position) => position !== NOWHERE),
      )
    ) as [number, number];
    if (end === Infinity) return;
    this.#made.push({ format, keys: keysOf(ranges), starts, ends, first, end, chunk });
    this.#bytes += chunk.bytes.length;
    while (this.#bytes > MAX_BYTES) this.#bytes -= this.#made.shift()!.chunk.bytes.length;
  }

  /** Releases all of them. */
  clear(): void {
    this.#made.length = 0;
    this.#bytes = 0;
  }
}

function keysOf(ranges: readonly HistoryRange[]): string {
  // As JSON, so that no key can pass for several: a user's uid is in it, which may be any text.
  return JSON.stringify(ranges.map(({ key, isId }) => [key, isId]));
}
