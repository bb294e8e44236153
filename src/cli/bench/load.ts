/** Handshakes at the same time: more would be a connection storm, which is another test. */
const MAX_HANDSHAKES = 50;
/** Pings per second, over all connections. */
const PINGS_PER_SECOND = 50;
/** Distinct reasons that are counted. */
const MAX_REASONS = 10;
/** Milliseconds that the server has to answer the close frames. */
const CLOSE_TIMEOUT = 2_000;

interface Client {
  readonly socket: WebSocket;
  /** When the ping was sent that is not answered yet. */
  pinged: number | undefined;
}

/**
 * Connections that count what they receive. A lost one is not opened again.
 *
 * @example
 * ```ts
 * const load = new Load(new URL("ws://localhost:8080/public?stream=global.tickers"), 100);
 * await load.connected;
 * load.frames;
 * await load.close();
 * ```
 */
export class Load {
  /** Events received, and the characters of their text. */
  frames = 0;
  bytes = 0;
  /** Connections opened, connections lost, and errors in answers. */
  opened = 0;
  lost = 0;
  errors = 0;
  /** Reasons for which connections failed or were lost, with their counts. */
  readonly refusals = new Map<string, number>();
  readonly #url: URL;
  readonly #wanted: number;
  readonly #connected = Promise.withResolvers<void>();
  readonly #gone = Promise.withResolvers<void>();
  readonly #open = new Set<Client>();
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #trips: { readonly at: number; readonly milliseconds: number }[] = [];
  #turn: Client[] = [];
  #begun = 0;
  #failed = 0;
  #closing = false;

  constructor(url: URL, connections: number) {
    this.#url = url;
    this.#wanted = connections;
    this.#timer = setInterval(() => this.#ping(), 1000 / PINGS_PER_SECOND);
    for (let at = 0; at < MAX_HANDSHAKES; at++) this.#connect();
  }

  /** Resolves when every connection is open or has failed. */
  get connected(): Promise<void> {
    return this.#connected.promise;
  }

  /** Resolves when the last connection is gone. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  get open(): number {
    return this.#open.size;
  }

  /** Round-trip times in milliseconds of the pings sent since a time. */
  tripsSince(at: number): number[] {
    return this.#trips.filter((trip) => trip.at >= at).map(({ milliseconds }) => milliseconds);
  }

  async close(): Promise<void> {
    this.#closing = true;
    clearInterval(this.#timer);
    if (this.#open.size === 0) return;
    for (const { socket } of this.#open) socket.close();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => timer = setTimeout(resolve, CLOSE_TIMEOUT));
    await Promise.race([this.gone, late]);
    clearTimeout(timer);
  }

  #connect(): void {
    if (this.#begun >= this.#wanted || this.#closing) return;
    this.#begun++;
    const socket = new WebSocket(this.#url);
    const client: Client = { socket, pinged: undefined };
    let opened = false;
    let reason = "";
    socket.onopen = () => {
      opened = true;
      this.opened++;
      this.#open.add(client);
      this.#connectNext();
    };
    socket.onmessage = ({ data }) => this.#take(client, data);
    socket.onerror = (event) => {
      event.preventDefault();
      reason = (event as ErrorEvent).message;
    };
    socket.onclose = ({ code, reason: given }) => {
      if (!this.#closing) this.#count(reason || `closed with ${code} ${given}`.trimEnd());
      if (opened) {
        if (!this.#closing) this.lost++;
        this.#open.delete(client);
      } else {
        this.#failed++;
        this.#connectNext();
      }
      if (this.#open.size === 0 && this.opened > 0) this.#gone.resolve();
    };
  }

  #connectNext(): void {
    if (this.opened + this.#failed === this.#wanted) this.#connected.resolve();
    this.#connect();
  }

  #take(client: Client, text: string): void {
    if (text === "pong") {
      if (client.pinged === undefined) return;
      this.#trips.push({ at: client.pinged, milliseconds: performance.now() - client.pinged });
      client.pinged = undefined;
    } else if (text.startsWith('{"error":') || text.startsWith('{"success":{"message":"cannot')) {
      this.errors++;
    } else if (!text.startsWith('{"success":')) {
      this.frames++;
      this.bytes += text.length;
    }
  }

  /** One connection after the other: the more there are, the less often each is pinged. */
  #ping(): void {
    if (this.#turn.length === 0) this.#turn = [...this.#open];
    const client = this.#turn.pop();
    if (!client || client.pinged !== undefined || client.socket.readyState !== WebSocket.OPEN) {
      return;
    }
    client.pinged = performance.now();
    client.socket.send("ping");
  }

  #count(reason: string): void {
    const known = this.refusals.has(reason) || this.refusals.size < MAX_REASONS;
    const key = known ? reason : "other reasons";
    this.refusals.set(key, (this.refusals.get(key) ?? 0) + 1);
  }
}
