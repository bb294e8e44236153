import { setTimeout as pause } from "node:timers/promises";
import WebSocket from "ws";
import type { SoakExchange } from "./exchange.ts";
import { type BookMessage, SoakBook } from "./market.ts";

/** What all clients of the soak find wrong, bounded. */
export class Faults {
  count = 0;
  readonly texts: string[] = [];

  add(text: string): void {
    this.count++;
    if (this.texts.length < 20) this.texts.push(text);
  }
}

/** How a client comes in. */
export interface SoakClientOptions {
  readonly url: string;
  readonly streams: readonly string[];
  /** Whose private events it is to get. */
  readonly uid?: string;
  readonly token?: string;
  /** Whether it resumes: what is missed between two connections of one client is a fault. */
  readonly resumes?: boolean;
}

/** Milliseconds in which a loss is to be reported: with a stream, the next events can come first. */
const REPORTED_MS = 5_000;
const MAY_BE_MISSING = '{"status":{"message":"events may be missing"';

/**
 * A client that asks for status, so that it is not closed after a loss, and holds everything it gets to
 * the rules: numbers of trades and orders follow each other, but for those lost with the broker, which
 * are reported; increments always follow what was sent before; private events are its own, and
 * come only while it is authenticated.
 */
export class SoakClient {
  #socket!: WebSocket;
  #cursor = "";
  #hasResumed = true;
  /** When the losses of streams were reported, by the names subscribed. */
  readonly #reports: { readonly stream: string; readonly at: number }[] = [];
  readonly #gaps: { readonly stream: string; readonly text: string; readonly at: number }[] = [];
  readonly #last = new Map<string, number>();
  readonly books: Map<string, SoakBook> = new Map();
  /** Stretches of numbers that were lost with the broker: `m1.trades 17-20`. */
  readonly lost: string[] = [];
  frames = 0;
  /** Whether private events may come. */
  #authenticated: boolean;
  #leaving = false;
  opened!: Promise<void>;
  closed!: Promise<void>;
  /** The answers and errors received and not yet awaited. */
  readonly #answers: string[] = [];
  #wakeUp: (() => void) | undefined;

  constructor(
    readonly name: string,
    private readonly options: SoakClientOptions,
    private readonly exchange: SoakExchange,
    private readonly faults: Faults,
  ) {
    this.#authenticated = options.token !== undefined;
    this.#connect();
  }

  #connect(): void {
    const { url, streams, token, resumes } = this.options;
    const query = resumes ? `cursor=${this.#cursor}` : "status=1";
    const socket = new WebSocket(`${url}?${query}&stream=${streams.join(",")}`, {
      perMessageDeflate: false,
      ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
    });
    this.#socket = socket;
    const opened = Promise.withResolvers<void>();
    this.opened = opened.promise;
    socket.on("open", () => opened.resolve());
    socket.on("error", (error: Error) => {
      opened.resolve();
      if (!this.#leaving) this.faults.add(`${this.name}: ${error.message}`);
    });
    socket.on("message", (data: Uint8Array) => this.#take(String(data)));
    this.closed = new Promise((resolve) =>
      socket.on("close", (code: number, reason: Uint8Array) => {
        if (!this.#leaving) this.faults.add(`${this.name} was closed: ${code} ${reason}`);
        opened.resolve();
        this.#wakeUp?.();
        resolve();
      })
    );
  }

  /**
   * Cuts the connection, and resumes with another one.
   *
   * @param away milliseconds between the two
   */
  async cut(away: number): Promise<void> {
    this.#leaving = true;
    this.#socket.terminate();
    await this.closed;
    await pause(away);
    this.#leaving = false;
    this.#answers.length = 0;
    this.#hasResumed = false;
    this.#connect();
    await this.opened;
    if (!await this.answered('"message":"resumed"', 30_000)) {
      this.faults.add(`${this.name} did not resume`);
    }
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** Takes all that came of the stream so far for the last, as after a time without it. */
  resume(stream: string): void {
    this.#last.delete(stream);
  }

  send(message: unknown): void {
    if (this.isOpen) this.#socket.send(JSON.stringify(message));
  }

  /** Awaits an answer that has the text in it; false when the connection ended instead. */
  async answered(text: string, milliseconds: number): Promise<boolean> {
    const end = performance.now() + milliseconds;
    while (!this.#answers.some((answer) => answer.includes(text))) {
      const left = end - performance.now();
      if (left <= 0 || !this.isOpen) return false;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wakeUp = resolve;
      const timer = setTimeout(resolve, left);
      await promise;
      clearTimeout(timer);
    }
    this.#answers.length = 0;
    return true;
  }

  /** Streams of which the last number did not come, and how many are missing. */
  unseen(): Map<string, number> {
    const unseen = new Map<string, number>();
    for (const [stream, last] of this.#last) {
      const published = this.exchange.last(this.#published(stream));
      if (published !== last && !this.exchange.mayBeLost(this.#published(stream), published)) {
        unseen.set(stream, published - last);
      }
    }
    return unseen;
  }

  /** What was lost, and no message said so around that time. */
  unreported(): string[] {
    return this.#gaps.filter(({ stream, at }) => {
      const [id = ""] = stream.split(".");
      return !this.#reports.some((report) =>
        (report.stream === stream || report.stream === id) && Math.abs(report.at - at) < REPORTED_MS
      );
    }).map(({ stream, text }) => `${this.name}: ${stream} ${text} was lost without a report`);
  }

  /** What was lost with the broker, by the exchange's name of the stream. */
  lostOf(): Map<string, string> {
    return new Map(
      [...this.#last.keys()].map((stream) => this.#published(stream)).map((name) => [
        name,
        this.lost.filter((stretch) => stretch.startsWith(`${name} `)).join(", ") || "nothing",
      ]),
    );
  }

  /** Leaves: in order, or by cutting the connection. */
  async leave(how: "in order" | "at once"): Promise<void> {
    this.#leaving = true;
    if (how === "in order") this.#socket.close(1000);
    else this.#socket.terminate();
    await this.closed;
  }

  #take(text: string): void {
    this.frames++;
    if (text.startsWith('{"status":')) return this.#status(text);
    if (text.startsWith('{"success":') || text.startsWith('{"error":')) return this.#answer(text);
    const message: Record<string, unknown> = JSON.parse(text);
    const [stream = ""] = Object.keys(message);
    // Until it has resumed, what comes has older cursors than the position that the others wait at.
    if (typeof message.cursor === "string" && this.#hasResumed) this.#cursor = message.cursor;
    const payload = message[stream];
    const [id = "", event] = stream.split(".");
    if (stream === "order") this.#order(payload as { uid: string; n: number });
    else if (event === "trades") this.#number(stream, stream, (payload as { n: number }).n);
    else if (event === "ob-snap") this.#snapshot(id, payload as BookMessage);
    else if (event === "ob-inc") this.#increment(id, payload as BookMessage);
    else this.faults.add(`${this.name}: ${stream} was not asked for`);
  }

  #published(stream: string): string {
    return stream === "order" ? `${this.options.uid} order` : stream;
  }

