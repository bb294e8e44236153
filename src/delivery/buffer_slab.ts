const SLAB_BYTES = 65_536;
/** The largest buffer that is cut from a slab. */
const MAX_CUT_BYTES = SLAB_BYTES / 4;

let slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
let used = 0;

/**
 * A buffer with undefined contents that is written to a socket soon and then released. Small ones
 * are cut from a shared slab, because the runtime accounts for and sweeps each ArrayBuffer. A buffer
 * that has to wait keeps its slab alive: a sixteenth of what one client may have waiting by default.
 *
 * @example
 * ```ts
 * declare const first: Uint8Array, second: Uint8Array;
 * const joined = allocate(first.length + second.length);
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
