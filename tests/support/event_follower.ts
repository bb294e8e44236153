import type { Hub } from "../../src/hub/hub.ts";
import { FrameReader } from "../../testing/frames.ts";
import { type RecordingSubscriber, recordingSubscriber } from "./recording_subscriber.ts";

const decoder = new TextDecoder();

/**
 * A client of a hub inside the test, which receives any streams.
 *
 * @example
 * ```ts
 * import type { Hub } from "../../src/hub/hub.ts";
 * import { sourceEvent } from "./source_event.ts";
 *
 * declare const [hub, body]: [Hub, Uint8Array];
 * const follower = new EventFollower(hub, ["usdbtc.trades"]);
 * hub.deliver(sourceEvent("public.usdbtc.trades", body));
 * follower.read(); // ['{"usdbtc.trades":{"trades":[]}}']
 * ```
 */
export class EventFollower {
  readonly #subscriber: RecordingSubscriber;
  readonly #hub: Hub;
  readonly #names: readonly string[];

  /** Subscribes, and is sent the states. */
  constructor(hub: Hub, names: readonly string[], { checksums = false } = {}) {
    this.#subscriber = recordingSubscriber("object", checksums);
    this.#hub = hub;
    this.#names = names;
    hub.subscribe(this.#subscriber, names);
    hub.start(this.#subscriber, names);
  }

  /** The messages since the last call. */
  read(): string[] {
    return this.#subscriber.frames.splice(0).map((frame) => {
      const reader = new FrameReader();
      reader.add(frame);
      return decoder.decode(reader.frame()!.payload);
    });
  }

  /** Ends the subscriptions. */
  leave(): void {
    this.#hub.unsubscribe(this.#subscriber, this.#names);
  }
}
