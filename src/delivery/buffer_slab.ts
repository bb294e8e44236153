/** Bytes of a slab, and of the largest buffer that is cut from one. */
const SLAB = 65_536;
const LARGEST = SLAB / 4;

let slab = Buffer.allocUnsafeSlow(SLAB);
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
export function room(bytes: number): Uint8Array {
  if (bytes > LARGEST) return Buffer.allocUnsafeSlow(bytes);
  if (used + bytes > SLAB) {
    slab = Buffer.allocUnsafeSlow(SLAB);
    used = 0;
  }
  return slab.subarray(used, used += bytes);
}
