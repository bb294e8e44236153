import { doubling, Histogram } from "../telemetry/histogram.ts";

/**
 * Counts what goes out to all clients.
 *
 * @example
 * ```ts
 * import { type OutboxOptions } from "./outbox.ts";
 * const traffic = new Traffic();
 * const counted: Pick<OutboxOptions, "traffic"> = { traffic }; // for every outbox
 * traffic.framesPerWrite.sum; // frames written
 * ```
 */
export class Traffic {
  /** Bytes written to clients, answers to handshakes included: without TLS, which ends at the proxy. */
  bytes = 0;
  /** Bytes that wait for clients that read more slowly than they are sent to. */
  unsent = 0;
  /** Writes by the number of frames in them. */
  readonly framesPerWrite: Histogram = new Histogram(doubling(1, 13));

  /** @param frames of each write @param bytes of each write */
  countWrites(writes: number, frames: number, bytes: number): void {
    this.bytes += writes * bytes;
    this.framesPerWrite.observe(frames, writes);
  }

  /** @param bytes that wait from now on; negative for bytes that no longer wait */
  addUnsent(bytes: number): void {
    this.unsent += bytes;
  }
}
