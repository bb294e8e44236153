import { closeOf, Opcode, RawClient } from "../../testing/raw_client.ts";
import { wrongWith } from "./numbered_events.ts";

/** How a member of the crowd reads. */
export type Manner =
  /** As fast as it can. */
  | "steady"
  /** Begins when told to, and pauses again and again. */
  | "slow"
  /** Not at all. */
  | "never";

/** What a member is to hold. */
export interface MemberOptions {
  readonly url: string;
  readonly streams: readonly string[];
  readonly manner: Manner;
  /** Bytes of every message of that stream, where they do not follow from the number. */
  readonly bytes: Readonly<Record<string, number>>;
}

/** One client that checks what it gets, event by event. */
export class Member {
  readonly manner: Manner;
  /** The number of the last event, by stream. */
  readonly last: Map<string, number>;
  /** What went wrong first. */
  fault: string | undefined;
  /** The server's close frame, once it came. */
  closed: { code: number; reason: string } | undefined;
  /** How TCP ended after it. */
  end: "end" | "reset" | undefined;
  /** Is called after every event. */
  onEvent: () => void = () => {};
  readonly #client: RawClient;
  readonly #bytes: Readonly<Record<string, number>>;

  private constructor(client: RawClient, { streams, manner, bytes }: MemberOptions) {
    this.#client = client;
    this.#bytes = bytes;
    this.manner = manner;
    this.last = new Map(streams.map((stream) => [stream, 0]));
  }

  /** Connects, and reads the answer to the upgrade. */
  static async connect(options: MemberOptions): Promise<Member> {
    const query = options.streams.map((stream) => `stream=${stream}`).join("&");
    const client = await RawClient.open(`${options.url}public?${query}`);
    await client.frame();
    return new Member(client, options);
  }

  /** Reads until the connection ends, or the first fault. */
  async read(): Promise<void> {
    try {
      while (this.fault === undefined && this.closed === undefined) {
        if (this.manner === "slow" && Math.random() < 0.02) await pause(Math.random() * 10);
        await this.#take();
      }
      if (this.closed !== undefined) this.end = await this.#client.ended();
    } catch (error) {
      this.fault ??= error instanceof Error ? error.message : String(error);
    }
  }

  /** Goes without a word. */
  leave(): void {
    this.#client.close();
  }

  async #take(): Promise<void> {
    const { fin, opcode, payload } = await this.#client.frame();
    if (opcode === Opcode.close) {
      this.closed = closeOf({ fin, opcode, payload, rsv: 0, masked: false });
      await this.#client.send({ opcode, payload });
      return;
    }
    if (!fin || opcode !== Opcode.text) throw new Error(`a frame of opcode ${opcode}, fin ${fin}`);
    const message = new TextDecoder().decode(payload);
    const stream = /^\{"([^"]+)":/.exec(message)?.[1] ?? "";
    const n = (this.last.get(stream) ?? NaN) + 1;
    this.fault = wrongWith(message, stream, n, this.#bytes[stream]);
    this.last.set(stream, n);
    this.onEvent();
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
