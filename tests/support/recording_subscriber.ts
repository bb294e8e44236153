import { Cursors } from "../../src/hub/cursor.ts";
import { type Envelope, wireFormats } from "../../src/hub/envelope.ts";
import { Subscriber } from "../../src/hub/subscriber.ts";
import { RecordingOutbox } from "./recording_outbox.ts";

/** A subscriber that keeps the frames that are written to it. */
export class RecordingSubscriber extends Subscriber {
  readonly #recording: RecordingOutbox;

  constructor(recording: RecordingOutbox, envelope: Envelope, checksums = false) {
    super(recording.outbox, wireFormats(undefined, new Cursors(), checksums).none[envelope]);
    this.#recording = recording;
  }

  /** What it was sent until now; the caller may empty it. */
  get frames(): Uint8Array[] {
    this.outbox.group?.flush();
    this.outbox.flush();
    return this.#recording.frames;
  }
}

/**
 * A subscriber for a hub inside the test.
 *
 * @example
 * ```ts
 * import { type Hub } from "../../src/hub/hub.ts";
 * import { sourceEvent } from "./source_event.ts";
 *
 * declare const [hub, body]: [Hub, Uint8Array];
 * const subscriber = recordingSubscriber("object");
 * hub.subscribe(subscriber, ["usdbtc.trades"]);
 * hub.start(subscriber, ["usdbtc.trades"]);
 * hub.deliver(sourceEvent("public.usdbtc.trades", body));
 * subscriber.frames.length; // 1
 * ```
 */
export function recordingSubscriber(
  envelope: Envelope,
  checksums = false,
): RecordingSubscriber {
  const outbox = new RecordingOutbox({ split: webSocketFrames });
  return new RecordingSubscriber(outbox, envelope, checksums);
}

/** The frames in what was written as one (RFC 6455 §5.2). */
export function* webSocketFrames(bytes: Uint8Array): Generator<Uint8Array> {
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
