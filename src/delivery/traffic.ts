import type { TrafficMeter } from "../websocket/options.ts";
import { doubling, Histogram } from "../telemetry/histogram.ts";

/**
 * What goes out to all clients, counted at each write.
 *
 * @example
 * ```ts
 * const traffic = new Traffic();
 * const options: ConnectionOptions = { meter: traffic, ...others };
 * traffic.framesPerWrite.sum; // frames written
 * ```
 */
export class Traffic implements TrafficMeter {
  /** Bytes written, of frames only: without TLS, which is the proxy's, and the handshakes. */
  bytes = 0;
  /** Bytes that wait for clients who read more slowly than they are written to. */
  unsent = 0;
  /** Writes by the frames that went out together. */
  readonly framesPerWrite: Histogram = new Histogram(doubling(1, 13));

  wrote(frames: number, bytes: number): void {
    this.bytes += bytes;
    this.framesPerWrite.observe(frames);
  }

  waits(change: number): void {
    this.unsent += change;
  }
}
