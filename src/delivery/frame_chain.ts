import { allocate } from "./buffer_slab.ts";

/**
 * What a short frame weighs, in bytes: its link in the chain takes 80 whatever the frame's length,
 * and a buffer takes some of its own.
 */
const LEAST_WEIGHT = 128;

/**
 * What one or many connections owe their clients: frames in order, as a chain that is shared.
 *
 * Connections that were sent the same frames since their last write hold the same batch, so the
 * frames are joined into one buffer once and that buffer is written to all of them. The chain
 * grows by one link per frame, whoever is first to take the frame makes the link, and the others
 * find it there.
 *
 * @example
 * ```ts
 * const root = Batch.root();
 * const a = root.with(frame); // connection one
 * const b = root.with(frame); // connection two
 * a === b; // true: joined once, written twice
 * ```
 */
export class FrameChain {
  /** Frames in the chain. */
  readonly frames: number;
  /** Bytes of all of them. */
  readonly bytes: number;
  /** Memory of the chain: its bytes, and more where frames are shorter than what holds them. */
  readonly weight: number;
  readonly #before: FrameChain | undefined;
  readonly #frame: Uint8Array;
  #next: FrameChain | undefined;
  #joined: Uint8Array | undefined;

  private constructor(
    before: FrameChain | undefined,
    frame: Uint8Array,
    frames: number,
    bytes: number,
    weight: number,
  ) {
    this.#before = before;
    this.#frame = frame;
    this.frames = frames;
    this.bytes = bytes;
    this.weight = weight;
  }

  /** An empty batch to begin at. Connections that shall share buffers begin at the same one. */
  static root(): FrameChain {
    return new FrameChain(undefined, new Uint8Array(0), 0, 0, 0);
  }

  /** This batch and one more frame after it; the same batch for everyone who adds the same frame. */
  with(frame: Uint8Array): FrameChain {
    const next = this.#next;
    if (next !== undefined && next.#frame === frame) return next;
    return this.#next = new FrameChain(
      this,
      frame,
      this.frames + 1,
      this.bytes + frame.length,
      this.weight + Math.max(frame.length, LEAST_WEIGHT),
    );
  }

  /** All frames in one buffer, made once. Never write into it: others hold it too. */
  join(): Uint8Array {
    if (this.#joined) return this.#joined;
    // The link after the root is the root's only frame.
    if (this.#before === undefined || this.#before.bytes === 0) return this.#joined = this.#frame;
    const joined = allocate(this.bytes);
    let at = this.bytes - this.#frame.length;
    joined.set(this.#frame, at);
    for (let link: FrameChain | undefined = this.#before; link !== undefined; link = link.#before) {
      at -= link.#frame.length;
      joined.set(link.#frame, at);
    }
    return this.#joined = joined;
  }
}
