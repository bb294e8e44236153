import type { AMQPClient, AMQPConsumer } from "@cloudamqp/amqp-client";
import { getLogger } from "@logtape/logtape";
import { hostname } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { brokerName } from "../../config/amqp_url.ts";
import type { Entry } from "../../config/loaded.ts";
import { namedSource } from "../../config/named_source.ts";
import { LogThrottle } from "../../telemetry/log_throttle.ts";
import { VERSION } from "../../version.ts";
import { backoff } from "./backoff.ts";
import { attemptsOf, brokerClient, takeDeliveries } from "./client.ts";
import type { Delivery } from "./deliveries.ts";
import { newLogName } from "../log_name.ts";
import { ExchangeType, UNFIT } from "./exchange_type.ts";
import { explainFailure, isLasting, unfitExchange } from "./failure.ts";
import { sendHeartbeats } from "./heartbeat.ts";
import { consume, keepBound, openQueue, type QueueOptions } from "./queue.ts";
import { StreamReader, type StreamReaderOptions } from "./stream_reader.ts";
import type { EventSink, EventSource, SourceState } from "../source.ts";
import { SourceStatus } from "../status.ts";
import { readTls, type TlsFiles } from "./tls.ts";
import { withTimeout } from "./with_timeout.ts";

const log = getLogger(["ranger", "broker"]);

/** Maximum size of an AMQP frame in bytes, RabbitMQ's default. Smaller frames would split bodies. */
const FRAME_MAX = 131_072;
/** Milliseconds from connecting to consuming, and for the broker's answer to a close. */
const SETUP_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 2_000;
/**
 * A connection that lasted this long, in milliseconds, resets the backoff: a broker that accepts a
 * connection and closes it at once is as useless as one that does not answer.
 */
const STABLE_AFTER_MS = 1_000;
/** Minimum number of milliseconds between two log lines with the same cause. */
const LOG_INTERVAL_MS = 60_000;
/** Seconds between renewals of the binding where heartbeats are off. */
const REBIND_SECONDS = 20;

/** The settings about the broker. */
export interface AmqpOptions extends QueueOptions, StreamReaderOptions, TlsFiles {
  /** One URL, or several of a cluster, tried in turn. With user and password: never log them. */
  readonly urls: readonly string[];
  /** Seconds. */
  readonly heartbeat: number;
}

/**
 * Events from RabbitMQ: by an exclusive queue that is bound to everything the exchange publishes, or
 * from a stream that is ({@linkcode StreamReader}).
 *
 * A broker that cannot be reached is tried again until it answers, whatever the reason: a wrong
 * password may be the broker's mistake, and clients are better off connected. Several brokers are
 * tried in turn, with a pause after each round ({@linkcode backoff}).
 *
 * Each new connection declares and binds a new queue; after each lost one the sink is notified that
 * events may be missing. The log is this process's own: the source numbers the events itself. A
 * stream continues where it was left.
 *
 * @example
 * ```ts
 * import { type EventSink } from "../source.ts";
 * declare const [options, hub]: [AmqpOptions, EventSink];
 * const source = new AmqpSource(options);
 * source.start(hub);
 * await source.stop();
 * ```
 */
export class AmqpSource implements EventSource {
  readonly #options: AmqpOptions;
  readonly #entries: readonly Entry[];
  readonly #stopping = new AbortController();
  readonly #status = new SourceStatus();
  /** The last failure of each broker since events last came in. */
  readonly #reasons = new Map<string, string>();
  readonly #exchangeType: ExchangeType;
  #running: Promise<void> | undefined;
  #reader: StreamReader | undefined;
  /** Milliseconds without data from the broker before the connection was given up. */
  #silence = 0;
  #throttle = new LogThrottle(LOG_INTERVAL_MS);

  /** @param entries which source each setting is from: errors of the files they name say it */
  constructor(options: AmqpOptions, entries: readonly Entry[] = []) {
    this.#options = options;
    this.#entries = entries;
    this.#exchangeType = new ExchangeType(options.exchange);
  }

