import { RangerError } from "./errors.ts";
import { emit, subscribe } from "./listeners.ts";
import { isPrefixed, Positions, withoutPrefix } from "./positions.ts";

/** Receives a payload, and the name of the stream that it arrived on. */
export type Listener = (payload: unknown, stream: string) => void;

/** Called once if the subscription fails; no event follows. */
export type FailureListener = (error: RangerError) => void;

/** Average time between messages: servers close connections that send too many. */
const MESSAGE_INTERVAL_MS = 100;
/** Messages that may be sent at once, in milliseconds of {@linkcode MESSAGE_INTERVAL_MS}. */
const BURST_MS = 1000;
/** Servers accept messages of 4 KiB; one name takes up to 1.5 KiB. */
const MAX_NAME_BYTES_PER_MESSAGE = 2000;

/**
 * The subscriptions that the app wants and those requested from the server; each message requests
 * part of the difference.
 */
export class Subscriptions {
  readonly #wanted = new Map<string, Set<FailureListener>>();
  readonly #listeners = new Map<string, Set<Listener>>();
  /** Streams requested on the current connection. */
  readonly #requested = new Set<string>();
  /** Requested streams to unsubscribe and request again. */
  readonly #toResubscribe = new Set<string>();
  /** Stream names per message that the server has not answered. */
  #unanswered: string[][] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When the messages sent so far stop counting towards the rate limit. */
  #rateLimitedUntil = 0;
  #send: ((message: string) => void) | undefined;
  /** Whether role streams may be requested: only after the server knows the role. */
  #roleKnown = false;
  readonly positions: Positions;
  /** Where streams begin that are subscribed to before the first connection. */
  #start: string | undefined;
  /** Whether the server receives events from the exchange. */
  source: "up" | "down" = "up";

  /** @param resume whether to continue after a loss; a cursor to begin there */
  constructor(resume: boolean | string) {
    // No server knows this cursor: the answer names the streams of which events may be missing.
    this.positions = new Positions(resume ? "0" : undefined);
    if (resume !== true) this.#start = resume || undefined;
  }

