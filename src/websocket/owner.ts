import type { CloseInfo } from "./close_info.ts";

/** What a connection tells its owner. */
export interface ConnectionOwner {
  receivedText(message: string): void;
  receivedBinary(message: Uint8Array): void;
  /** The client has taken all that had to wait: there is room for more of what it asked for. */
  drained(): void;
  /**
   * Once, when the connection stops to carry messages: nothing is received after it and what is
   * sent after it goes nowhere. The socket itself may live on for the closing handshake.
   */
  closed(ending: CloseInfo): void;
}
