import { RangerError } from "./errors.ts";
import { emit, subscribe } from "./listeners.ts";

/** Takes what a stream carries, and the name that it came under. */
export type Listener = (payload: unknown, stream: string) => void;

/** Is told once when the stream will not come: nothing more is heard of it. */
export type FailureListener = (error: RangerError) => void;

/** Milliseconds for each message, over time: servers close connections that say too much. */
const MESSAGE_INTERVAL_MS = 100;
/** Milliseconds' worth of messages that may go at once. */
const BURST_MS = 1000;
/** Bytes of names after which a message is full: servers take 4 KiB, and a name has up to 1.5. */
const MAX_NAME_BYTES_PER_MESSAGE = 2000;

/** `admin.btcusd.orders`: for certain roles only. */
export function isPrefixed(name: string): boolean {
  return name.split(".").length === 3;
}

/**
 * What is wanted, and what the server was asked for: each round asks for the difference.
 */
export class Subscriptions {
  readonly #wanted = new Map<string, Set<FailureListener>>();
  readonly #listeners = new Map<string, Set<Listener>>();
  /** What the connection there is was asked for. */
  readonly #requested = new Set<string>();
  /** Held, and to be asked for once more. */
  readonly #toResubscribe = new Set<string>();
  /** Names of messages that are not answered yet. */
  #unanswered: string[][] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When so many messages will have had their time. */
  #rateLimitedUntil = 0;
  #send: ((message: string) => void) | undefined;
  /** Whether streams for certain roles may be asked for: not before the server knows the role. */
  #roleKnown = false;

  /** @returns a function that lets go */
  subscribe(name: string, holder: FailureListener): () => void {
    const release = addTo(this.#wanted, name, holder);
    // Who begins to follow increments needs the state that they are increments to.
    if (this.#requested.has(name) && name.endsWith("-inc")) this.resubscribe(name);
    else this.#schedule();
    return () => {
      release();
      this.#schedule();
    };
  }

  /** Has a stream start anew: the server sends its state once more. */
  resubscribe(name: string): void {
    this.#toResubscribe.add(name);
    this.#schedule();
  }

  /**
   * Listens to what comes under a name: a stream's own; of a stream for certain roles the part
   * after the role; of a bare word that word, and every public stream of that market.
   *
   * @returns a function that ends it
   */
  listen(name: string, listener: Listener): () => void {
    const key = isPrefixed(name) ? name.slice(name.indexOf(".") + 1) : name;
    return addTo(this.#listeners, key, listener);
  }

  deliver(name: string, payload: unknown): void {
    emit(this.#listeners.get(name), payload, name);
    const dot = name.indexOf(".");
    if (dot > 0) emit(this.#listeners.get(name.slice(0, dot)), payload, name);
  }

  /** A connection is open; its greeting is an answer, too. */
  opened(send: (message: string) => void, roleKnown: boolean): void {
    this.#send = send;
    this.#unanswered = [[]];
    this.#roleKnown = roleKnown;
    this.#sendNext();
  }

  lost(): void {
    this.#send = undefined;
    this.#requested.clear();
    this.#toResubscribe.clear();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** The server knows who this is, as far as it ever will: asks for what it may have refused. */
  identified(): void {
    this.#roleKnown = true;
    for (const name of this.#requested) if (isPrefixed(name)) this.#requested.delete(name);
    this.#schedule();
  }

  /** The server has answered a message: what it was asked for and does not list will not come. */
  answered(streams: readonly string[]): void {
    const listed = new Set(streams);
    for (const name of this.#unanswered.shift() ?? []) {
      if (listed.has(name) || !this.#requested.has(name)) continue;
      const message = `"${name}" is one stream too many: the server allows ${streams.length}`;
      this.fail(name, new RangerError("too-many-streams", message, name));
    }
  }

  fail(name: string, error: RangerError): void {
    const holders = this.#wanted.get(name);
    this.#wanted.delete(name);
    this.#requested.delete(name);
    emit(holders, error);
  }

  /** Lets go of everything: `failed` is not called. */
  clear(): void {
    this.lost();
    this.#wanted.clear();
    // In place, so that whoever is being told hears no more either.
    for (const set of this.#listeners.values()) set.clear();
  }

  get names(): string[] {
    return [...this.#wanted.keys()];
  }

  /** What is wanted in one go is asked for in one message. */
  #schedule(): void {
    if (!this.#send) return;
    const wait = Math.max(0, this.#rateLimitedUntil - BURST_MS - performance.now());
    this.#timer ??= setTimeout(() => this.#sendNext(), wait);
  }

  /** Sends one message, and comes again as long as there is more to say. */
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
    for (const name of gone[0] ? gone : added) {
      // In UTF-8 a character of JavaScript's takes three bytes at most.
      size += name.length * 3 + 3;
      if (size < MAX_NAME_BYTES_PER_MESSAGE) streams.push(name);
    }
    if (!streams[0]) return;
    for (const name of streams) {
      this.#toResubscribe.delete(name);
      if (gone[0]) this.#requested.delete(name);
      else this.#requested.add(name);
    }
    this.#unanswered.push(gone[0] ? [] : streams);
    this.#rateLimitedUntil = Math.max(this.#rateLimitedUntil, performance.now()) +
      MESSAGE_INTERVAL_MS;
    this.#send!(JSON.stringify({ event: gone[0] ? "unsubscribe" : "subscribe", streams }));
    this.#schedule();
  }
}

/** @returns a function that takes the member out again */
function addTo<T>(sets: Map<string, Set<T>>, name: string, member: T): () => void {
  const set = sets.get(name) ?? new Set();
  sets.set(name, set);
  const leave = subscribe(set, member);
  return () => {
    leave();
    // There may be another set by now: this one has been dropped, then.
    if (set.size === 0 && sets.get(name) === set) sets.delete(name);
  };
}
