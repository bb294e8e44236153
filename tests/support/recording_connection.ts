import { once } from "node:events";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { FrameChain } from "../../src/delivery/frame_chain.ts";
import { WebSocketConnection } from "../../src/websocket/connection.ts";
import type { FlushScheduler } from "../../src/delivery/flushable.ts";

/** What may differ. */
interface RecordingOptions {
  readonly scheduler?: FlushScheduler;
  readonly maxUnsent?: number;
}

/**
 * The server's end of a connection whose client is a list: what is written is kept, and taken at
 * once or, as by a client that does not read, when the test says so.
 *
 * @example
 * ```ts
 * const recording = new RecordingConnection();
 * recording.connection.send(textFrame("hello"));
 * recording.connection.flush();
 * assert.equal(recording.frames.length, 1);
 * ```
 */
export class RecordingConnection {
  /** Whole frames, as they were sent. */
  readonly frames: Uint8Array[] = [];
  /** How many times something was written. */
  writes = 0;
  readonly connection: WebSocketConnection;
  readonly #socket: Duplex;
  #reads = true;
  #taken: (() => void) | undefined;

  constructor({ scheduler = { schedule() {} }, maxUnsent = Infinity }: RecordingOptions = {}) {
    const socket = this.#socket = new Duplex({
      read() {},
      write: (bytes: Uint8Array, _encoding, done) => {
        this.writes++;
        this.frames.push(...framesIn(bytes));
        if (this.#reads) done();
        else this.#taken = done;
      },
    });
    const tcp = Object.assign(socket, { setNoDelay() {} }) as unknown as Socket;
    this.connection = new WebSocketConnection(tcp, FrameChain.root(), {
      scheduler,
      meter: { wrote() {}, waits() {} },
      maxMessage: 1,
      maxUnsent,
      closeTimeout: 1,
    });
    const owner = { receivedText() {}, receivedBinary() {}, drained() {}, closed() {} };
    this.connection.open(owner, new Uint8Array());
  }

  /** Waits until a connection that was closed is gone. */
  async gone(): Promise<void> {
    if (!this.#socket.closed) await once(this.#socket, "close");
  }

  /** From here on nothing is taken. */
  stopReading(): void {
    this.#reads = false;
  }

  /** What waits is taken, and all that comes. @returns when the connection knows */
  async readOn(): Promise<void> {
    this.#reads = true;
    this.#taken?.();
    this.#taken = undefined;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The frames that were written as one (RFC 6455 §5.2). */
function* framesIn(bytes: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length;) {
    const length = bytes[at + 1]!;
    const end = at +
      (length < 126
        ? 2 + length
        : length === 126
        ? 4 + view.getUint16(at + 2)
        : 10 + Number(view.getBigUint64(at + 2)));
    yield bytes.subarray(at, end);
    at = end;
  }
}
