import { Program } from "./process.ts";

/** What `publish` prints: see the top of bench/publish.c. `wslimit` prints the same and more. */
export interface PublishReport {
  readonly wanted: number;
  readonly published: number;
  readonly seconds: number;
  /** Events a second. */
  readonly rate: number;
  readonly max_late_ms?: number;
  readonly fell_behind?: boolean;
  readonly cpu?: number;
  readonly frames_per_write?: number;
  readonly cut_writes?: number;
  /** Routing key to the last sequence number published. */
  readonly last: Readonly<Record<string, number>>;
}

/** What to publish, and where. */
export interface PublishOptions {
  readonly publish: string;
  readonly amqpUrl: string;
  readonly exchange: string;
  /** Events a second over all keys together. */
  readonly rate: number;
  readonly seconds: number;
  readonly keys: readonly string[];
  /** Bytes of one event. */
  readonly bytes: number;
  readonly core: number;
}

/** Starts the publisher; its report is read with {@link publishReport}. */
export function startPublisher(options: PublishOptions): Program {
  const { publish, amqpUrl, exchange, rate, seconds, keys, bytes, core } = options;
  return Program.start(
    [publish, "--bytes", `${bytes}`, amqpUrl, exchange, `${rate}`, `${seconds}`, ...keys],
    { core },
  );
}

/**
 * The report of a publisher, as soon as it published its last event.
 *
 * @throws Error when the broker refused it or went away
 */
export async function publishReport(publisher: Program): Promise<PublishReport> {
  const text = await publisher.output;
  if (!text) await publisher.ended;
  if (!text) throw new Error(`${publisher.name} failed: ${publisher.complaint()}`);
  return JSON.parse(text) as PublishReport;
}

/** `public.usdbtc.trades` to `usdbtc.trades`: routing keys of public streams to stream names. */
export function streamNames(last: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(last).map(([key, seq]) => [key.replace(/^public\./, ""), seq]),
  );
}