  get state(): SourceState {
    return this.#status;
  }

  start(sink: EventSink): void {
    if (this.#running !== undefined) return;
    const status = this.#status;
    if (this.#options.stream === "") {
      status.log = newLogName();
      sink.opened(status.log);
    } else {
      const deliver = (delivery: Delivery) => this.#deliver(sink, delivery);
      this.#reader = new StreamReader(this.#options, { status, sink, deliver });
    }
    this.#running = this.#run(sink);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(sink: EventSink): Promise<void> {
    const { signal } = this.#stopping;
    const { urls } = this.#options;
    this.#status.down(`connecting to the broker ${urls.map(brokerName).join(", ")}`);
    let failures = 0;
    let outageFrom = performance.now();
    for (let at = 0; !signal.aborted; at = (at + 1) % urls.length) {
      if (await this.#attempt(urls[at]!, sink)) {
        failures = 0;
        outageFrom = performance.now();
        continue;
      }
      failures++;
      if (failures % urls.length !== 0) continue;
      const pause = backoff(failures / urls.length, performance.now() - outageFrom);
      await delay(pause, undefined, { signal }).catch(() => {});
    }
    this.#status.stop();
  }

  /** One connection, from its beginning to its end. @returns whether it lasted */
  async #attempt(url: string, sink: EventSink): Promise<boolean> {
    const { signal } = this.#stopping;
    const status = this.#status;
    const broker = brokerName(url);
    let client: AMQPClient | undefined;
    try {
      client = brokerClient(this.#named(url), await readTls(this.#options));
      // Some promises of a client never settle after its socket is closed, so stopping does not
      // wait for them.
      await unlessAborted(signal, this.#consume(client, broker, sink));
    } catch (error) {
      if (!signal.aborted) this.#report(url, namedSource(error, { entries: this.#entries }));
    }
    const lasted = status.connected && status.lasted > STABLE_AFTER_MS;
    if (status.connected && !signal.aborted) {
      status.down(this.#describeReasons(), this.#silence);
      sink.down();
      if (this.#reader === undefined) sink.lost(status.lost("connection"));
    }
    if (client !== undefined) await disconnect(client, signal.aborted);
    return lasted;
  }

  /** Consumes until the connection ends, which is always an error. */
  async #consume(client: AMQPClient, broker: string, sink: EventSink): Promise<void> {
    const { queue, consumer } = await withTimeout(
      SETUP_TIMEOUT_MS,
      this.#setUp(client, broker, sink),
      () => attemptsOf(client),
    );
    this.#consuming(broker, queue);
    sink.up();
    await consumer.wait();
  }

  async #setUp(
    client: AMQPClient,
    broker: string,
    sink: EventSink,
  ): Promise<{ queue: string; consumer: AMQPConsumer }> {
    const { exchange, heartbeat, stream } = this.#options;
    this.#watchAlarms(client, broker);
    await client.connect();
    this.#silence = 0;
    sendHeartbeats(client, (milliseconds) => this.#silence = milliseconds);
    if (this.#reader !== undefined) {
      const consumer = await this.#reader.attach(client);
      await this.#checkExchangeType(client);
      return { queue: stream, consumer };
    }
    const { channel, queue } = await openQueue(client, this.#options);
    await this.#checkExchangeType(client);
    takeDeliveries(client, channel, (delivery) => {
      delivery.offset = ++this.#status.position;
      this.#deliver(sink, delivery);
    });
    const consumer = await consume(channel, queue);
    keepBound(client, channel, queue, exchange, heartbeat || REBIND_SECONDS, async () => {
      // Where each check would be an error in the broker's log, the next connection checks again.
      if (this.#exchangeType.silent) await this.#checkExchangeType(client);
    });
    return { queue, consumer };
  }

  /** @throws {Error} an exchange of this type delivers nothing to the queue */
  async #checkExchangeType(client: AMQPClient): Promise<void> {
    const type = await this.#exchangeType.find(client);
    if (type === UNFIT) throw unfitExchange(this.#options.exchange, type);
  }

  /** RabbitMQ notifies only connections that publish; some other brokers notify all. */
  #watchAlarms(client: AMQPClient, broker: string): void {
    const status = this.#status;
    client.onblocked = (reason) => {
      status.blocked = reason;
      log.error(
        "the broker {broker} blocks publishers: {reason}; no events arrive until its alarm ends " +
          "(rabbitmqctl status)",
        { broker, reason },
      );
    };
    client.onunblocked = () => {
      status.blocked = undefined;
      log.info("the broker {broker} accepts events from publishers again", { broker });
    };
  }

  #deliver(sink: EventSink, delivery: Delivery): void {
    try {
      sink.deliver(delivery);
    } catch (error) {
      // One event must not keep the events after it from being read.
      log.error("unexpected error in an event of {routingKey}; please report it: {error}", {
        routingKey: delivery.routingKey,
        error,
      });
    }
  }

  #consuming(broker: string, queue: string): void {
    const { exchange } = this.#options;
    const by = this.#reader === undefined ? "queue" : "stream";
    this.#status.up(
      `consuming from ${exchange} of ${broker} by ${by === "queue" ? "" : "stream "}${queue}`,
    );
    this.#reasons.clear();
    this.#throttle = new LogThrottle(LOG_INTERVAL_MS);
    log.info("consuming from exchange {exchange} of {broker} by {by} {queue}", {
      exchange,
      broker,
      by,
      queue,
    });
  }

  #report(url: string, error: unknown): void {
    const broker = brokerName(url);
    const failure = explainFailure(error, { url, ...this.#options });
    const { kind, text, advice } = failure;
    const status = this.#status;
    status.failed(failure, `the broker ${broker}: ${text}`);
    this.#reasons.set(broker, text);
    const lost = status.connected;
    if (!lost) status.down(this.#describeReasons());
    // Numbers and queue names differ between attempts, so they are left out of the comparison. A
    // loss is logged apart from failures to connect, even with the same cause.
    const cause = text.replace(/\b[0-9a-f]{8}\b|\d+/g, "#");
    if (!this.#throttle.allows(`${broker} ${lost} ${kind} ${cause}`)) return;
    if (lost) {
      log.warn("lost the broker {broker}: {reason}; clients stay connected, reconnecting", {
        broker,
        reason: text,
      });
      return;
    }
    const cannot = "cannot consume from the broker {broker}, retrying: {reason}; {advice}";
    const properties = { broker, reason: text, advice };
    if (isLasting(kind)) log.error(cannot, properties);
    else log.warn(cannot, properties);
  }

  /** The last failure of each broker. */
  #describeReasons(): string {
    return [...this.#reasons].map(([broker, text]) => `the broker ${broker}: ${text}`).join("; ");
  }

  #named(address: string): string {
    const url = new URL(address);
    // Shown in RabbitMQ's list of connections.
    url.searchParams.set("name", `ranger ${VERSION} ${hostname()}:${Deno.pid}`);
    url.searchParams.set("heartbeat", String(this.#options.heartbeat));
    url.searchParams.set("frameMax", String(FRAME_MAX));
    return url.href;
  }
}

/** Closes a connection: properly if asked to and if the broker answers, otherwise by its socket. */
async function disconnect(client: AMQPClient, inOrder: boolean): Promise<void> {
  if (inOrder && !client.closed) {
    await withTimeout(CLOSE_TIMEOUT_MS, client.close("Ranger stops")).catch(() => {});
  }
  client.socket?.destroy();
}

/** Waits for the promise, or rejects as soon as the signal is aborted. */
async function unlessAborted(signal: AbortSignal, promise: Promise<void>): Promise<void> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort);
  try {
    await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
