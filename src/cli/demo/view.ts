/** Milliseconds between two attempts to connect. */
const RETRY_INTERVAL = 1_000;

type Pair = readonly [price: string, amount: string];

/** What the view shows of a market. */
export interface MarketState {
  readonly market: string;
  /** Whether the view's connection is up. */
  readonly connected: boolean;
  /** Prices as received; undefined before the first. */
  readonly last: string | undefined;
  readonly bid: string | undefined;
  readonly ask: string | undefined;
  /** Sign of the last price's change: -1, 0 or 1. */
  readonly direction: number;
  /** Messages received so far. */
  readonly messages: number;
}

/**
 * Watches one market as any client would, over a WebSocket to the public port. What it shows has
 * therefore passed through the whole server.
 *
 * @example
 * ```ts
 * const view = new MarketView("ws://127.0.0.1:8080", "btcusd");
 * view.state.last; // "61250.5", once there was a trade
 * view.close();
 * ```
 */
export class MarketView {
  readonly #url: string;
  readonly #market: string;
  readonly #asks = new Map<string, string>();
  readonly #bids = new Map<string, string>();
  #socket: WebSocket | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  #last: string | undefined;
  #direction = 0;
  #messages = 0;

  /**
   * Connects at once, and again whenever the connection is lost.
   *
   * @param server `ws://127.0.0.1:8080`, without a path
   * @param market `btcusd`
   */
  constructor(server: string, market: string) {
    // The view reads objects, whatever the server's default envelope is.
    this.#url = `${server}/public/?stream=${market}.trades,${market}.ob-inc&envelope=object`;
    this.#market = market;
    this.#connect();
  }

  get state(): MarketState {
    return {
      market: this.#market,
      connected: this.#socket?.readyState === WebSocket.OPEN,
      last: this.#last,
      bid: best(this.#bids, (price, other) => price > other),
      ask: best(this.#asks, (price, other) => price < other),
      direction: this.#direction,
      messages: this.#messages,
    };
  }

  /** Closes the connection for good; resolves when it is closed. */
  close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    const socket = this.#socket;
    if (socket === undefined || socket.readyState === WebSocket.CLOSED) return Promise.resolve();
    return new Promise((resolve) => {
      socket.addEventListener("close", () => resolve());
      socket.close();
    });
  }

  #connect(): void {
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#take(String(data));
    // The close event follows and is handled below.
    socket.onerror = (event) => event.preventDefault();
    socket.onclose = () => {
      if (!this.#closed) this.#retry = setTimeout(() => this.#connect(), RETRY_INTERVAL);
    };
  }

  #take(text: string): void {
    this.#messages += 1;
    const message = JSON.parse(text);
    const trades = message[`${this.#market}.trades`]?.trades;
    const snapshot = message[`${this.#market}.ob-snap`];
    const increment = message[`${this.#market}.ob-inc`];
    if (trades !== undefined) this.#trade(trades.at(-1).price);
    if (snapshot !== undefined) {
      replace(this.#asks, snapshot.asks);
      replace(this.#bids, snapshot.bids);
    }
    if (increment?.asks !== undefined) change(this.#asks, increment.asks);
    if (increment?.bids !== undefined) change(this.#bids, increment.bids);
  }

  #trade(price: string): void {
    if (this.#last !== undefined) this.#direction = Math.sign(Number(price) - Number(this.#last));
    this.#last = price;
  }
}

function replace(levels: Map<string, string>, pairs: readonly Pair[]): void {
  levels.clear();
  for (const pair of pairs) change(levels, pair);
}

function change(levels: Map<string, string>, [price, amount]: Pair): void {
  if (Number(amount) === 0) levels.delete(price);
  else levels.set(price, amount);
}

/** Only for display, so the precision of numbers is enough. */
function best(
  levels: ReadonlyMap<string, string>,
  better: (price: number, other: number) => boolean,
): string | undefined {
  let found: string | undefined;
  for (const price of levels.keys()) {
    if (found === undefined || better(Number(price), Number(found))) found = price;
  }
  return found;
}
