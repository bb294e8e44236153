import { Crowd } from "./crowd.ts";
import { Market } from "./market.ts";
import type { Ids } from "./market.ts";
import { MARKETS } from "./markets.ts";
import type { MarketDefinition } from "./markets.ts";
import { Random } from "./random.ts";
import { DemoUser } from "./user.ts";
import { newLogName } from "../log_name.ts";
import type { EventSink, EventSource, SourceState } from "../source.ts";
import { SourceStatus } from "../status.ts";

export { MARKETS } from "./markets.ts";
export type { MarketDefinition } from "./markets.ts";

/** The default uid of the demo's user. */
export const DEMO_UID = "IDDEMO000001";

/** Milliseconds. */
const TICK_MS = 50;
const SECOND_MS = 1_000;

const OTHER_USERS = 8;

/** The options of a simulator, all of which have a default. */
export interface SimulatorOptions {
  /** The same seed, markets, rate and clock give the same events. Default 1. */
  readonly seed?: number;
  /** The user of the private events. Default `IDDEMO000001`. */
  readonly uid?: string;
  /** Default: the five of `MARKETS`. */
  readonly markets?: readonly MarketDefinition[];
  /** Orders placed, cancelled or taken per market and second. Default 15. */
  readonly rate?: number;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number;
}

/**
 * An exchange with a few markets inside the process, which publishes events as Peatio does. Its
 * engine matches orders, so books, trades, candles and private events agree with each other.
 *
 * @example
 * ```ts
 * const simulator = new Simulator({ seed: 7, rate: 50 });
 * simulator.start({
 *   deliver: ({ routingKey, body }) => console.log(routingKey, new TextDecoder().decode(body)),
 *   opened() {},
 *   lost() {},
 *   up() {},
 *   down() {},
 * });
 * await simulator.stop();
 * ```
 */
export class Simulator implements EventSource {
  /** The user of the private events. */
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
  /** The simulated time in milliseconds since the epoch. */
  #clock = 0;
  /** Acts due in each market; the fraction is carried over. */
  #due = 0;
  #nextSecond = 0;

  /** @throws {RangeError} `rate` is not a positive number */
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
   * Starts to deliver as an exchange does: first a snapshot of every book with sequence 1, then
   * events as time passes.
   */
  start(sink: EventSink): void {
    if (this.#sink !== undefined) return;
    this.#clock = this.#now();
    this.#user ??= this.#open();
    this.#sink = sink;
    const markets = this.#markets.map((market) => market.definition.id).join(", ");
    this.#status.up(`simulating ${markets} (seed ${this.#seed})`);
    sink.opened(this.#status.log ??= newLogName());
    sink.up();
    for (const market of this.#markets) market.start();
    this.#everySecond();
    this.#timer = setInterval(() => this.step(this.#now()), TICK_MS);
  }

  /**
   * Simulates the exchange up to a time; does nothing before `start`. The simulator's timer calls
   * it, or a test with a simulated clock. The simulated time never goes back, and after a long pause
   * only one second of events is simulated.
   *
   * @param now milliseconds since the epoch
   */
  step(now: number): void {
    if (this.#sink === undefined) return;
    const elapsed = Math.max(0, now - this.#clock);
    this.#clock += elapsed;
    const at = this.#seconds();
    this.#due += (Math.min(elapsed, SECOND_MS) * this.#rate) / SECOND_MS;
    for (; this.#due >= 1; this.#due -= 1) {
      for (const crowd of this.#crowds) crowd.act(at);
    }
    this.#user?.step(this.#clock);
    if (this.#clock >= this.#nextSecond) this.#everySecond();
  }

  /** Stops delivering. A later `start` continues with the same orders, and sequences from 1. */
  stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#sink = undefined;
    this.#status.stop("simulator stopped");
    return Promise.resolve();
  }

  /** Fills the books before the first event, so that each begins with its snapshot. */
  #open(): DemoUser {
    for (const crowd of this.#crowds) crowd.open(this.#seconds());
    const random = this.#random("demo");
    return new DemoUser(this.uid, this.#markets, random, this.#publish, this.#clock);
  }

  #everySecond(): void {
    this.#nextSecond = this.#clock + SECOND_MS;
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
    return Math.floor(this.#clock / SECOND_MS);
  }

  /** A separate generator per actor, so that the numbers one draws do not change the others'. */
  #random(actor: string): Random {
    return new Random(`${this.#seed}:${actor}`);
  }

  readonly #publish = (routingKey: string, payload: unknown): void => {
    this.#sink?.deliver({
      offset: ++this.#status.position,
      routingKey,
      body: this.#encoder.encode(JSON.stringify(payload)),
      age: 0,
      past: false,
    });
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
