import { bookTraceFile } from "./book_trace.ts";
import { Program } from "./process.ts";
import type { LineSent, Traffic } from "./traffic.ts";

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
  /** The number of each stream's first event, and how many of each line were sent. */
  readonly from: number;
  readonly lines: readonly LineSent[];
}

/** What to publish, and where. */
export interface PublishOptions {
  readonly publish: string;
  /** `amqp:`, `nats:` or `http:`; see bench/publish.c. */
  readonly address: string;
  readonly exchange: string;
  readonly traffic: Traffic;
  /** Events a second over all lines together. */
  readonly rate: number;
  readonly seconds: number;
  /** The number of each stream's first event. */
  readonly from: number;
  readonly core: number;
}

/**
 * Starts the publisher: it says "ready" once order books have their snapshots, and begins when it
 * receives a line. Its report is read with {@link publishReport}.
 */
export function startPublisher(options: PublishOptions): Program {
  const { publish, address, exchange, traffic, rate, seconds, from, core } = options;
  const lines = traffic.lines.map(({ kind, bytes, weight, count, key }) =>
    [kind, bytes, weight, count, key].join(":")
  );
  const hasBooks = traffic.lines.some(({ kind }) => kind === "ob_inc");
  return Program.start([
    publish,
    ...["--wait", "--from", `${from}`],
    ...(hasBooks ? ["--trace", bookTraceFile(traffic.depth)] : []),
    ...[address, exchange, `${rate}`, `${seconds}`, ...lines],
  ], { core, input: true });
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
