import type { Keepalive } from "./keepalive.ts";
import type { FlushScheduler } from "../delivery/flushable.ts";
import type { ReceiverLimits } from "./receiver.ts";

/** Is told what goes out, and what has to wait. */
export interface TrafficMeter {
  /** Frames were written together. */
  wrote(frames: number, bytes: number): void;
  /** So many bytes more wait for clients to read; fewer where it is negative. */
  waits(change: number): void;
}

/** What all connections of a listener have in common. */
export interface ConnectionOptions {
  readonly scheduler: FlushScheduler;
  readonly meter: TrafficMeter;
  /** Pings them and cuts those that are silent; left out where nobody is to be. */
  readonly keepalive?: Keepalive;
  /** Bytes of one message from the client, all fragments together. */
  readonly maxMessage: number;
  /** What a client may do besides whole messages; left out where nothing limits it. */
  readonly receiving?: ReceiverLimits;
  /**
   * Bytes that may wait for a client that does not read. Frames shorter than the memory that one
   * takes count as that much, so that a flood of pings is bounded as well as a flood of events.
   */
  readonly maxUnsent: number;
  /** Milliseconds that a closing handshake may take before the socket is cut. */
  readonly closeTimeout: number;
}
