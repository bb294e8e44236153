import type { MarketState } from "./view.ts";

/** Milliseconds between lines: on a terminal the line is redrawn, elsewhere lines follow. */
const REDRAW_INTERVAL = 250;
const FIRST_LINE_DELAY = 1_000;
const LINE_INTERVAL = 5_000;
/** Milliseconds over which events per second are averaged. */
const RATE_WINDOW = 4_000;

const CLEAR = "\r\x1b[2K";
const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";

/** What the live line shows. */
export interface LiveLineOptions {
  /** The present state of the market. */
  readonly market: () => MarketState;
  /** Connected clients besides the view itself; undefined if unknown. */
  readonly clients: () => number | undefined;
  /** Whether standard output is a terminal, on which the line is redrawn. */
  readonly terminal: boolean;
}

/**
 * Shows a market in one line on standard output, until it is stopped.
 *
 * @example
 * ```ts
 * import { type MarketState } from "./view.ts";
 * declare const state: MarketState;
 * const line = new LiveLine({ market: () => state, clients: () => 1, terminal: true });
 * line.stop();
 * ```
 */
export class LiveLine {
  readonly #options: LiveLineOptions;
  readonly #rate = new Rate();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: LiveLineOptions) {
    this.#options = options;
    if (options.terminal) write(HIDE_CURSOR);
    this.#timer = setTimeout(
      () => this.#draw(),
      options.terminal ? REDRAW_INTERVAL : FIRST_LINE_DELAY,
    );
  }

  /** Stops, and leaves the terminal as it was. */
  stop(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#options.terminal) write(`\n${SHOW_CURSOR}`);
  }

  #draw(): void {
    const { market, clients, terminal } = this.#options;
    this.#timer = setTimeout(() => this.#draw(), terminal ? REDRAW_INTERVAL : LINE_INTERVAL);
    const state = market();
    const rate = this.#rate.add(performance.now(), state.messages);
    const line = describe(state, rate, clients());
    // A line that wraps could not be redrawn in place.
    if (terminal) write(CLEAR + line.slice(0, columns() - 1));
    else console.log(line);
  }
}

/**
 * The market as a line.
 *
 * @param rate events per second
 * @example
 * ```ts ignore
 * describe(state, 21.4, 2);
 * // "btcusd  61250.5 ▲  bid 61248.0  ask 61251.0  21 events/s  2 clients"
 * ```
 */
function describe(state: MarketState, rate: number, clients: number | undefined): string {
  if (!state.connected) return `${state.market}  not connected`;
  const parts = [
    state.market,
    `${state.last ?? "no trade yet"} ${["▼", " ", "▲"][state.direction + 1]}`,
    `bid ${state.bid ?? "none"}`,
    `ask ${state.ask ?? "none"}`,
    `${Math.round(rate)} events/s`,
  ];
  if (clients !== undefined) parts.push(`${clients} ${clients === 1 ? "client" : "clients"}`);
  return parts.join("  ");
}

/** The rate at which a count rises, over the last few seconds. */
class Rate {
  readonly #samples: { at: number; count: number }[] = [{ at: performance.now(), count: 0 }];

  add(at: number, count: number): number {
    this.#samples.push({ at, count });
    while (this.#samples.length > 2 && at - this.#samples[0]!.at > RATE_WINDOW) {
      this.#samples.shift();
    }
    const first = this.#samples[0]!;
    return at === first.at ? 0 : (1_000 * (count - first.count)) / (at - first.at);
  }
}

function columns(): number {
  try {
    return Math.max(Deno.consoleSize().columns, 20);
  } catch {
    return 80;
  }
}

function write(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}
