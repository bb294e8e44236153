import type { AMQPChannel, AMQPClient, AMQPConsumer } from "@cloudamqp/amqp-client";
import { getLogger } from "@logtape/logtape";
import { newLogName } from "../log_name.ts";
import type { EventSink, LossCause, SourceLag } from "../source.ts";
import type { SourceStatus } from "../status.ts";
import { takeDeliveries } from "./client.ts";
import type { Deliver, Delivery } from "./deliveries.ts";
import { fingerprint } from "./fingerprint.ts";
import { isMark, type Mark, parseMark, publishMark } from "./marks.ts";
import { needing } from "./permissions.ts";
import { bindQueue } from "./queue.ts";
import { bindMarks, openStream, recordBound, type StreamOptions } from "./stream.ts";
import { StreamError } from "./stream_error.ts";
import { findEnd } from "./stream_end.ts";

const log = getLogger(["ranger", "broker"]);

/** Deliveries that the broker sends ahead of acknowledgements, and after how many one is sent. */
const PREFETCH = 16_000;
const ACKNOWLEDGE_EVERY = PREFETCH / 4;
/** Milliseconds between marks of this process, which tell how far it is behind. */
const MARK_INTERVAL_MS = 10_000;

/** What the reader of a stream needs of its source. */
export interface StreamReaderContext {
  readonly status: SourceStatus;
  readonly sink: EventSink;
  /** Hands an event to the sink; never throws. */
  readonly deliver: Deliver;
}

/** The settings of a stream's reader. */
export interface StreamReaderOptions extends StreamOptions {
  /** Seconds. */
  readonly streamLookback: number;
}

/**
 * Reads a stream across connections: from the lookback at the start, then always from the event that
 * it handled last, which it recognises by offset and {@linkcode fingerprint}.
 *
 * - That event comes again: nothing is missing. A later one comes: the stream's limits removed what
 *   is between. Another event has its offset, or the stream ends before it: the stream was deleted
 *   and declared again, and is read from its beginning.
 * - RabbitMQ gives neither a stream's identity nor its end, so processes write marks into it
 *   ({@linkcode Mark}). A process writes one when it attaches, and has caught up when it reads it.
 *   The first mark names the log. Where the stream was not bound, a mark says so to all readers.
 *
 * @example
 * ```ts ignore
 * const reader = new StreamReader(settings.amqp, { status, sink, deliver });
 * const consumer = await reader.attach(client);
 * await consumer.wait();
 * ```
 */
export class StreamReader {
  readonly #options: StreamReaderOptions;
  readonly #status: SourceStatus;
  readonly #sink: EventSink;
  readonly #deliver: Deliver;
  /** This process, in its marks. */
  readonly #by = crypto.randomUUID();
  #marks = 0;
  /** The number of the mark that ends catching up. */
  #awaited = 0;
  /** The number of the mark of this process that was read last. */
  #seen = 0;
  /** Fingerprint of the delivery at `status.position`. */
  #fingerprint = 0;
  /** Whether the next delivery must be the one at `status.position`. */
  #resuming = false;
  /** Whether the stream is to be read from its beginning. */
  #fromFirst = false;
  /** The name in the first mark that has one, and in the first that proposes one. */
  #named: string | undefined;
  #proposed: string | undefined;
  #proposal = newLogName();
  /** The name of the log that was deleted. */
  #former: string | undefined;
  /** An offset up to which the log reaches at least. */
  #end = -1;
  /** Age of the event delivered last, and the time at which the mark read last was written. */
  #age = 0;
  #markedAt = 0;
  #channel: AMQPChannel | undefined;
  #control: AMQPChannel | undefined;
  /** Deliveries on the present channel, and how many are acknowledged; they are delivery tags. */
  #delivered = 0;
  #acknowledged = 0;

  constructor(options: StreamReaderOptions, { status, sink, deliver }: StreamReaderContext) {
    this.#options = options;
    this.#status = status;
    this.#sink = sink;
    this.#deliver = deliver;
    status.caughtUp = false;
    status.readLag = () => this.#lag;
  }

