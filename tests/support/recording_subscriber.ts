import { Socket } from "node:net";
import type { EncodedEvent, Envelope } from "../../src/hub/envelope.ts";
import { Subscriber } from "../../src/hub/subscriber.ts";
import { Batch } from "../../src/websocket/batch.ts";
import { WebSocketConnection } from "../../src/websocket/connection.ts";

/** A subscriber that keeps the frames it is owed; its connection is connected to nothing. */
export class RecordingSubscriber extends Subscriber {
  readonly frames: Uint8Array[] = [];

  override send(event: EncodedEvent): void {
    this.frames.push(event.frame(this.wrapping));
  }

  override offer(event: EncodedEvent): void {
    this.send(event);
  }
}

/**
 * A subscriber for a hub inside the test.
 *
 * @example
 * ```ts
 * const subscriber = recordingSubscriber("object");
 * hub.subscribe(subscriber, "usdbtc.trades");
 * hub.deliver("public.usdbtc.trades", body);
 * assert.equal(subscriber.frames.length, 1);
 * ```
 */
export function recordingSubscriber(envelope: Envelope): RecordingSubscriber {
  const connection = new WebSocketConnection(new Socket(), Batch.root(), {
    scheduler: { mark() {} },
    meter: { wrote() {}, waits() {} },
    maxMessage: 1,
    maxUnsent: 1,
    closeTimeout: 1,
  });
  return new RecordingSubscriber(connection, { envelope, deflate: undefined });
}
