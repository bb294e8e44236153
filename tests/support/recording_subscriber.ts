import type { Envelope } from "../../src/hub/envelope.ts";
import { Subscriber } from "../../src/hub/subscriber.ts";
import { RecordingConnection } from "./recording_connection.ts";

/** A subscriber that keeps the frames it is written. */
export class RecordingSubscriber extends Subscriber {
  readonly #recording: RecordingConnection;

  constructor(recording: RecordingConnection, envelope: Envelope) {
    super(recording.connection, { envelope, deflate: undefined });
    this.#recording = recording;
  }

  /** What it was owed until now; the caller may empty it. */
  get frames(): Uint8Array[] {
    this.connection.group?.flush();
    this.connection.flush();
    return this.#recording.frames;
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
  return new RecordingSubscriber(new RecordingConnection(), envelope);
}