  #status(text: string): void {
    if (!text.startsWith(MAY_BE_MISSING)) return;
    const { status: { streams } } = JSON.parse(text) as { status: { streams: string[] } };
    const at = performance.now();
    for (const stream of streams) this.#reports.push({ stream, at });
  }

  #answer(text: string): void {
    if (text.startsWith('{"error":{"message":"Cannot resume."')) {
      this.faults.add(`${this.name}: ${text}`);
    }
    if (text.includes('"message":"resumed"')) this.#hasResumed = true;
    if (text.includes("Authenticated.")) this.#authenticated = true;
    if (text.includes("Token expired.")) this.#authenticated = false;
    this.#answers.push(text);
    this.#wakeUp?.();
  }

  #order({ uid, n }: { uid: string; n: number }): void {
    if (uid !== this.options.uid) {
      this.faults.add(`${this.name}: an order of ${uid} came to ${this.options.uid}`);
    }
    if (!this.#authenticated) this.faults.add(`${this.name}: an order came without a token`);
    this.#number("order", `${uid} order`, n);
  }

  #number(stream: string, published: string, n: number): void {
    const last = this.#last.get(stream);
    this.#last.set(stream, n);
    if (last === undefined || n === last + 1) return;
    if (n <= last) return this.faults.add(`${this.name}: ${stream} ${n} after ${last}`);
    for (let missing = last + 1; missing < n; missing++) {
      if (!this.exchange.mayBeLost(published, missing)) {
        return this.faults.add(`${this.name}: ${stream} ${missing} was lost (${n} after ${last})`);
      }
    }
    this.#gaps.push({ stream, text: `${last + 1}-${n - 1}`, at: performance.now() });
    this.lost.push(`${published} ${last + 1}-${n - 1}`);
  }

  #snapshot(id: string, message: BookMessage): void {
    const book = this.books.get(id) ?? new SoakBook();
    this.books.set(id, book);
    book.replace(message);
  }

  /** No outage excuses a gap here: the server sends a snapshot instead. */
  #increment(id: string, message: BookMessage): void {
    const book = this.books.get(id);
    if (book === undefined) return this.faults.add(`${this.name}: ${id} began with an increment`);
    if (message.sequence !== book.sequence + 1) {
      this.faults.add(`${this.name}: ${id} increment ${message.sequence} after ${book.sequence}`);
    }
    book.apply(message);
  }
}