  /**
   * @param last number of recent events to begin with, if the stream is not subscribed yet
   * @returns a function that unsubscribes
   */
  subscribe(name: string, holder: FailureListener, last?: number): () => void {
    if (!this.#wanted.has(name) && !this.#requested.has(name)) {
      this.positions.reset(name, this.#start ?? last);
    }
    const release = addTo(this.#wanted, name, holder);
    // A new listener to increments needs a snapshot to apply them to.
    if (this.#requested.has(name) && name.endsWith("-inc")) this.resubscribe(name);
    else this.#schedule();
    return () => {
      release();
      this.#schedule();
    };
  }

  /** Subscribes to a stream again, so that the server sends its state. */
  resubscribe(name: string): void {
    this.#toResubscribe.add(name);
    this.#schedule();
  }

  /**
   * Listens to the events of a stream. Events of role streams arrive without the role's prefix. A
   * market's bare name (`btcusd`) receives the events of all its public streams.
   *
   * @returns a function that removes the listener
   */
  listen(name: string, listener: Listener): () => void {
    return addTo(this.#listeners, withoutPrefix(name), listener);
  }

  deliver(name: string, payload: unknown, cursor: unknown): void {
    if (typeof cursor === "string") this.positions.moved(name, cursor);
    emit(this.#listeners.get(name), payload, name);
    const dot = name.indexOf(".");
    if (dot > 0) emit(this.#listeners.get(name.slice(0, dot)), payload, name);
  }

  /** Call when a connection is open. The server's greeting counts as the first answer. */
  opened(send: (message: string) => void, roleKnown: boolean): void {
    this.#send = send;
    this.#unanswered = [[]];
    this.#roleKnown = roleKnown;
    this.#start = undefined;
    this.#sendNext();
  }

  lost(): void {
    this.source = "up";
    this.positions.suspend();
    this.#send = undefined;
    this.#requested.clear();
    this.#toResubscribe.clear();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Call when authentication has ended, with or without an identity: requests the role streams. */
  identified(): void {
    this.#roleKnown = true;
    for (const name of this.#requested) if (isPrefixed(name)) this.#requested.delete(name);
    this.#schedule();
  }

  /** Call when the token has expired: its streams continue with the next one where they ended. */
  expired(isPrivate: (name: string) => boolean): void {
    this.#roleKnown = false;
    for (const name of this.#requested) {
      if (!isPrivate(name) && !isPrefixed(name)) continue;
      this.positions.suspend([name]);
      this.resubscribe(name);
    }
  }

  /**
   * Call with the server's answer to a message: requested streams that it does not list have
   * failed.
   */
  answered(streams: readonly string[]): void {
    const listed = new Set(streams);
    for (const name of this.#unanswered.shift() ?? []) {
      if (!this.#requested.has(name)) continue;
      if (listed.has(name)) {
        this.positions.hold(name);
        continue;
      }
      const message = `"${name}" exceeds the limit of ${streams.length} streams`;
      this.fail(name, new RangerError("too-many-streams", message, name));
    }
  }

  fail(name: string, error: RangerError): void {
    const holders = this.#wanted.get(name);
    this.positions.reset(name);
    this.#wanted.delete(name);
    this.#requested.delete(name);
    emit(holders, error);
  }

  /** Removes all subscriptions and listeners without reporting a failure. */
  clear(): void {
    this.lost();
    this.#wanted.clear();
    // In place, so that an event being delivered reaches no further listener.
    for (const set of this.#listeners.values()) set.clear();
  }

  get names(): string[] {
    return [...this.#wanted.keys()];
  }

  /** Requests streams added in the same turn of the event loop in one message. */
  #schedule(): void {
    if (!this.#send) return;
    const wait = Math.max(0, this.#rateLimitedUntil - BURST_MS - performance.now());
    this.#timer ??= setTimeout(() => this.#sendNext(), wait);
  }

  /** Sends one message, and schedules the next one while there are differences. */
  #sendNext(): void {
    this.#timer = undefined;
    const gone = [...this.#requested].filter((name) =>
      !this.#wanted.has(name) || this.#toResubscribe.has(name)
    );
    const added = this.names.filter((name) =>
      !this.#requested.has(name) && (this.#roleKnown || !isPrefixed(name))
    );
    const streams: string[] = [];
    let size = 0;
    const at = gone[0] ? undefined : this.positions.of(added[0]);
    for (const name of gone[0] ? gone : added) {
      if (!gone[0] && this.positions.of(name) !== at) continue;
      // A UTF-16 code unit takes at most three bytes in UTF-8.
      size += name.length * 3 + 3;
      if (size < MAX_NAME_BYTES_PER_MESSAGE) streams.push(name);
    }
    if (!streams[0]) return;
    for (const name of streams) {
      this.#toResubscribe.delete(name);
      if (!gone[0]) this.#requested.add(name);
      else {
        this.#requested.delete(name);
        if (!this.#wanted.has(name)) this.positions.reset(name);
      }
    }
    this.#unanswered.push(gone[0] ? [] : streams);
    this.#rateLimitedUntil = Math.max(this.#rateLimitedUntil, performance.now()) +
      MESSAGE_INTERVAL_MS;
    const event = gone[0] ? "unsubscribe" : "subscribe";
    const key = typeof at === "number" ? "last" : "cursor";
    this.#send!(JSON.stringify({ event, streams, [key]: at }));
    this.#schedule();
  }
}

/** Adds a member to the set under a name. @returns a function that removes it */
function addTo<T>(sets: Map<string, Set<T>>, name: string, member: T): () => void {
  const set = sets.get(name) ?? new Set();
  sets.set(name, set);
  const leave = subscribe(set, member);
  return () => {
    leave();
    // The set may have been dropped and replaced meanwhile.
    if (set.size === 0 && sets.get(name) === set) sets.delete(name);
  };
}
