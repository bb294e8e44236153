import { bounded } from "../../testing/bounded.ts";

/** A client that knows the cursor of the last event of one stream: a place in the log of all. */
export class CursorWatch implements AsyncDisposable {
  static readonly STREAM = "mark.trades";
  readonly #socket: WebSocket;
  readonly #cursors = new Map<number, PromiseWithResolvers<string>>();

  private constructor(port: number) {
    this.#socket = new WebSocket(
      `ws://127.0.0.1:${port}/public/?stream=${CursorWatch.STREAM}&cursor`,
    );
    this.#socket.onmessage = ({ data }) => {
      const [, number] = /"seq":(\d+)/.exec(data) ?? [];
      const [, cursor] = /"cursor":"([\w-]+)"\}$/.exec(data) ?? [];
      if (number !== undefined && cursor !== undefined) this.#of(Number(number)).resolve(cursor);
    };
  }

  /** Resolves when it has subscribed. */
  static async connect(port: number): Promise<CursorWatch> {
    const watch = new CursorWatch(port);
    const subscribed = new Promise<void>((resolve) =>
      watch.#socket.addEventListener("message", () => resolve(), { once: true })
    );
    await bounded(subscribed, "the subscription");
    return watch;
  }

  /** The cursor of the event with this number, once it came. */
  cursor(number: number): Promise<string> {
    return bounded(this.#of(number).promise, `event ${number}`, 60_000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#socket.onclose = resolve);
    this.#socket.close();
    await bounded(closed, "the end of the connection");
  }

  #of(number: number): PromiseWithResolvers<string> {
    let cursor = this.#cursors.get(number);
    if (!cursor) this.#cursors.set(number, cursor = Promise.withResolvers());
    return cursor;
  }
}
