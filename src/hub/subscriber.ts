import type { Outbox } from "../delivery/outbox.ts";
import type { Audience } from "./audience.ts";
import type { EncodedEvent, Wrapping } from "./envelope.ts";

/** One client, as far as the hub is concerned. */
export class Subscriber {
  /** What it is sent goes in here. */
  readonly outbox: Outbox;
  readonly wrapping: Wrapping;
  /** Names of the streams held, in the order subscribed. */
  readonly streams: Set<string> = new Set();
  /**
   * Of those, the ones whose state there was no room for yet, and which are not followed until
   * there is; `undefined` when there are none.
   */
  ungreeted: string[] | undefined;
  /** Those who follow the same streams; `undefined` while it follows none. The hub keeps it. */
  audience: Audience | undefined;
  /** Whose private events it gets; `undefined` while anonymous. The hub keeps it. */
  uid: string | undefined;

  constructor(outbox: Outbox, wrapping: Wrapping) {
    this.outbox = outbox;
    this.wrapping = wrapping;
  }

  /**
   * Sends an event to this client alone, ahead of other clients' events.
   *
   * @param age milliseconds since it was published
   */
  sendUrgent(event: EncodedEvent, age: number): void {
    this.outbox.sendUrgent(event.frame(this.wrapping), age);
  }

  /**
   * Offers the client a state, which it needs before it can go on.
   *
   * @param age milliseconds since it was published, when it was just now
   */
  offer(event: EncodedEvent, age?: number): void {
    this.outbox.offer(event.frame(this.wrapping), age);
  }
}
