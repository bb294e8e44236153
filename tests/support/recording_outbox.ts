import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { FrameChain } from "../../src/delivery/frame_chain.ts";
import { Outbox, type OutboxOptions, type OutboxOwner } from "../../src/delivery/outbox.ts";
import { Traffic } from "../../src/delivery/traffic.ts";
import { ManualFlusher } from "./manual_flusher.ts";

interface RecordingOptions extends Partial<OutboxOptions> {
  /** Divides what was written as one into frames; lines unless given. */
  readonly split?: (bytes: Uint8Array) => Iterable<Uint8Array>;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A frame of a protocol of lines. */
export function line(text: string): Uint8Array {
  return encoder.encode(`${text}\n`);
}

/**
 * An outbox whose client is a list: what is written is kept, and taken at once or, as by a client
 * that does not read, when the test says so. The socket is a stream of node's that takes one write
 * at a time, as a full TCP connection does.
 *
 * @example
 * ```ts
 * const recording = new RecordingOutbox();
 * recording.outbox.send(line("hello"));
 * recording.outbox.flush();
 * recording.texts; // ["hello"]
 * ```
 */
export class RecordingOutbox implements OutboxOwner {
  /** Whole frames, in the order in which they were written. */
  readonly frames: Uint8Array[] = [];
  /** Writes to the socket. */
  writes = 0;
  /** Calls of the outbox. */
  drains = 0;
  overflows = 0;
  readonly outbox: Outbox;
  #reads = true;
  #take: (() => void) | undefined;

  constructor({
    split = lines,
    flusher = new ManualFlusher(),
    traffic = new Traffic(),
    limits = { unsentBytes: Infinity },
  }: RecordingOptions = {}) {
    const socket = new Duplex({
      read() {},
      write: (bytes: Uint8Array, _encoding, done) => {
        this.writes++;
        this.frames.push(...split(bytes));
        if (this.#reads) done();
        else this.#take = done;
      },
    });
    const options = { flusher, traffic, limits };
    this.outbox = new Outbox(socket as unknown as Socket, FrameChain.root(), this, options);
  }

  get texts(): string[] {
    return this.frames.map((frame) => decoder.decode(frame.subarray(0, -1)));
  }

  drained(): void {
    this.drains++;
  }

  caughtUp(): void {}

  /** A slow consumer's connection ends. */
  overflowed(): void {
    this.overflows++;
    this.outbox.abort(line("slow"));
  }

  /** From here on the client takes nothing. */
  stopReading(): void {
    this.#reads = false;
  }

  /** The client takes everything. Resolves when the outbox knows, and has written on. */
  async readOn(): Promise<void> {
    this.#reads = true;
    this.#take?.();
    this.#take = undefined;
    await new Promise((resolve) => setImmediate(resolve));
    this.outbox.flush();
  }
}

function* lines(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(10, at) + 1;
    yield bytes.subarray(at, end);
    at = end;
  }
}
