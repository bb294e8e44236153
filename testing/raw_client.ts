import { createHash } from "node:crypto";
import { bounded } from "./bounded.ts";
import { encodeFrame, type Frame, FrameReader, type FrameToSend, Opcode } from "./frames.ts";

export { closeOf, closePayload, encodeFrame, type Frame, Opcode } from "./frames.ts";

/** What the server answered to a request. */
export interface RawResponse {
  readonly status: number;
  /** `HTTP/1.1 101 Switching Protocols` */
  readonly statusLine: string;
  /** By name in lower case; doubles are joined by ", ". */
  readonly headers: ReadonlyMap<string, string>;
  /** Empty for an upgrade; as long as Content-Length says, else up to the end. */
  readonly body: string;
}

/** What to ask for at the handshake. */
export interface HandshakeOptions {
  /** Added to, or instead of, a good client's headers; a header that is undefined is left out. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Whether the server's pings are given with the other frames; they come at any time. */
  readonly pings?: boolean;
  /** For `wss:`: certificates in PEM that the server's may be signed with. */
  readonly caCerts?: string[];
}

/**
 * A TCP connection that speaks WebSocket byte by byte, for what no well-behaved client sends.
 * It reads only when a test asks for something, so one that is not asked is a slow consumer.
 */
export class RawClient implements Disposable {
  readonly #connection: Deno.Conn;
  readonly #reader = new FrameReader();
  readonly #chunk = new Uint8Array(65_536);
  #ended: string | undefined;
  #closed = false;
  #pings = false;

