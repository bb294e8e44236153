import type { WebSocketConnection } from "../websocket/connection.ts";
import type { Audience } from "./audience.ts";
import type { EncodedEvent, Wrapping } from "./envelope.ts";
import type { BudgetHolder } from "./state_budget.ts";

/** One client, as far as the hub is concerned. */
export class Subscriber implements BudgetHolder {
  readonly connection: WebSocketConnection;
  readonly wrapping: Wrapping;
  /** Names of the streams held, in the order subscribed. */
  readonly streams: Set<string> = new Set();
  /**
   * Of those, the ones whose state there was no room for yet, and which are not followed until
   * there is; `undefined` when there are none.
   */
  ungreeted: string[] | undefined;
  budgetFullAt = 0;
  /** Those who follow the same streams; `undefined` while it follows none. The hub keeps it. */
  audience: Audience | undefined;
  /** Whose private events it gets; `undefined` while anonymous. The hub keeps it. */
  uid: string | undefined;

  constructor(connection: WebSocketConnection, wrapping: Wrapping) {
    this.connection = connection;
    this.wrapping = wrapping;
  }

  /** Owes one event to this client alone, as the client reads it. */
  send(event: EncodedEvent): void {
    this.connection.send(event.frame(this.wrapping));
  }

  /** Owes the client a state, which it needs before it can go on. */
  offer(event: EncodedEvent): void {
    this.connection.offer(event.frame(this.wrapping));
  }
}
