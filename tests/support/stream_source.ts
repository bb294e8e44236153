/** A source that reads a stream inside the test, and what it hands to its sink. */
import { AmqpSource } from "../../src/source/amqp/amqp_source.ts";
import type { Loss, SourceState } from "../../src/source/source.ts";
import { until } from "../../testing/bounded.ts";

/** One call of the sink. */
export type Taken =
  | {
    readonly what: "event";
    readonly offset: number;
    readonly key: string;
    readonly text: string;
    readonly past: boolean;
  }
  | { readonly what: "lost"; readonly loss: Loss }
  | { readonly what: "opened"; readonly log: string };

/** What a test may choose. */
export interface StreamSourceOptions {
  readonly url: string;
  readonly exchange: string;
  readonly stream: string;
  readonly streamMaxBytes?: number;
  readonly streamLookback?: number;
  readonly heartbeat?: number;
}

/**
 * Starts an `AmqpSource` on a stream.
 *
 * @example
 * ```ts
 * declare const broker: { url: string }, exchange: string;
 * await using source = new StreamSource({ url: broker.url, exchange, stream: exchange });
 * await source.caughtUp();
 * ```
 */
export class StreamSource implements AsyncDisposable {
  readonly taken: Taken[] = [];
  readonly #source: AmqpSource;

  constructor(options: StreamSourceOptions) {
    const source = new AmqpSource({
      urls: [options.url],
      queueLength: 1000,
      queueBytes: 1_000_000,
      heartbeat: 20,
      streamMaxAge: 3600,
      streamMaxBytes: 100_000_000,
      streamLookback: 3600,
      ...options,
    });
    this.#source = source;
    const decoder = new TextDecoder();
    source.start({
      opened: (log) => void this.taken.push({ what: "opened", log }),
      deliver: ({ offset, routingKey: key, body, past }) =>
        void this.taken.push({ what: "event", offset, key, text: decoder.decode(body), past }),
      lost: (loss) => void this.taken.push({ what: "lost", loss }),
      up() {},
      down() {},
    });
  }

  get state(): SourceState {
    return this.#source.state;
  }

  /** The bodies that it delivered. */
  get texts(): string[] {
    return this.taken.flatMap((taken) => taken.what === "event" ? [taken.text] : []);
  }

  /** The causes of the losses that it reported. */
  get losses(): string[] {
    return this.taken.flatMap((taken) => taken.what === "lost" ? [taken.loss.cause] : []);
  }

  /** Waits until it has read what was published before it was started. */
  async caughtUp(): Promise<void> {
    await until(
      () => this.state.connected && this.state.caughtUp || undefined,
      () => `the source to catch up: ${this.state.detail}`,
      30_000,
    );
  }

  /** Waits until an event with this body was delivered. */
  async delivered(text: string): Promise<void> {
    await until(
      () => this.texts.includes(text) || undefined,
      () => `the event ${text}; ${this.texts.length} came, ${this.state.detail}`,
      30_000,
    );
  }

  async stop(): Promise<void> {
    await this.#source.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
