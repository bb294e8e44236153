import { allocate } from "./buffer_slab.ts";

/**
 * What a short frame counts as, in bytes: its link takes 80, whatever the frame's length, and each
 * buffer has an overhead too.
 */
const MIN_FRAME_WEIGHT = 128;

/**
 * The frames that one or many outboxes have pending, in order, as a chain that they share.
 *
 * Outboxes that were sent the same frames since their last write hold the same link, so the frames
 * are joined into one buffer once, and that buffer is written to all of them. The first outbox that
 * is sent a frame makes its link, and the others find it there.
 *
 * @example
 * ```ts
 * declare const frame: Uint8Array;
 * const root = FrameChain.root();
 * const one = root.with(frame); // outbox one
 * const two = root.with(frame); // outbox two
 * one === two; // true: joined once, written twice
 * ```
 */
export class FrameChain {
  /** Frames in the chain. */
  readonly frames: number;
  /** Bytes of all of them. */
  readonly bytes: number;
  /** Memory of the chain, in bytes: more than `bytes` where frames are shorter than their overhead. */
  readonly weight: number;
  readonly #previous: FrameChain | undefined;
  readonly #frame: Uint8Array;
  #next: FrameChain | undefined;
  #joined: Uint8Array | undefined;

  private constructor(
    previous: FrameChain | undefined,
    frame: Uint8Array,
    frames: number,
    bytes: number,
    weight: number,
  ) {
    this.#previous = previous;
    this.#frame = frame;
    this.frames = frames;
    this.bytes = bytes;
    this.weight = weight;
  }

  /** An empty chain. Outboxes share links and buffers only if their chains begin at the same root. */
  static root(): FrameChain {
    return new FrameChain(undefined, new Uint8Array(0), 0, 0, 0);
  }

  /** Bytes before the frames of one outbox, which count as no frame. */
  static preface(bytes: Uint8Array): FrameChain {
    return new FrameChain(undefined, bytes, 0, bytes.length, bytes.length);
  }

  /**
   * This chain and one more frame; the same object for each outbox that adds the same frame.
   *
   * @param frames how many frames there are in it, where it is several in one buffer
   */
  with(frame: Uint8Array, frames = 1): FrameChain {
    const next = this.#next;
    if (next !== undefined && next.#frame === frame) return next;
    return this.#next = new FrameChain(
      this,
      frame,
      this.frames + frames,
      this.bytes + frame.length,
      this.weight + Math.max(frame.length, MIN_FRAME_WEIGHT),
    );
  }

  /** All frames in one buffer, which is made once and shared: never write into it. */
  join(): Uint8Array {
    if (this.#joined) return this.#joined;
    // A single frame needs no copy.
    if (this.#previous === undefined || this.#previous.bytes === 0) {
      return this.#joined = this.#frame;
    }
    const joined = allocate(this.bytes);
    let at = this.bytes - this.#frame.length;
    joined.set(this.#frame, at);
    for (
      let link: FrameChain | undefined = this.#previous;
      link !== undefined;
      link = link.#previous
    ) {
      at -= link.#frame.length;
      joined.set(link.#frame, at);
    }
    return this.#joined = joined;
  }
}
