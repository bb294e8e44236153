import type { AMQPClient, AMQPMessage } from "@cloudamqp/amqp-client";
import { getLogger } from "@logtape/logtape";
import { hostname } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { VERSION } from "../version.ts";
import { backoff } from "./backoff.ts";
import { brokerClient } from "./client.ts";
import { declareExchange } from "./exchange.ts";
import { explainFailure } from "./failure.ts";
import { Liveness } from "./liveness.ts";
import type { EventSink, EventSource, SourceState } from "./source.ts";

const log = getLogger(["ranger", "broker"]);

/** Bytes of one AMQP frame; what RabbitMQ offers by default. Smaller ones would cut bodies up. */
const FRAME_MAX = 131_072;
/** Milliseconds that the broker may take to answer a connection, and to say goodbye. */
const CONNECT_TIMEOUT = 10_000;
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
  readonly #stopping = new AbortController();
  #client: AMQPClient | undefined;
  #running: Promise<void> | undefined;
  #connected = false;
  #detail = "not started";
  #timesConnected = 0;
  /** The cause that was logged last, so that a lasting one is logged once. */
  #complaint: string | undefined;

  constructor(options: AmqpOptions) {
    this.#options = options;
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
    await this.#goodbye();
    await this.#running;
  }

  async #run(sink: EventSink): Promise<void> {
    const { signal } = this.#stopping;
    for (let attempt = 0; !signal.aborted; attempt++) {
      const before = this.#timesConnected;
      try {
        await this.#consume(sink);
      } catch (error) {
        if (!signal.aborted) this.#report(error);
      }
      if (this.#connected) {
        this.#connected = false;
        sink.interrupted();
      }
      this.#client?.socket?.destroy();
      this.#client = undefined;
      if (this.#timesConnected > before) attempt = 0;
      await delay(backoff(attempt), undefined, { signal }).catch(() => {});
    }
    this.#detail = "stopped";
  }

  /** One connection, from its beginning to its end. Always ends by an error or by `stop`. */
  async #consume(sink: EventSink): Promise<void> {
    const { exchange, queueLength, queueBytes } = this.#options;
    const client = this.#client = brokerClient(this.#url());
    await within(CONNECT_TIMEOUT, client.connect());
    const liveness = new Liveness(client, this.#options.heartbeat);
    try {
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
      const consumer = await channel.basicConsume(
        queue,
        { noAck: true, exclusive: true },
        (message) => this.#deliver(sink, message),
      );
      this.#consuming(queue);
      await consumer.wait();
    } finally {
      liveness.stop();
    }
  }

  #deliver(sink: EventSink, { routingKey, body }: AMQPMessage): void {
    try {
      sink.deliver(routingKey, body ?? new Uint8Array(0));
    } catch (error) {
      // Nothing may escape: the client calls this from a microtask, where it would end the process.
      log.error("An event of {routingKey} broke the server: {error}", { routingKey, error });
    }
  }

  #consuming(queue: string): void {
    this.#connected = true;
    this.#timesConnected++;
    this.#complaint = undefined;
    this.#detail = `consuming from ${this.#options.exchange} by ${queue}`;
    log.info("consuming from exchange {exchange} of {broker} by queue {queue}", {
      exchange: this.#options.exchange,
      broker: brokerName(this.#options.url),
      queue,
    });
  }

  #report(error: unknown): void {
    const { kind, text } = explainFailure(error);
    const lost = this.#connected;
    this.#detail = text;
    if (!lost && this.#complaint === kind) return;
    this.#complaint = kind;
    log.warn(
      lost
        ? "Lost the broker {broker}: {reason}. Clients stay connected; trying again."
        : "Cannot consume from the broker {broker}: {reason}. Trying again until it works.",
      { broker: brokerName(this.#options.url), reason: text },
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

  async #goodbye(): Promise<void> {
    const client = this.#client;
    if (!client || client.closed) {
      client?.socket?.destroy();
      return;
    }
    await within(CLOSE_TIMEOUT, client.close("Ranger stops")).catch(() => {});
    client.socket?.destroy();
  }
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

/** @throws {Error} when the promise is not settled in time; it is left to itself then */
async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
  const timer = Promise.withResolvers<never>();
  const id = setTimeout(
    () => timer.reject(new Error(`timeout: no answer within ${milliseconds / 1000} s`)),
    milliseconds,
  );
  try {
    return await Promise.race([promise, timer.promise]);
  } finally {
    clearTimeout(id);
  }
}
