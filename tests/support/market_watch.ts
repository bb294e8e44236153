import assert from "node:assert/strict";
import { until } from "../../testing/bounded.ts";
import { type Client, connectClient } from "./client.ts";
import { subscribed } from "./exchange.ts";

/** Milliseconds: while the broker is away, answers are all that comes. */
const BETWEEN_PINGS = 3_000;

type Message = Readonly<Record<string, { readonly n?: number; readonly asks?: unknown }>>;

/**
 * A client that reads a market's trades and order book all the time, and holds what comes to the
 * rules: numbers of trades only rise, an increment follows what was sent before it, and no
 * snapshot comes without need.
 */
export class MarketWatch {
  /** The number of the last trade. */
  trade = 0;
  /** Snapshots of the book, the first one included. */
  snapshots = 0;
  /** Increments since the last snapshot. */
  increments = 0;
  /** The rules that were broken; empty if all is well. */
  readonly faults: string[] = [];
  /** What ended it: `the server closed: 1001`. */
  readonly ended: Promise<string>;
  /** Of what changed the book last. */
  #number: number | undefined;
  #over: string | undefined;

  private constructor(private readonly client: Client, private readonly market: string) {
    this.ended = this.#read();
  }

  /** @param url of the server, without a path */
  static async start(url: string, market: string): Promise<MarketWatch> {
    const streams = [`${market}.trades`, `${market}.ob-inc`];
    const client = await connectClient(`${url}public?stream=${streams.join(",")}`);
    assert.equal(await client.next(), subscribed(...streams));
    return new MarketWatch(client, market);
  }

  /** Awaits a number of snapshots and, after the last one, increments and trades that flow again. */
  async healed(snapshots: number): Promise<void> {
    await until(
      () => {
        if (this.#over !== undefined) throw new Error(`a client was cut off: ${this.#over}`);
        return this.snapshots >= snapshots && this.increments > 10 || undefined;
      },
      () => `snapshot ${snapshots} and increments behind it; there is ${this.#told()}`,
    );
    const { trade } = this;
    await until(() => this.trade > trade || undefined, "trades to go on");
  }

  #told(): string {
    const { trade, snapshots, increments, faults } = this;
    return JSON.stringify({ trade, snapshots, increments, faults });
  }

  async #read(): Promise<string> {
    const pings = setInterval(() => void this.client.send("ping").catch(() => {}), BETWEEN_PINGS);
    try {
      while (true) {
        const text = await this.client.next();
        if (text !== "pong") this.#take(JSON.parse(text));
      }
    } catch (error) {
      return this.#over = error instanceof Error ? error.message : String(error);
    } finally {
      clearInterval(pings);
      this.client.raw.close();
    }
  }

  #take(message: Message): void {
    const { market } = this;
    const [[stream, payload] = ["nothing", {}]] = Object.entries(message);
    const { n = NaN, asks } = payload;
    const [[, amount] = []] = readPairs(asks);
    const number = Number(amount);
    if (stream === `${market}.trades`) {
      if (!(n > this.trade)) this.faults.push(`trade ${n} after ${this.trade}`);
      this.trade = n;
    } else if (stream === `${market}.ob-snap`) {
      if (!(number >= (this.#number ?? 0))) this.faults.push(`snapshot back to ${number}`);
      this.snapshots++;
      this.increments = 0;
      this.#number = number;
    } else if (stream === `${market}.ob-inc`) {
      const before = this.#number;
      if (before === undefined || number !== before + 1) {
        this.faults.push(`increment ${number} after ${before}`);
      }
      this.increments++;
      this.#number = number;
    } else this.faults.push(`${stream} was not asked for`);
  }
}

/** One pair, or a list of them. */
function readPairs(asks: unknown): readonly (readonly unknown[])[] {
  if (!Array.isArray(asks)) return [];
  return Array.isArray(asks[0]) ? asks : [asks];
}
