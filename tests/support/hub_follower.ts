/** Clients of a hub inside the test, which keep an order book as simply as can be. */
import assert from "node:assert/strict";
import type { Hub } from "../../src/hub/hub.ts";
import { FrameReader } from "../../testing/frames.ts";
import { type BookSnapshot, ModelBook } from "./model_book.ts";
import { recordingSubscriber } from "./recording_subscriber.ts";

const decoder = new TextDecoder();

/** A message's event and payload, as text. */
export interface ReceivedEvent {
  readonly event: "ob-snap" | "ob-inc";
  readonly payload: string;
}

/**
 * Follows the increments of one market.
 *
 * @example
 * ```ts
 * import { type Hub } from "../../src/hub/hub.ts";
 * import { sourceEvent } from "./source_event.ts";
 *
 * declare const [hub, body]: [Hub, Uint8Array];
 * const follower = new HubFollower(hub, "ethusd");
 * hub.deliver(sourceEvent("public.ethusd.ob-snap", body));
 * follower.read();
 * follower.snapshots; // 1
 * ```
 */
export class HubFollower {
  readonly book: ModelBook = new ModelBook();
  /** Payloads of the increments, as they came. */
  readonly increments: string[] = [];
  snapshots = 0;
  readonly #id: string;
  readonly #subscriber = recordingSubscriber("object");

  /** Subscribes, and is sent the state. */
  constructor(hub: Hub, id: string) {
    this.#id = id;
    hub.subscribe(this.#subscriber, [`${id}.ob-inc`]);
    hub.start(this.#subscriber, [`${id}.ob-inc`]);
  }

  /** Takes what has come since, and returns it. */
  read(): ReceivedEvent[] {
    const received = this.#subscriber.frames.splice(0).map((frame) => this.#received(frame));
    for (const { event, payload } of received) this.#take(event, payload);
    return received;
  }

  #take(event: string, payload: string): void {
    if (event === "ob-snap") {
      this.snapshots++;
      this.book.replace(JSON.parse(payload) as BookSnapshot);
      return;
    }
    const increment = JSON.parse(payload);
    assert.ok(this.snapshots > 0, "no increment comes before the first snapshot");
    assert.equal(increment.sequence, this.book.sequence! + 1, "a client sees no gap");
    this.increments.push(payload);
    this.book.apply(increment);
  }

  #received(frame: Uint8Array): ReceivedEvent {
    const reader = new FrameReader();
    reader.add(frame);
    const message = decoder.decode(reader.frame()!.payload);
    for (const event of ["ob-snap", "ob-inc"] as const) {
      const open = `{"${this.#id}.${event}":`;
      if (message.startsWith(open)) return { event, payload: message.slice(open.length, -1) };
    }
    throw new Error(`a follower of ${this.#id}.ob-inc was sent ${message}`);
  }
}
