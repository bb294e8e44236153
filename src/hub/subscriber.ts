import type { Outbox } from "../delivery/outbox.ts";
import type { SharedLog } from "../delivery/shared_log.ts";
import type { EncodedEvent, WireFormat } from "./envelope.ts";
import { framesOf, type Message } from "./message.ts";
import type { BudgetHolder } from "./state_budget.ts";

/** What a subscriber needs of the connection behind it. */
export interface SubscriberOwner {
  /** The client does not read what it is sent: the connection is to end. */
  slowConsumer(): void;
}

/**
 * One client as the hub sees it. Its subscriptions are read here and changed by
 * {@linkcode Subscriptions} only.
 */
export class Subscriber implements BudgetHolder {
  /** Queues frames for the client. */
  readonly outbox: Outbox;
  readonly format: WireFormat;
  /** Names of the streams subscribed, in the order subscribed. */
  readonly streams: ReadonlySet<string> = new Set();
  /**
   * The subscribed streams whose state did not fit into the outbox yet. Their events begin with
   * their state. `undefined` when there are none.
   */
  readonly pending: readonly string[] | undefined = undefined;
  budgetFullAt = 0;
  /** The subscribers with the same streams; `undefined` without streams. Set by the audience. */
  audience: Audience | undefined;
  /** The user whose private events it receives; `undefined` while anonymous. Set by the hub. */
  uid: string | undefined;
  /** Whether it is sent what it has missed, in place of events as they come in. Set by the readers. */
  isBehind = false;
  readonly #owner: SubscriberOwner | undefined;

  /** @param owner left out for subscribers that always read */
  constructor(outbox: Outbox, format: WireFormat, owner?: SubscriberOwner) {
    this.outbox = outbox;
    this.format = format;
    this.#owner = owner;
  }

  /** Ends the connection, because the client does not read. */
  endSlow(): void {
    this.#owner?.slowConsumer();
  }

  /** Sends an answer or a status message. */
  tell(message: Message): void {
    this.outbox.send(message.frame(this.format));
  }

  /** Sends answers, in order; at least one. */
  tellAll(texts: readonly string[]): void {
    this.outbox.send(framesOf(texts, this.format), undefined, texts.length);
  }

  /**
   * Sends an event to this client alone, ahead of other clients' events.
   *
   * @param age milliseconds since it was published
   */
  sendUrgent(event: EncodedEvent, age: number): void {
    this.outbox.sendUrgent(event.frame(this.format), age);
  }

  /**
   * Offers the client a state, which it needs to go on.
   *
   * @param age milliseconds since it was published; left out for an earlier state
   */
  offer(event: EncodedEvent, age?: number): void {
    this.outbox.offer(event.frame(this.format), age);
  }
}

/** What a set of names adds up to; in two integers, which need no memory besides their fields. */
export interface Mark {
  readonly high: number;
  readonly low: number;
}

/**
 * Subscribers with the same streams and the same wire format. An event costs work for each
 * audience, not for each subscriber.
 */
export class Audience {
  /** Names of the streams that all its subscribers receive; changed by {@linkcode Audiences} only. */
  readonly names: Set<string>;
  /** What its names add up to; kept by {@linkcode Audiences}. */
  mark: Mark;
  readonly format: WireFormat;
  readonly #subscribers = new Set<Subscriber>();
  readonly #log: SharedLog;

  /** @param log its frames are sent to all subscribers */
  constructor(
    names: Set<string>,
    mark: Mark,
    format: WireFormat,
    log: SharedLog,
  ) {
    this.names = names;
    this.mark = mark;
    this.format = format;
    this.#log = log;
  }

  /** The number of subscribers. */
  get size(): number {
    return this.#subscribers.size;
  }

  /** Adds a subscriber that is in no audience. */
  add(subscriber: Subscriber): void {
    this.#subscribers.add(subscriber);
    subscriber.audience = this;
    subscriber.outbox.attach(this.#log);
  }

  /** Removes a subscriber, which may then join another audience. */
  remove(subscriber: Subscriber): void {
    this.#subscribers.delete(subscriber);
    subscriber.audience = undefined;
    subscriber.outbox.attach(undefined);
  }

  /**
   * Sends an event to all subscribers.
   *
   * @param age milliseconds since it was published
   */
  send(event: EncodedEvent, age: number): void {
    this.#log.append(event.frame(this.format), age);
  }

  /** Sends all subscribers a status message. */
  tell(message: Message): void {
    this.#log.append(message.frame(this.format));
  }

  /** Offers all subscribers a state, which they need to go on. */
  offer(event: EncodedEvent, age: number): void {
    for (const subscriber of this.#subscribers) subscriber.offer(event, age);
  }
}