  /**
   * Consumes on a new connection.
   *
   * @param client connected
   * @throws {StreamError} the broker is too old, or a queue of that name is not a stream
   * @throws {AccessError} the user lacks a permission
   */
  async attach(client: AMQPClient): Promise<AMQPConsumer> {
    const { stream } = this.#options;
    const status = this.#status;
    const { channel: control, created, unbound } = await openStream(client, this.#options);
    if (unbound) {
      // A stream that was missing has lost nothing that it promised.
      if (!created) await this.#mark(control, { loss: true });
      await recordBound(control, stream);
    }
    const resumes = status.position !== -1;
    await this.#markAwaited(control, resumes ? {} : { proposal: this.#proposal });
    this.#end = await findEnd(client, stream, status.position, this.#by, this.#marks);
    this.#resuming = resumes && this.#end >= status.position;
    if (resumes && !this.#resuming) {
      this.#replaced();
      await this.#markAwaited(control, { proposal: this.#proposal });
    }

    const channel = await client.channel();
    await channel.basicQos(PREFETCH);
    this.#channel = channel;
    this.#control = control;
    this.#delivered = this.#acknowledged = 0;
    const take = (delivery: Delivery) => {
      if (client.socket?.destroyed !== false) return;
      const error = this.#take(delivery);
      if (error !== undefined) client.socket.destroy(error);
    };
    takeDeliveries(client, channel, take, {
      afterRead: (last) => {
        if (last.offset === status.position) this.#fingerprint = fingerprint(last);
      },
    });
    const options = { noAck: false, args: { "x-stream-offset": this.#from() } };
    const consumer = await needing("read", channel.basicConsume(stream, options, () => {}));
    this.#keepUp(client, control);
    return consumer;
  }

  /** Where to attach: an offset, a time, or the beginning. */
  #from(): bigint | Date | "first" {
    // The library writes numbers from 2^31 to 2^32 as negative ones.
    if (this.#resuming) return BigInt(this.#status.position);
    if (this.#fromFirst) return "first";
    return new Date(Date.now() - this.#options.streamLookback * 1000);
  }

  /** @returns why the connection must be given up */
  #take(delivery: Delivery): Error | undefined {
    this.#delivered++;
    if (this.#delivered - this.#acknowledged >= ACKNOWLEDGE_EVERY) this.#acknowledge();
    const { offset } = delivery;
    const status = this.#status;
    if (offset === -1) {
      return new StreamError(`queue ${this.#options.stream} is not a stream: it has no offsets`);
    }
    if (this.#resuming) {
      if (offset < status.position) return undefined;
      this.#resuming = false;
      if (offset > status.position) {
        this.#lost("retention");
      } else if (fingerprint(delivery) === this.#fingerprint) {
        return undefined;
      } else {
        this.#replaced();
        return new Error("the stream was deleted and declared again");
      }
    }
    if (isMark(delivery.routingKey)) {
      const mark = parseMark(delivery.body);
      if (mark !== undefined) this.#takeMark(mark);
      status.position = offset;
      return undefined;
    }
    status.position = offset;
    this.#age = delivery.age;
    delivery.past = !status.caughtUp;
    this.#deliver(delivery);
    return undefined;
  }

  #takeMark(mark: Mark): void {
    if (mark.loss === true) this.#lost("binding");
    this.#markedAt = mark.at;
    if (mark.log !== this.#former) this.#named ??= mark.log;
    this.#proposed ??= mark.proposal;
    if (mark.by !== this.#by || mark.number <= this.#seen) return;
    this.#seen = mark.number;
    if (this.#seen >= this.#awaited) this.#caughtUp();
  }

  #caughtUp(): void {
    const status = this.#status;
    if (status.log === undefined) {
      status.log = this.#named ?? this.#proposed ?? this.#proposal;
      this.#sink.opened(status.log);
      // For processes that start once the mark that proposed it is older than their lookback.
      if (this.#named === undefined && this.#control !== undefined) {
        this.#mark(this.#control, { log: status.log }).catch(() => {});
      }
    }
    if (status.caughtUp) return;
    status.caughtUp = true;
    log.info("caught up with stream {stream}", { stream: this.#options.stream });
  }

  /** Events may be missing before the delivery at hand. */
  #lost(cause: LossCause): void {
    const status = this.#status;
    // Before the first event of the lookback nothing was promised.
    if (status.position === -1 && cause !== "replaced") return;
    const loss = status.caughtUp ? status.lost(cause) : { cause, after: status.position };
    if (status.caughtUp) log.error("{reason}", { reason: REASONS[cause], ...loss });
    this.#sink.lost(loss);
  }

  /** The log is another one. */
  #replaced(): void {
    const status = this.#status;
    this.#lost("replaced");
    this.#former = status.log ?? this.#former;
    this.#named = this.#proposed = undefined;
    this.#proposal = newLogName();
    this.#resuming = false;
    this.#fromFirst = true;
    this.#end = -1;
    status.log = undefined;
    status.position = -1;
  }

  /** Writes the mark after which this process has caught up. */
  async #markAwaited(control: AMQPChannel, mark: Partial<Mark>): Promise<void> {
    this.#awaited = this.#marks + 1;
    await this.#mark(control, mark);
  }

  async #mark(control: AMQPChannel, mark: Partial<Mark>): Promise<void> {
    const { stream } = this.#options;
    const number = ++this.#marks;
    await needing(
      "write",
      publishMark(control, stream, {
        by: this.#by,
        number,
        at: Date.now(),
        ...mark,
      }),
    );
  }

  /** Acknowledges, writes marks and renews the bindings, for as long as the connection lasts. */
  #keepUp(client: AMQPClient, control: AMQPChannel): void {
    const { stream, exchange } = this.#options;
    let isPending = false;
    const timer = setInterval(async () => {
      this.#acknowledge();
      // One request at a time: whether the broker answers at all is for heartbeats to find out.
      if (isPending) return;
      isPending = true;
      try {
        await bindQueue(control, stream, exchange);
        await bindMarks(control, stream);
        if (this.#seen < this.#marks) {
          const end = await findEnd(client, stream, -1, this.#by, this.#marks);
          this.#end = Math.max(this.#end, end);
        }
        const { log } = this.#status;
        await this.#mark(control, log === undefined ? { proposal: this.#proposal } : { log });
      } catch (error) {
        // The next connection finds out what is missing.
        client.socket?.destroy(error as Error);
      }
      isPending = false;
    }, MARK_INTERVAL_MS);
    client.socket?.once("close", () => clearInterval(timer));
  }

  #acknowledge(): void {
    const channel = this.#channel;
    if (this.#acknowledged === this.#delivered || channel === undefined || channel.closed) return;
    this.#acknowledged = this.#delivered;
    // A connection that is lost reports that itself.
    channel.basicAck(this.#delivered, true).catch(() => {});
  }

  get #lag(): SourceLag {
    if (this.#seen >= this.#awaited && this.#seen >= this.#marks - 1) {
      return { events: 0, seconds: 0 };
    }
    const { position } = this.#status;
    const marked = this.#markedAt === 0 ? 0 : Math.max(0, Date.now() - this.#markedAt);
    return {
      events: position === -1 ? 0 : Math.max(0, this.#end - position),
      seconds: (this.#age || marked) / 1000,
    };
  }
}

const REASONS: Readonly<Record<LossCause, string>> = {
  connection: "the connection was lost",
  retention: "events are lost: the stream's limits (amqp.stream_max_age, amqp.stream_max_bytes) " +
    "removed them before they were read",
  binding: "events may be lost: the stream was not bound to the exchange, as after a restart of " +
    "the broker",
  replaced: "events may be lost: the stream was deleted and declared again",
};