  private constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  /** Connects, and sends nothing. */
  static async connect(port: number): Promise<RawClient> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    connection.setNoDelay(true);
    return new RawClient(connection);
  }

  /** Connects to a URL's port of loopback, by TLS for `wss:`, and sends nothing. */
  static async connectTo(url: string, { caCerts = [] }: HandshakeOptions = {}): Promise<RawClient> {
    const { protocol, hostname, port } = new URL(url);
    if (protocol !== "wss:") return await RawClient.connect(Number(port));
    return new RawClient(await Deno.connectTls({ hostname, port: Number(port), caCerts }));
  }

  /**
   * Connects and upgrades.
   *
   * @param url `ws://127.0.0.1:8080/public?stream=usdbtc.trades`
   * @throws Error when the answer is not a correct 101
   * @example
   * ```ts
   * using client = await RawClient.open("ws://127.0.0.1:8080/public");
   * await client.send({ opcode: Opcode.ping, payload: "are you there" });
   * (await client.frame()).opcode; // Opcode.text: the list of streams comes first
   * ```
   */
  static async open(url: string, options: HandshakeOptions = {}): Promise<RawClient> {
    const client = await RawClient.connectTo(url, options);
    try {
      const response = await client.handshake(url, options);
      if (response.status !== 101) {
        throw new Error(`${url} answered ${response.statusLine}: ${response.body}`);
      }
      return client;
    } catch (error) {
      client.close();
      throw error;
    }
  }

  /**
   * Asks for the upgrade, and gives the answer, whatever it is.
   *
   * @throws Error when a 101 does not prove that the server read the key
   */
  async handshake(url: string, options: HandshakeOptions = {}): Promise<RawResponse> {
    const { host, pathname, search } = new URL(url);
    this.#pings = options.pings ?? false;
    const key = crypto.getRandomValues(new Uint8Array(16)).toBase64();
    const headers = {
      Host: host,
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": key,
      ...options.headers,
    };
    const lines = Object.entries(headers).filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}: ${value}\r\n`);
    await this.write(`GET ${pathname}${search} HTTP/1.1\r\n${lines.join("")}\r\n`);
    const response = await this.response();
    if (response.status === 101 && headers["Sec-WebSocket-Key"] === key) {
      const proof = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
        .digest("base64");
      if (response.headers.get("sec-websocket-accept") !== proof) {
        throw new Error("Sec-WebSocket-Accept does not fit the key");
      }
    }
    return response;
  }

  /** The next HTTP response. */
  async response(): Promise<RawResponse> {
    const head = await this.#readUntilBlankLine();
    const [statusLine = "", ...lines] = head.split("\r\n");
    const headers = new Map<string, string>();
    for (const line of lines) {
      const colon = line.indexOf(":");
      const name = line.slice(0, colon).toLowerCase();
      const value = line.slice(colon + 1).trim();
      const before = headers.get(name);
      headers.set(name, before === undefined ? value : `${before}, ${value}`);
    }
    const status = Number(statusLine.split(" ")[1]);
    const body = status === 101 ? "" : await this.#body(headers);
    return { status, statusLine, headers, body };
  }

  /**
   * Sends bytes as they are; text as UTF-8.
   *
   * @param withinMs the bound, where the server may take its time
   */
  async write(data: string | Uint8Array, withinMs?: number): Promise<void> {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    let sent = 0;
    while (sent < bytes.length) {
      sent += await bounded(
        this.#connection.write(bytes.subarray(sent)),
        "the server to take what is sent",
        withinMs,
      );
    }
  }

  /** Sends a frame, masked unless told otherwise. */
  async send(frame: FrameToSend): Promise<void> {
    await this.write(encodeFrame(frame));
  }

  /**
   * The next frame of the server.
   *
   * @throws Error when the connection ends or nothing comes in time
   */
  async frame(): Promise<Frame> {
    while (true) {
      const frame = this.#next();
      if (frame !== undefined) return frame;
      if (!await this.#read("a frame")) {
        throw new Error(`no frame: ${this.#ended}${this.#leftover()}`);
      }
    }
  }

  /**
   * Awaits the end of the TCP connection from the server's side, reading and dropping nothing:
   * frames that came before stay to be read.
   *
   * @returns `"end"` for an orderly one, `"reset"` for a cut
   */
  async ended(): Promise<"end" | "reset"> {
    while (await this.#read("the server to close the connection"));
    return this.#ended === "the server ended the connection" ? "end" : "reset";
  }

  /** Frames until the end of the connection. */
  async rest(): Promise<Frame[]> {
    await this.ended();
    const frames: Frame[] = [];
    for (let frame = this.#next(); frame; frame = this.#next()) frames.push(frame);
    return frames;
  }

  /** Ends the sending side only. */
  async end(): Promise<void> {
    await this.#connection.closeWrite();
  }

  /** Closes the socket at once, without a word. Safe to call twice. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#connection.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #next(): Frame | undefined {
    for (;;) {
      const frame = this.#reader.frame();
      if (this.#pings || frame?.opcode !== Opcode.ping) return frame;
    }
  }

  /** Reads once; false at the end. */
  async #read(what: string): Promise<boolean> {
    if (this.#ended !== undefined) return false;
    try {
      const count = await bounded(
        this.#connection.read(this.#chunk),
        () => `${what}${this.#leftover()}`,
      );
      if (count === null) this.#ended = "the server ended the connection";
      else this.#reader.add(this.#chunk.subarray(0, count));
    } catch (error) {
      if (!isReset(error)) throw error;
      this.#ended = "the server reset the connection";
    }
    return this.#ended === undefined;
  }

  #leftover(): string {
    const { pending } = this.#reader;
    return pending.length === 0 ? "" : `; so far came the bytes ${pending.slice(0, 64).toHex()}`;
  }

  async #readUntilBlankLine(): Promise<string> {
    while (true) {
      const text = new TextDecoder("latin1").decode(this.#reader.pending);
      const end = text.indexOf("\r\n\r\n");
      if (end >= 0) {
        this.#reader.take(end + 4);
        return text.slice(0, end);
      }
      if (!await this.#read("a response")) throw new Error(`no response: ${this.#ended}`);
    }
  }

  async #body(headers: ReadonlyMap<string, string>): Promise<string> {
    const length = headers.get("content-length");
    const wanted = length === undefined ? Infinity : Number(length);
    while (this.#reader.pending.length < wanted && await this.#read("the response's body"));
    return new TextDecoder().decode(this.#reader.take(Math.min(wanted, 1 << 24)));
  }
}

function isReset(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.ConnectionAborted;
}
