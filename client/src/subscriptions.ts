import { RangerError } from "./errors.ts";
import { emit, subscribe } from "./listeners.ts";

/** Takes what a stream carries, and the name that it came under. */
export type Listener = (payload: unknown, stream: string) => void;

/** Called once when the stream will not come: nothing more is heard of it. */
export type Holder = (error: RangerError) => void;

/** Milliseconds for each message, over time: servers close connections that say too much. */
const BETWEEN = 100;
/** Milliseconds' worth of messages that may go at once. */
const BURST = 1000;
/** Bytes of names after which a message is full: servers take 4 KiB, and a name has up to 1.5. */
const LONGEST = 2000;

/** `admin.btcusd.orders`: for certain roles only. */
export function isPrefixed(name: string): boolean {
  return name.split(".").length === 3;
}

/**
 * What is wanted, and what the server was asked for: each round asks for the difference.
 */
export class Subscriptions {
  readonly #wanted = new Map<string, Set<Holder>>();
  readonly #listeners = new Map<string, Set<Listener>>();
  /** What the connection there is was asked for. */
  readonly #held = new Set<string>();
  /** Held, and to be asked for once more. */
  readonly #again = new Set<string>();
  /** Names of messages that are not answered yet. */
  #asked: string[][] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When the messages sent so far will have had their time. */
  #paid = 0;
  #send: ((message: string) => void) | undefined;
  /** Whether streams for certain roles may be asked for: not before the server knows the role. */
  #roleKnown = false;

  /** @returns a function that lets go */
  hold(name: string, holder: Holder): () => void {
    const release = join(this.#wanted, name, holder);
    // Who begins to follow increments needs the state that they are increments to.
    if (this.#held.has(name) && name.endsWith("-inc")) this.again(name);
    else this.#soon();
    return () => {
      release();
      this.#soon();
    };
  }

  /** Restarts a stream: the server sends its state once more. */
  again(name: string): void {
    this.#again.add(name);
    this.#soon();
  }

  /**
   * Listens to what comes under a name: a stream's own; of a stream for certain roles the part
   * after the role; of a bare word that word, and every public stream of that market.
   *
   * @returns a function that ends it
   */
  listen(name: string, listener: Listener): () => void {
    const key = isPrefixed(name) ? name.slice(name.indexOf(".") + 1) : name;
    return join(this.#listeners, key, listener);
  }

  deliver(name: string, payload: unknown): void {
    emit(this.#listeners.get(name), payload, name);
    const dot = name.indexOf(".");
    if (dot > 0) emit(this.#listeners.get(name.slice(0, dot)), payload, name);
  }

  /** A connection is open; its greeting is an answer, too. */
  opened(send: (message: string) => void, roleKnown: boolean): void {
    this.#send = send;
    this.#asked = [[]];
    this.#roleKnown = roleKnown;
    this.#round();
  }

  lost(): void {
    this.#send = undefined;
    this.#held.clear();
    this.#again.clear();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** The server knows who this is, as far as it ever will: asks for what it may have refused. */
  identified(): void {
    this.#roleKnown = true;
    for (const name of this.#held) if (isPrefixed(name)) this.#held.delete(name);
    this.#soon();
  }

  /** The server has answered a message: what it was asked for and does not list will not come. */
  answered(streams: readonly string[]): void {
    const listed = new Set(streams);
    for (const name of this.#asked.shift() ?? []) {
      if (listed.has(name) || !this.#held.has(name)) continue;
      const message = `"${name}" is one stream too many: the server allows ${streams.length}`;
      this.fail(name, new RangerError("too-many-streams", message, name));
    }
  }

  fail(name: string, error: RangerError): void {
    const holders = this.#wanted.get(name);
    this.#wanted.delete(name);
    this.#held.delete(name);
    emit(holders, error);
  }

  /** Lets go of everything: `failed` is not called. */
  clear(): void {
    this.lost();
    this.#wanted.clear();
    // In place, so that listeners being called hear no more either.
    for (const set of this.#listeners.values()) set.clear();
  }

  get names(): string[] {
    return [...this.#wanted.keys()];
  }

  /** What is wanted in one go is asked for in one message. */
  #soon(): void {
    if (!this.#send) return;
    const wait = Math.max(0, this.#paid - BURST - performance.now());
    this.#timer ??= setTimeout(() => this.#round(), wait);
  }

  /** Sends one message, and comes again as long as there is more to say. */
  #round(): void {
    this.#timer = undefined;
    const gone = [...this.#held].filter((name) => !this.#wanted.has(name) || this.#again.has(name));
    const added = this.names.filter((name) =>
      !this.#held.has(name) && (this.#roleKnown || !isPrefixed(name))
    );
    const streams: string[] = [];
    let size = 0;
    for (const name of gone[0] ? gone : added) {
      // In UTF-8 a character of JavaScript's takes three bytes at most.
      size += name.length * 3 + 3;
      if (size < LONGEST) streams.push(name);
    }
    if (!streams[0]) return;
    for (const name of streams) {
      this.#again.delete(name);
      if (gone[0]) this.#held.delete(name);
      else this.#held.add(name);
    }
    this.#asked.push(gone[0] ? [] : streams);
    this.#paid = Math.max(this.#paid, performance.now()) + BETWEEN;
    this.#send!(JSON.stringify({ event: gone[0] ? "unsubscribe" : "subscribe", streams }));
    this.#soon();
  }
}

/** @returns a function that takes the member out again */
function join<T>(sets: Map<string, Set<T>>, name: string, member: T): () => void {
  const set = sets.get(name) ?? new Set();
  sets.set(name, set);
  const leave = subscribe(set, member);
  return () => {
    leave();
    // There may be another set by now: this one has been dropped, then.
    if (set.size === 0 && sets.get(name) === set) sets.delete(name);
  };
}
