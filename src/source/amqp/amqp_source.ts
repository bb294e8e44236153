import type { AMQPClient, AMQPConsumer } from "@cloudamqp/amqp-client";
import { getLogger } from "@logtape/logtape";
import { hostname } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { brokerName } from "../../config/amqp_url.ts";
import { LogThrottle } from "../../telemetry/log_throttle.ts";
import { VERSION } from "../../version.ts";
import { backoff } from "./backoff.ts";
import { attemptsOf, brokerClient, takeDeliveries } from "./client.ts";
import { ExchangeType, UNFIT } from "./exchange_type.ts";
import { explainFailure, isLasting, unfitExchange } from "./failure.ts";
import { sendHeartbeats } from "./heartbeat.ts";
import { consume, keepBound, openQueue, type QueueOptions } from "./queue.ts";
import type { EventSink, EventSource, SourceState } from "../source.ts";
import { SourceStatus } from "../status.ts";
import { readTls, type TlsFiles } from "./tls.ts";
import { withTimeout } from "./with_timeout.ts";

const log = getLogger(["ranger", "broker"]);

/** Bytes of one AMQP frame; what RabbitMQ offers by default. Smaller ones would cut bodies up. */
const FRAME_MAX = 131_072;
/** Milliseconds that the broker may take until it delivers, and to say goodbye. */
const SETUP_TIMEOUT = 10_000;
const CLOSE_TIMEOUT = 2_000;
/**
 * A connection that lasted this long, in milliseconds, resets the backoff: a broker that accepts a
 * connection and closes it at once is no better than one that does not answer.
 */
const STEADY = 1_000;
/** Milliseconds in which the same cause is logged once. */
const INTERVAL = 60_000;
/** Seconds between two looks at the binding where heartbeats are off. */
const REBIND = 20;

/** What of the settings concerns the broker. */
export interface AmqpOptions extends QueueOptions, TlsFiles {
  /** One, or several of a cluster, tried in turn; with user and password: never logged. */
  readonly urls: readonly string[];
  /** Seconds. */
  readonly heartbeat: number;
}

/**
 * Events from RabbitMQ: an exclusive queue, bound to everything that the exchange publishes.
 *
 * A broker that cannot be reached is tried again until it answers, whatever the reason: a wrong
 * password may be the broker's mistake, and clients are better off connected. Several brokers are
 * tried in turn, with a pause after each round ({@linkcode backoff}). Each new connection declares
 * and binds a new queue; each lost one tells the sink that events may be missing.
 *
 * @example
 * ```ts
 * const source = new AmqpSource(settings.amqp);
 * source.start(hub);
 * await source.stop();
 * ```
 */
export class AmqpSource implements EventSource {
  readonly #options: AmqpOptions;
  readonly #stopping = new AbortController();
  readonly #status = new SourceStatus();
  /** What each broker failed by, since events last came in. */
  readonly #reasons = new Map<string, string>();
  readonly #type: ExchangeType;
  #running: Promise<void> | undefined;
  /** Milliseconds without a sign of life, after which the present connection was given up. */
  #silence = 0;
  #rarely = new LogThrottle(INTERVAL);

  constructor(options: AmqpOptions) {
    this.#options = options;
    this.#type = new ExchangeType(options.exchange);
  }

  get state(): SourceState {
    return this.#status;
  }

  start(sink: EventSink): void {
    this.#running ??= this.#run(sink);
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
      // Not every promise of a client settles once its socket is gone: stopping must not wait
      // for them.
      await unlessAborted(signal, this.#consume(client, broker, sink));
    } catch (error) {
      if (!signal.aborted) this.#report(url, error);
    }
    const lasted = status.connected && status.lasted > STEADY;
    if (status.connected && !signal.aborted) {
      status.down(this.#told(), this.#silence);
      sink.interrupted();
    }
    if (client !== undefined) await letGo(client, signal.aborted);
    return lasted;
  }

  /** Consumes until that ends, which always is an error. */
  async #consume(client: AMQPClient, broker: string, sink: EventSink): Promise<void> {
    const { queue, consumer } = await withTimeout(
      SETUP_TIMEOUT,
      this.#setUp(client, broker, sink),
      () => attemptsOf(client),
    );
    this.#consuming(broker, queue);
    await consumer.wait();
  }

