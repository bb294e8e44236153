import { setTimeout as pause } from "node:timers/promises";
import { until } from "../../testing/bounded.ts";
import { type ConfirmedChannel, publishWhileConnected } from "../harness/confirmed_publishing.ts";
import { type SoakEvent, SoakMarket } from "./market.ts";

/** Milliseconds between two handfuls of events. */
const TICK = 20;
/** Milliseconds before a broker ends in which what it confirmed may still be on its way to Ranger. */
const ON_THE_WAY = 1_000;
/**
 * Bytes of an event that only those hold who do not read: the kernel takes some megabytes for
 * them before the server has to keep anything.
 */
const FAT = 65_536;
const FAT_A_SECOND = 20;

/** The numbers of a stream that were published while the broker was away. */
interface Outage {
  readonly from: ReadonlyMap<string, number>;
  /** Unset while it lasts. */
  to: ReadonlyMap<string, number> | undefined;
}

/**
 * The exchange of the soak: publishes numbered events at a steady rate, comes back by itself when
 * the broker is gone, and knows which numbers may have been lost with it.
 */
export class SoakExchange implements AsyncDisposable {
  readonly markets: readonly SoakMarket[];
  readonly users: readonly string[];
  /** Events published, lost ones included. */
  published = 0;
  /** The last number of each stream; private ones by `<uid> order`. */
  readonly #numbers = new Map<string, number>();
  /** What those were, a few seconds back. */
  #past: { at: number; numbers: ReadonlyMap<string, number> }[] = [];
  readonly #outages: Outage[] = [];
  #stopped = false;
  #resting = false;
  readonly #running: Promise<void>;

  /**
   * @param url of the broker
   * @param rate events a second, all markets and users together
   */
  constructor(
    url: string,
    exchange: string,
    private readonly rate: number,
    markets: number,
    users: number,
  ) {
    this.markets = Array.from({ length: markets }, (_, at) => new SoakMarket(`m${at}`));
    this.users = Array.from({ length: users }, (_, at) => `U${at}`);
    this.#running = publishWhileConnected(
      url,
      exchange,
      () => this.#stopped,
      (channel) => this.#publish(channel),
    );
  }

  /** To be called before the broker is ended. */
  outageBegins(): void {
    const before = performance.now() - ON_THE_WAY;
    const from = this.#past.findLast(({ at }) => at <= before)?.numbers ?? new Map();
    this.#outages.push({ from, to: undefined });
  }

  /** To be called when the server consumes again. */
  outageEnds(): void {
    const outage = this.#outages.at(-1);
    if (outage !== undefined) outage.to = new Map(this.#numbers);
  }

  /** Whether a number may be missing: it was published while the broker was away. */
  mayBeLost(stream: string, number: number): boolean {
    return this.#outages.some(({ from, to }) =>
      number > (from.get(stream) ?? 0) && number <= (to?.get(stream) ?? Infinity)
    );
  }

  /** The number of the event published last. */
  last(stream: string): number {
    return this.#numbers.get(stream) ?? 0;
  }

  /** Publishes nothing any more, but a last snapshot of each book, with its increment. */
  async rest(): Promise<void> {
    this.#resting = true;
    await until(() => this.#rested || undefined, "the last events to be confirmed", 60_000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  #rested = false;

  async #publish(channel: ConfirmedChannel): Promise<void> {
    const began = performance.now();
    let events = 0;
    let fat = 0;
    while (!this.#stopped) {
      const now = performance.now();
      if (this.#resting) {
        for (const market of this.markets) {
          for (const event of market.lastEvents()) channel.send(...this.#number(event));
        }
        await channel.allConfirmed();
        this.#rested = true;
        while (!this.#stopped) await pause(TICK);
        return;
      }
      for (; events < (now - began) / 1000 * this.rate; events++) channel.send(...this.#next());
      for (; fat < (now - began) / 1000 * FAT_A_SECOND; fat++) {
        channel.send("public.fat.blob", JSON.stringify("x".repeat(FAT)));
      }
      this.#remember(now);
      // A broker that takes nothing more is not sent more.
      await channel.during(pause(TICK));
      while (channel.unconfirmed > 5_000) await channel.nextConfirm();
    }
    await channel.allConfirmed(1_000);
  }

  #next(): [string, string] {
    const turn = this.published++;
    const market = this.markets[turn % this.markets.length]!;
    const kind = Math.floor(turn / this.markets.length) % 5;
    if (kind === 4) {
      const uid = this.users[Math.floor(turn / 5) % this.users.length]!;
      const n = this.last(`${uid} order`) + 1;
      this.#numbers.set(`${uid} order`, n);
      return [`private.${uid}.order`, JSON.stringify({ uid, n })];
    }
    return this.#number(kind % 2 === 0 ? market.bookEvent() : market.trade());
  }

  #number([key, body, number]: SoakEvent): [string, string] {
    if (number !== undefined) this.#numbers.set(key.slice("public.".length), number);
    return [key, body];
  }

  #remember(at: number): void {
    if (at - (this.#past.at(-1)?.at ?? -Infinity) < 100) return;
    this.#past.push({ at, numbers: new Map(this.#numbers) });
    if (this.#past.length > 100) this.#past.shift();
  }
}
