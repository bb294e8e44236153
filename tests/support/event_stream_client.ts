import { bounded } from "../../testing/bounded.ts";

/** How to ask for events. */
export interface EventStreamRequest {
  /** Sent as `Authorization: Bearer …`. */
  readonly token?: string;
  /** Sent as `Last-Event-ID`. */
  readonly lastEventId?: string;
  /** Added to, or instead of, those of a browser. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Of the request line; 1.1 unless given. */
  readonly version?: "1.0" | "1.1";
}

/** An event, as `EventSource` dispatches it. */
export interface ServerSentEvent {
  readonly type: string;
  readonly data: string;
  /** The last id that was sent, with this event or an earlier one. */
  readonly lastEventId: string;
}

/**
 * A client of server-sent events on a TCP connection, which reads only when a test asks for
 * something. It interprets lines as WHATWG HTML, section 9.2.6 says.
 *
 * @example
 * ```ts
 * using client = await EventStreamClient.open("http://127.0.0.1:8080/public?stream=usdbtc.trades");
 * (await client.next()).data; // '{"success":{"message":"subscribed","streams":["usdbtc.trades"]}}'
 * ```
 */
export class EventStreamClient implements Disposable {
  status = 0;
  readonly headers = new Headers();
  /** Of the last `retry` line. */
  retry: string | undefined;
  /** Of comments, without the colon, in order. */
  readonly comments: string[] = [];
  readonly #connection: Deno.Conn;
  readonly #chunk = new Uint8Array(65_536);
  readonly #decoder = new TextDecoder();
  #text = "";
  #ended: "end" | "reset" | undefined;
  #closed = false;
  #data: string[] = [];
  #type = "";
  #lastEventId = "";

  private constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  /** Asks for events, and reads the head of the response, whatever it is. */
  static async ask(url: string, request: EventStreamRequest = {}): Promise<EventStreamClient> {
    const { hostname, port, host, pathname, search } = new URL(url);
    const client = new EventStreamClient(await Deno.connect({ hostname, port: Number(port) }));
    const headers = {
      Host: host,
      Accept: "text/event-stream",
      ...(request.token === undefined ? {} : { Authorization: `Bearer ${request.token}` }),
      ...(request.lastEventId === undefined ? {} : { "Last-Event-ID": request.lastEventId }),
      ...request.headers,
    };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const { version = "1.1" } = request;
    await client.write(`GET ${pathname}${search} HTTP/${version}\r\n${lines.join("")}\r\n`);
    await client.#readHead();
    return client;
  }

  /** The same, where the answer is to be 200. */
  static async open(url: string, request: EventStreamRequest = {}): Promise<EventStreamClient> {
    const client = await EventStreamClient.ask(url, request);
    if (client.status === 200) return client;
    const body = await client.rest();
    client.close();
    throw new Error(`${url} answered ${client.status}: ${body}`);
  }

  /** Sends bytes, which no such client does behind its request. */
  async write(text: string): Promise<void> {
    const bytes = new TextEncoder().encode(text);
    for (let sent = 0; sent < bytes.length;) {
      sent += await this.#connection.write(bytes.subarray(sent));
    }
  }

  /** The next event. @throws Error when the response ends, or nothing comes in time */
  next(): Promise<ServerSentEvent> {
    // Comments are no events, so a bound of each read would be none.
    return bounded(this.#next(), "an event");
  }

  async #next(): Promise<ServerSentEvent> {
    for (;;) {
      const event = this.#take();
      if (event) return event;
      if (!await this.#read()) throw new Error(`no event: ${this.#ended}`);
    }
  }

  /** The next events, as many as asked for. */
  async take(count: number): Promise<ServerSentEvent[]> {
    const events: ServerSentEvent[] = [];
    while (events.length < count) events.push(await this.next());
    return events;
  }

  /** Reads up to a comment, and drops the events before it. */
  async comment(): Promise<string> {
    while (this.comments.length === 0) {
      if (!this.#take() && !await this.#read()) throw new Error(`no comment: ${this.#ended}`);
    }
    return this.comments.shift()!;
  }

  /** The events up to the end of the response. */
  async untilEnd(): Promise<{ events: ServerSentEvent[]; end: "end" | "reset" }> {
    const events: ServerSentEvent[] = [];
    for (;;) {
      const event = this.#take();
      if (event) events.push(event);
      else if (!await this.#read()) return { events, end: this.#ended! };
    }
  }

  /** What is left up to the end, as it is. */
  async rest(): Promise<string> {
    while (await this.#read());
    return this.#text;
  }

  close(): void {
    if (!this.#closed) this.#connection.close();
    this.#closed = true;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #readHead(): Promise<void> {
    let end = -1;
    while ((end = this.#text.indexOf("\r\n\r\n")) < 0) {
      if (!await this.#read()) throw new Error(`no response: ${this.#ended}`);
    }
    const [statusLine = "", ...lines] = this.#text.slice(0, end).split("\r\n");
    this.#text = this.#text.slice(end + 4);
    this.status = Number(statusLine.split(" ")[1]);
    for (const line of lines) {
      const colon = line.indexOf(":");
      this.headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
    }
  }

  async #read(): Promise<boolean> {
    if (this.#ended !== undefined) return false;
    try {
      const count = await bounded(this.#connection.read(this.#chunk), "more of the response");
      if (count === null) this.#ended = "end";
      else this.#text += this.#decoder.decode(this.#chunk.subarray(0, count), { stream: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
      this.#ended = "reset";
    }
    return this.#ended === undefined;
  }

  /** Interprets lines up to the next event. */
  #take(): ServerSentEvent | undefined {
    for (;;) {
      // A carriage return at the end may be the first half of a line end.
      const end = /\r\n|\r(?!$)|\n/.exec(this.#text);
      if (!end) return undefined;
      const line = this.#text.slice(0, end.index);
      this.#text = this.#text.slice(end.index + end[0].length);
      if (line !== "") {
        this.#interpret(line);
        continue;
      }
      const [data, type] = [this.#data, this.#type];
      this.#data = [];
      this.#type = "";
      if (data.length === 0) continue;
      return { type: type || "message", data: data.join("\n"), lastEventId: this.#lastEventId };
    }
  }

  #interpret(line: string): void {
    const [, name = line, value = ""] = /^([^:]*): ?(.*)$/.exec(line) ?? [];
    if (name === "") this.comments.push(value);
    else if (name === "data") this.#data.push(value);
    else if (name === "event") this.#type = value;
    else if (name === "id" && !value.includes("\0")) this.#lastEventId = value;
    else if (name === "retry") this.retry = value;
  }
}
