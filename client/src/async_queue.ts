import type { StreamOptions } from "./api.ts";
import { invalidOption, RangerError } from "./errors.ts";

type Result<T> = IteratorResult<T, undefined>;

/** Resolves a pending call of `next`. */
type Reader<T> = (result: Result<T> | Promise<Result<T>>) => void;

/** A bounded queue that is read as an async iterator, with an overflow policy. */
export class AsyncQueue<T> implements AsyncIterableIterator<T, undefined> {
  readonly #limit: number;
  readonly #fails: boolean;
  readonly #name: string;
  readonly #release: () => void;
  readonly #values: T[] = [];
  readonly #readers: Reader<T>[] = [];
  #over = false;
  #error: RangerError | undefined;

  /** @param release called once, when the queue accepts no further values */
  constructor(
    name: string,
    { overflow = "error", buffer = 1000 }: StreamOptions,
    release: () => void,
  ) {
    if (!(buffer >= 1)) invalidOption("buffer", "1 or more", buffer);
    if (!/^(latest|drop-oldest|error)$/.test(overflow)) {
      invalidOption("overflow", "latest, drop-oldest or error", overflow);
    }
    this.#limit = overflow === "latest" ? 1 : buffer;
    this.#fails = overflow === "error";
    this.#name = name;
    this.#release = release;
  }

  push(value: T): void {
    if (this.#over) return;
    const reader = this.#readers.shift();
    if (reader) return reader({ value, done: false });
    if (this.#values.length >= this.#limit) {
      if (this.#fails) {
        const message = `The buffer of ${this.#name} is full (${this.#limit} events)`;
        return this.end(new RangerError("overflow", message, this.#name));
      }
      this.#values.shift();
    }
    this.#values.push(value);
  }

  /** Ends the loop, with the error if there is one, after it has read the queued values. */
  end(error?: RangerError): void {
    if (this.#over) return;
    this.#over = true;
    this.#release();
    this.#error = error;
    for (const reader of this.#readers.splice(0)) reader(this.next());
  }

  async next(): Promise<Result<T>> {
    if (this.#values.length > 0) return { value: this.#values.shift()!, done: false };
    const error = this.#error;
    this.#error = undefined;
    if (error) throw error;
    if (this.#over) return { value: undefined, done: true };
    return await new Promise((resolve) => this.#readers.push(resolve));
  }

  return(): Promise<Result<T>> {
    this.#values.length = 0;
    this.end();
    // A loop that was left does not report an error.
    this.#error = undefined;
    return this.next();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
