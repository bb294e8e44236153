import {
  closeOf,
  closePayload,
  type Frame,
  type HandshakeOptions,
  Opcode,
} from "../../testing/raw_client.ts";
import { RawClient } from "../../testing/raw_client.ts";

/** How to connect. */
export interface ClientOptions extends HandshakeOptions {
  /** Sent as `Authorization: Bearer …`. */
  readonly token?: string;
}

/** A client that does what a good one does: sends text, answers pings, reads message by message. */
export interface Client extends AsyncDisposable {
  /** For what is below: single frames, bytes, the end of the connection. */
  readonly raw: RawClient;
  /**
   * The next text message.
   *
   * @throws Error when the connection closes instead, with code and reason, or nothing comes in time
   */
  next(): Promise<string>;
  /** The next messages, as many as asked for. */
  take(count: number): Promise<string[]>;
  /** Sends text as it is, anything else as JSON. */
  send(message: unknown): Promise<void>;
  /** Sends, and gives the next message. */
  ask(message: unknown): Promise<string>;
  /** Reads on to the close frame of the server, and gives what it says; messages are dropped. */
  closing(): Promise<{ code: number; reason: string }>;
  /** Closes as RFC 6455 says, and waits for the server to end the connection. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Connects a client. The first message is the answer for the streams that the URL names.
 *
 * @param url `ranger.url("/public?stream=usdbtc.trades")`
 * @throws Error when the server refuses the upgrade
 * @example
 * ```ts
 * await using client = await connectClient("ws://127.0.0.1:8080/public?stream=usdbtc.trades");
 * await client.next(); // '{"success":{"message":"subscribed","streams":["usdbtc.trades"]}}'
 * await client.ask("ping"); // "pong"
 * ```
 */
export async function connectClient(url: string, options: ClientOptions = {}): Promise<Client> {
  const headers = options.token === undefined
    ? options.headers
    : { Authorization: `Bearer ${options.token}`, ...options.headers };
  // Shown to it, since it answers them.
  const shown = { pings: true };
  return new TextClient(await RawClient.open(url, headers ? { ...shown, headers } : shown));
}

class TextClient implements Client {
  #done = false;

  constructor(readonly raw: RawClient) {}

  async next(): Promise<string> {
    const parts: Uint8Array[] = [];
    while (true) {
      const frame = await this.#dataFrame();
      if (frame.opcode === Opcode.close) {
        const { code, reason } = closeOf(frame);
        throw new Error(`the server closed: ${code} ${reason}`);
      }
      if (frame.opcode === Opcode.binary) throw new Error("the server sent a binary message");
      parts.push(frame.payload);
      if (frame.fin) return decode(parts);
    }
  }

  async take(count: number): Promise<string[]> {
    const messages: string[] = [];
    while (messages.length < count) messages.push(await this.next());
    return messages;
  }

  async send(message: unknown): Promise<void> {
    const payload = typeof message === "string" ? message : JSON.stringify(message);
    await this.raw.send({ opcode: Opcode.text, payload });
  }

  async ask(message: unknown): Promise<string> {
    await this.send(message);
    return await this.next();
  }

  async closing(): Promise<{ code: number; reason: string }> {
    while (true) {
      const frame = await this.#dataFrame();
      if (frame.opcode === Opcode.close) return closeOf(frame);
    }
  }

  async close(): Promise<void> {
    if (this.#done) return;
    this.#done = true;
    try {
      await this.raw.send({ opcode: Opcode.close, payload: closePayload(1000) });
      await this.raw.ended();
    } catch (error) {
      // The server may be gone already; waiting in vain for its end is a finding, though.
      if (error instanceof Error && error.message.startsWith("waited")) throw error;
    } finally {
      this.raw.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The next frame that is not a ping or pong; pings are answered. */
  async #dataFrame(): Promise<Frame> {
    while (true) {
      const frame = await this.raw.frame();
      if (frame.masked || frame.rsv !== 0) throw new Error("no server may send such a frame");
      if (frame.opcode === Opcode.ping) {
        await this.raw.send({ opcode: Opcode.pong, payload: frame.payload });
      } else if (frame.opcode !== Opcode.pong) return frame;
    }
  }
}

function decode(parts: readonly Uint8Array[]): string {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  return parts.map((part) => decoder.decode(part, { stream: true })).join("") + decoder.decode();
}
