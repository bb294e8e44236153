/** Clients as they were written against the servers before this one, unchanged. */
import { once } from "node:events";
import { WebSocket } from "ws";
import { bounded, until } from "../../testing/bounded.ts";

/** The message as these clients read it: the library's answer to whatever came. */
export function onText(socket: WebSocket, read: (text: string) => void): void {
  socket.on("message", (data: unknown) => read(String(data)));
}

export async function ended(socket: WebSocket): Promise<void> {
  if (socket.readyState === WebSocket.CLOSED) return;
  const closed = once(socket, "close");
  socket.close();
  await bounded(closed, "the server to close");
}

/**
 * The example client of 2018: streams in the query, the token as the first message, arrays are
 * events, everything else is an answer, and an error ends the program.
 */
export class ExampleOf2018 implements AsyncDisposable {
  readonly log: string[] = [];
  readonly failures: string[] = [];
  readonly #socket: WebSocket;

  /** @param more of the query, behind the streams */
  constructor(host: string, streams: readonly string[], jwt: string | undefined, more = "") {
    const query = streams.map((stream) => `stream=${stream}`).join("&") + more;
    this.#socket = new WebSocket(`ws://${host}?${query}`);
    this.#socket.on("open", () => {
      if (jwt !== undefined) this.#socket.send(JSON.stringify({ jwt: `Bearer ${jwt}` }));
    });
    this.#socket.on("error", (error: unknown) => this.failures.push(String(error)));
    onText(this.#socket, (text) => {
      const data = JSON.parse(text);
      if (Array.isArray(data)) this.log.push(`${data[0]} ${JSON.stringify(data[1])}`);
      else if (data.success) this.log.push(data.success.message);
      else this.failures.push(data.error.message);
    });
  }

  async logged(line: string): Promise<void> {
    await until(() => this.log.includes(line) || undefined, () => `${line} in ${this.log}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await ended(this.#socket);
  }
}

/**
 * An exchange's web page as it was written for Rango: one path for guests and one for users, the
 * streams in the query, and every key of every message is a stream's name.
 */
export class RangoPage implements AsyncDisposable {
  readonly subscriptions: string[][] = [];
  readonly events: [name: string, payload: unknown][] = [];
  /** What the page would have reconnected for. */
  readonly complaints: string[] = [];
  readonly #socket: WebSocket;
  #sequence: number | undefined;

  constructor(base: string, streams: readonly string[], headers: Record<string, string>) {
    const query = [...streams].sort().join("&stream=");
    this.#socket = new WebSocket(`${base}/?stream=${query}`, { headers });
    this.#socket.on("error", (error: unknown) => this.complaints.push(String(error)));
    onText(this.#socket, (text) => {
      for (const [name, event] of Object.entries(JSON.parse(text))) this.#take(name, event);
    });
  }

  #take(name: string, event: unknown): void {
    if (name === "success") {
      const { message, streams } = event as { message: string; streams: string[] };
      if (message === "subscribed" || message === "unsubscribed") this.subscriptions.push(streams);
      else this.complaints.push(message);
      return;
    }
    this.events.push([name, event]);
    const { sequence } = (event ?? {}) as { sequence?: number };
    if (name.endsWith(".ob-snap")) this.#sequence = sequence;
    if (name.endsWith(".ob-inc")) {
      if (this.#sequence === undefined) this.complaints.push("increment before snapshot");
      else if (this.#sequence + 1 !== sequence) this.complaints.push("bad sequence");
      this.#sequence = sequence;
    }
  }

  write(event: "subscribe" | "unsubscribe", ...streams: string[]): void {
    this.#socket.send(JSON.stringify({ event, streams }));
  }

  async subscribed(times: number): Promise<string[]> {
    return await until(() => this.subscriptions[times - 1], `answer number ${times}`);
  }

  /** The names of what came, once a certain one has come. */
  async namesUpTo(last: string): Promise<string[]> {
    const names = () => this.events.map(([name]) => name);
    await until(() => names().includes(last) || undefined, () => `${last} in ${names()}`);
    return names();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await ended(this.#socket);
  }
}