  async #setUp(
    client: AMQPClient,
    broker: string,
    sink: EventSink,
  ): Promise<{ queue: string; consumer: AMQPConsumer }> {
    const { exchange, heartbeat } = this.#options;
    this.#watchAlarms(client, broker);
    await client.connect();
    this.#silence = 0;
    sendHeartbeats(client, (milliseconds) => this.#silence = milliseconds);
    const { channel, queue } = await openQueue(client, this.#options);
    await this.#judgeExchange(client);
    takeDeliveries(
      client,
      channel,
      (routingKey, body, age) => this.#deliver(sink, routingKey, body, age),
    );
    const consumer = await consume(channel, queue);
    keepBound(client, channel, queue, exchange, heartbeat || REBIND, async () => {
      // Where the broker would log an error each time, the next connection is soon enough.
      if (this.#type.silent) await this.#judgeExchange(client);
    });
    return { queue, consumer };
  }

  /** @throws {Error} nothing can come from it: connected, but for nothing */
  async #judgeExchange(client: AMQPClient): Promise<void> {
    const type = await this.#type.find(client);
    if (type === UNFIT) throw unfitExchange(this.#options.exchange, type);
  }

  /** RabbitMQ tells only connections that publish; some other brokers tell all. */
  #watchAlarms(client: AMQPClient, broker: string): void {
    const status = this.#status;
    client.onblocked = (reason) => {
      status.blocked = reason;
      log.error(
        "The broker {broker} takes nothing from publishers: {reason}. No events come until it " +
          "has memory and disk again (rabbitmqctl status).",
        { broker, reason },
      );
    };
    client.onunblocked = () => {
      status.blocked = undefined;
      log.info("The broker {broker} takes events from publishers again.", { broker });
    };
  }

  #deliver(sink: EventSink, routingKey: string, body: Uint8Array, age: number): void {
    try {
      sink.deliver(routingKey, body, age);
    } catch (error) {
      // One event must not end the reading of those after it.
      log.error("An event of {routingKey} broke the server: {error}", { routingKey, error });
    }
  }

  #consuming(broker: string, queue: string): void {
    const { exchange } = this.#options;
    this.#status.up(`consuming from ${exchange} of ${broker} by ${queue}`);
    this.#reasons.clear();
    this.#rarely = new LogThrottle(INTERVAL);
    log.info("consuming from exchange {exchange} of {broker} by queue {queue}", {
      exchange,
      broker,
      queue,
    });
  }

  #report(url: string, error: unknown): void {
    const broker = brokerName(url);
    const failure = explainFailure(error, { url, exchange: this.#options.exchange });
    const { kind, text, advice } = failure;
    const status = this.#status;
    status.failed(failure, `the broker ${broker}: ${text}`);
    this.#reasons.set(broker, text);
    const lost = status.connected;
    if (!lost) status.down(this.#told());
    // Numbers and names of queues differ from one attempt to the next. What a connection was lost
    // by may keep the next one from being made, and is then what to do something about.
    const cause = text.replace(/\b[0-9a-f]{8}\b|\d+/g, "#");
    if (!this.#rarely.allows(`${broker} ${lost} ${kind} ${cause}`)) return;
    if (lost) {
      log.warn("Lost the broker {broker}: {reason}. Clients stay connected; trying again.", {
        broker,
        reason: text,
      });
      return;
    }
    const cannot =
      "Cannot consume from the broker {broker}, and will keep trying: {reason}; {advice}";
    const properties = { broker, reason: text, advice };
    if (isLasting(kind)) log.error(cannot, properties);
    else log.warn(cannot, properties);
  }

  /** What is wrong, of each broker that was tried. */
  #told(): string {
    return [...this.#reasons].map(([broker, text]) => `the broker ${broker}: ${text}`).join("; ");
  }

  #named(address: string): string {
    const url = new URL(address);
    // What the operator reads in RabbitMQ's list of connections.
    url.searchParams.set("name", `ranger ${VERSION} ${hostname()}:${Deno.pid}`);
    url.searchParams.set("heartbeat", String(this.#options.heartbeat));
    url.searchParams.set("frameMax", String(FRAME_MAX));
    return url.href;
  }
}

/** Ends a connection, in order where that is asked for and the broker takes part. */
async function letGo(client: AMQPClient, inOrder: boolean): Promise<void> {
  if (inOrder && !client.closed) {
    await withTimeout(CLOSE_TIMEOUT, client.close("Ranger stops")).catch(() => {});
  }
  client.socket?.destroy();
}

/** Rejects as soon as the signal is given; the promise is left to itself then. */
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
