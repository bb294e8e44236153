import type { AMQPClient, AMQPConsumer } from "@cloudamqp/amqp-client";
import { getLogger } from "@logtape/logtape";
import { hostname } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { VERSION } from "../version.ts";
import { backoff } from "./backoff.ts";
import { brokerClient, takeDeliveries } from "./client.ts";
import { declareExchange } from "./exchange.ts";
import { explainFailure } from "./failure.ts";
import { keepAlive } from "./liveness.ts";
import type { EventSink, EventSource, SourceState } from "./source.ts";
import { within } from "./within.ts";

const log = getLogger(["ranger", "broker"]);

/** Bytes of one AMQP frame; what RabbitMQ offers by default. Smaller ones would cut bodies up. */
const FRAME_MAX = 131_072;
/** Milliseconds that the broker may take until it delivers, and to say goodbye. */
const SETUP_TIMEOUT = 10_000;
const CLOSE_TIMEOUT = 2_000;

/** What of the settings concerns the broker. */
export interface AmqpOptions {
  /** With user and password: never logged. */
  readonly url: string;
  readonly exchange: string;
  /** Bounds of the queue, in messages and bytes; past them the broker drops the oldest. */
  readonly queueLength: number;
  readonly queueBytes: number;
  /** Seconds. */
  readonly heartbeat: number;
}

/**
 * Events from RabbitMQ: a queue of its own, bound to everything that the exchange publishes.
 *
 * The queue is exclusive and auto-deleted, so that it goes with the connection, and bounded, so
 * that a Ranger that is stopped cannot fill the broker. A broker that cannot be reached is tried
 * again for as long as it takes; each time the queue is declared and bound anew, and the sink is
 * told that events may be missing.
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
  readonly #broker: string;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #connected = false;
  #detail = "not started";
  #timesConnected = 0;
  /** Causes logged since events last came in: one that lasts is logged once. */
  readonly #complaints = new Set<string>();

  constructor(options: AmqpOptions) {
    this.#options = options;
    this.#broker = brokerName(options.url);
  }

  get state(): SourceState {
    return {
      connected: this.#connected,
      detail: this.#detail,
      reconnects: Math.max(0, this.#timesConnected - 1),
    };
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
    this.#detail = `connecting to the broker ${this.#broker}`;
    for (let attempt = 0; !signal.aborted; attempt++) {
      const before = this.#timesConnected;
      const client = brokerClient(this.#url());
      try {
        // Not every promise of a client settles once its socket is gone: stopping must not wait
        // for them.
        await unlessAborted(signal, this.#consume(client, sink));
      } catch (error) {
        if (!signal.aborted) this.#report(error);
      }
      if (this.#connected) {
        this.#connected = false;
        sink.interrupted();
      }
      await letGo(client, signal.aborted);
      if (this.#timesConnected > before) attempt = 0;
      await delay(backoff(attempt), undefined, { signal }).catch(() => {});
    }
    this.#detail = "stopped";
  }

  /** One connection, from its beginning to its end, which always is an error. */
  async #consume(client: AMQPClient, sink: EventSink): Promise<void> {
    const { queue, consumer } = await within(SETUP_TIMEOUT, this.#setUp(client, sink));
    this.#consuming(queue);
    await consumer.wait();
  }

  async #setUp(
    client: AMQPClient,
    sink: EventSink,
  ): Promise<{ queue: string; consumer: AMQPConsumer }> {
    const { exchange, queueLength, queueBytes } = this.#options;
    await client.connect();
    keepAlive(client);
    const channel = await declareExchange(client, exchange);
    const { name: queue } = await channel.queueDeclare(
      queueName(),
      { durable: false, exclusive: true, autoDelete: true },
      {
        "x-max-length": queueLength,
        "x-max-length-bytes": queueBytes,
        "x-overflow": "drop-head",
      },
    );
    await channel.queueBind(queue, exchange, "#");
    takeDeliveries(client, channel, (routingKey, body) => this.#deliver(sink, routingKey, body));
    // Deliveries do not come to the callback; the consumer tells when there are no more.
    const consumer = await channel.basicConsume(queue, { noAck: true, exclusive: true }, () => {});
    return { queue, consumer };
  }

  #deliver(sink: EventSink, routingKey: string, body: Uint8Array): void {
    try {
      sink.deliver(routingKey, body);
    } catch (error) {
      // One event must not end the reading of those after it.
      log.error("An event of {routingKey} broke the server: {error}", { routingKey, error });
    }
  }

  #consuming(queue: string): void {
    this.#connected = true;
    this.#timesConnected++;
    this.#complaints.clear();
    this.#detail = `consuming from ${this.#options.exchange} by ${queue}`;
    log.info("consuming from exchange {exchange} of {broker} by queue {queue}", {
      exchange: this.#options.exchange,
      broker: this.#broker,
      queue,
    });
  }

  #report(error: unknown): void {
    const { kind, text } = explainFailure(error);
    this.#detail = `the broker ${this.#broker}: ${text}`;
    if (this.#complaints.has(kind)) return;
    this.#complaints.add(kind);
    log.warn(
      this.#connected
        ? "Lost the broker {broker}: {reason}. Clients stay connected; trying again."
        : "Cannot consume from the broker {broker}: {reason}. Trying again until it works.",
      { broker: this.#broker, reason: text },
    );
  }

  #url(): string {
    const url = new URL(this.#options.url);
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
    await within(CLOSE_TIMEOUT, client.close("Ranger stops")).catch(() => {});
  }
  client.socket?.destroy();
}

/** `ranger.<host>.<pid>.<random>`: who it is of is seen in RabbitMQ's list of queues. */
function queueName(): string {
  return `ranger.${hostname()}.${Deno.pid}.${crypto.randomUUID().slice(0, 8)}`;
}

/** Host, port and virtual host, without user and password. */
function brokerName(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname === "/" ? "" : pathname}`;
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
