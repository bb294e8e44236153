import { Crowd } from "./crowd.ts";
import { Market } from "./market.ts";
import type { Ids } from "./market.ts";
import { MARKETS } from "./markets.ts";
import type { MarketDefinition } from "./markets.ts";
import { Random } from "./random.ts";
import { DemoUser } from "./user.ts";
import type { EventSink, EventSource, SourceState } from "../source.ts";
import { SourceStatus } from "../status.ts";

export { MARKETS } from "./markets.ts";
export type { MarketDefinition } from "./markets.ts";

/** The uid of the demo's user, unless told otherwise. */
export const DEMO_UID = "IDDEMO000001";

/** Milliseconds. */
const TICK = 50;
const SECOND = 1_000;

const OTHER_USERS = 8;

/** What a simulator can be told; everything has a default. */
export interface SimulatorOptions {
  /** The same seed, markets, rate and clock give the same events. Default 1. */
  readonly seed?: number;
  /** Whose private events to play. Default `IDDEMO000001`. */
  readonly uid?: string;
  /** Default: five, from btcusd on. */
  readonly markets?: readonly MarketDefinition[];
  /** Things that happen in each market, a second: orders placed, withdrawn, taken. Default 15. */
  readonly rate?: number;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number;
}

/**
 * An exchange with a few markets, inside the process: another source of events, which publishes
 * under Peatio's routing keys what Peatio would. Orders are matched for real, so books, trades,
 * candles and everybody's private events agree with each other.
 *
 * @example
 * ```ts
 * const simulator = new Simulator({ seed: 7, rate: 50 });
 * simulator.start({
 *   deliver: (key, body) => console.log(key, new TextDecoder().decode(body)),
 *   interrupted() {},
 * });
 * await simulator.stop();
 * ```
 */
export class Simulator implements EventSource {
  /** Whose private events are played. */
  readonly uid: string;
  readonly #seed: number;
  readonly #rate: number;
  readonly #now: () => number;
  readonly #markets: readonly Market[];
  readonly #crowds: readonly Crowd[];
  readonly #encoder = new TextEncoder();
  readonly #status = new SourceStatus();
  #user: DemoUser | undefined;
  #sink: EventSink | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** Milliseconds since the epoch: how far the exchange has been played. */
  #clock = 0;
  /** Acts that are due in each market, with the fraction that is not due yet. */
  #due = 0;
  #nextSecond = 0;

  /** Throws a RangeError when `rate` is not a positive number. */
  constructor(options: SimulatorOptions = {}) {
    this.#seed = options.seed ?? 1;
    this.uid = options.uid ?? DEMO_UID;
    this.#rate = options.rate ?? 15;
    this.#now = options.now ?? Date.now;
    if (!(this.#rate > 0 && this.#rate < Infinity)) {
      throw new RangeError(`the simulator's rate must be a positive number, not ${this.#rate}`);
    }
    const ids: Ids = { order: 1_000, trade: 0 };
    const uids = otherUsers(this.#random("users"), this.uid);
    this.#markets = (options.markets ?? MARKETS).map((definition) =>
      new Market(definition, { ids, publish: this.#publish, now: () => this.#clock })
    );
    this.#crowds = this.#markets.map((market) =>
      new Crowd(market, this.#random(market.definition.id), uids, this.#rate)
    );
  }

  get state(): SourceState {
    return this.#status;
  }

  /**
   * Begins to deliver, as an exchange that starts: a snapshot of every book at once, with sequence
   * 1, the rest as time goes by.
   */
  start(sink: EventSink): void {
    if (this.#sink !== undefined) return;
    this.#clock = this.#now();
    this.#user ??= this.#open();
    this.#sink = sink;
    const markets = this.#markets.map((market) => market.definition.id).join(", ");
    this.#status.up(`simulating ${markets} (seed ${this.#seed})`);
    for (const market of this.#markets) market.start();
    this.#everySecond();
    this.#timer = setInterval(() => this.step(this.#now()), TICK);
  }

  /**
   * Plays the exchange up to a time; does nothing before `start`. Called by the simulator's own
   * timer, or by a test that has a clock of its own. A clock that goes back stands still
   * instead; of a long pause only the last second is played.
   *
   * @param now milliseconds since the epoch
   */
  step(now: number): void {
    if (this.#sink === undefined) return;
    const elapsed = Math.max(0, now - this.#clock);
    this.#clock += elapsed;
    const at = this.#seconds();
    this.#due += (Math.min(elapsed, SECOND) * this.#rate) / SECOND;
    for (; this.#due >= 1; this.#due -= 1) {
      for (const crowd of this.#crowds) crowd.act(at);
    }
    this.#user?.step(this.#clock);
    if (this.#clock >= this.#nextSecond) this.#everySecond();
  }

  /** Stops delivering; a later `start` has the same orders, and sequences from 1 on. */
  stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#sink = undefined;
    this.#status.stop("simulator stopped");
    return Promise.resolve();
  }

  /** Before anybody listens: the first thing that is heard of a book is its snapshot. */
  #open(): DemoUser {
    for (const crowd of this.#crowds) crowd.open(this.#seconds());
    const random = this.#random("demo");
    return new DemoUser(this.uid, this.#markets, random, this.#publish, this.#clock);
  }

  #everySecond(): void {
    this.#nextSecond = this.#clock + SECOND;
    const at = this.#seconds();
    const tickers: Record<string, unknown> = {};
    for (const market of this.#markets) {
      const { definition, ticker, candles } = market;
      candles.flush();
      const buy = market.levels("buy")[0]?.price ?? 0;
      const sell = market.levels("sell")[0]?.price ?? 0;
      tickers[definition.id] = ticker.payload(at, buy, sell);
    }
    for (const market of this.#markets) market.update();
    this.#publish("public.global.tickers", tickers);
  }

  #seconds(): number {
    return Math.floor(this.#clock / SECOND);
  }

  /** One generator for each who decides: what one does leaves the luck of the others alone. */
  #random(who: string): Random {
    return new Random(`${this.#seed}:${who}`);
  }

  readonly #publish = (routingKey: string, payload: unknown): void => {
    this.#sink?.deliver(routingKey, this.#encoder.encode(JSON.stringify(payload)), 0);
  };
}

function otherUsers(random: Random, uid: string): string[] {
  const uids: string[] = [];
  while (uids.length < OTHER_USERS) {
    const other = `ID${random.text("0123456789ABCDEF", 10)}`;
    if (other !== uid && !uids.includes(other)) uids.push(other);
  }
  return uids;
}
