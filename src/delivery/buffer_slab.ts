/** Bytes of a slab, and of the largest buffer that is cut from one. */
const SLAB_BYTES = 65_536;
const MAX_CUT_BYTES = SLAB_BYTES / 4;

let slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
let used = 0;

/**
 * A buffer that is written soon and then forgotten. Cut from a slab, since to the runtime each
 * ArrayBuffer is a thing of its own to account for and to sweep up. Whoever has to wait with it
 * keeps the slab: as much as a sixteenth of what a client may have waiting at all.
 *
 * @example
 * ```ts
 * const joined = room(first.length + second.length);
 * joined.set(first);
 * joined.set(second, first.length);
 * ```
 */
export function allocate(bytes: number): Uint8Array {
  if (bytes > MAX_CUT_BYTES) return Buffer.allocUnsafeSlow(bytes);
  if (used + bytes > SLAB_BYTES) {
    slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
    used = 0;
  }
  return slab.subarray(used, used += bytes);
}
