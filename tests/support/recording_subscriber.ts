import type { Socket } from "node:net";
import { Writable } from "node:stream";
import type { Envelope } from "../../src/hub/envelope.ts";
import { Subscriber } from "../../src/hub/subscriber.ts";
import { Batch } from "../../src/websocket/batch.ts";
import { WebSocketConnection } from "../../src/websocket/connection.ts";

/** A subscriber that keeps the frames it is written; its connection leads nowhere else. */
export class RecordingSubscriber extends Subscriber {
  readonly #frames: Uint8Array[] = [];

  /** @param envelope that it is written to in */
  constructor(envelope: Envelope) {
    const socket = new Writable({
      write: (bytes: Uint8Array, _encoding, done) => {
        this.#frames.push(...framesIn(bytes));
        done();
      },
    });
    const connection = new WebSocketConnection(socket as unknown as Socket, Batch.root(), {
      scheduler: { mark() {} },
      meter: { wrote() {}, waits() {} },
      maxMessage: 1,
      maxUnsent: Infinity,
      closeTimeout: 1,
    });
    super(connection, { envelope, deflate: undefined });
  }

  /** What it was owed until now; the caller may empty it. */
  get frames(): Uint8Array[] {
    this.connection.cohort?.flush();
    this.connection.flush();
    return this.#frames;
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

/**
 * A subscriber for a hub inside the test.
 *
 * @example
 * ```ts
 * const subscriber = recordingSubscriber("object");
 * hub.subscribe(subscriber, ["usdbtc.trades"]);
 * hub.deliver("public.usdbtc.trades", body);
 * assert.equal(subscriber.frames.length, 1);
 * ```
 */
export function recordingSubscriber(envelope: Envelope): RecordingSubscriber {
  return new RecordingSubscriber(envelope);
}
