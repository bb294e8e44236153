import type { WebSocketConnection } from "../websocket/connection.ts";
import type { EncodedEvent, Envelope } from "./envelope.ts";

/** One client, as far as the hub is concerned. */
export class Subscriber {
  readonly connection: WebSocketConnection;
  readonly envelope: Envelope;
  /** Names of the streams held, in the order subscribed. */
  readonly streams: Set<string> = new Set();
  /** Whose private events it gets; `undefined` while anonymous. The hub keeps it. */
  uid: string | undefined;

  constructor(connection: WebSocketConnection, envelope: Envelope) {
    this.connection = connection;
    this.envelope = envelope;
  }

  /** Owes the client one event, in the client's envelope. */
  send(event: EncodedEvent): void {
    this.connection.send(event.frame(this.envelope));
  }
}
