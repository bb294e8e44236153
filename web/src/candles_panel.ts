import type { Ranger, Stop } from "../../client/src/mod.ts";
import { type KlinePeriod, STREAM_KINDS } from "../../client/src/mod.ts";
import { CandleChart } from "./candle_chart.ts";
import { CandleDrawing } from "./candle_drawing.ts";
import { CandleHistory, candleOf, isDrawable } from "./candle_history.ts";
import { make, part, write } from "./dom.ts";
import { mostDigits } from "./numbers.ts";
import { seldom } from "./screen.ts";
import type { PublicTrade } from "./trades_panel.ts";

/** Period of the candles that the page builds from trades. */
const OWN_PERIOD = "5s";
const OWN_PERIOD_SECONDS = 5;

/** Maximum decimal places on the chart, which throws on more. */
const MAX_DIGITS = 15;

const PERIODS: readonly string[] = [
  OWN_PERIOD,
  ...STREAM_KINDS.find(({ name }) => name === "<id>.kline-<period>")?.words?.period ?? [],
];

/** Validates the period in the address; the default is the page's own period. */
export function periodOf(name: string | undefined): string {
  return PERIODS.find((period) => period === name) ?? OWN_PERIOD;
}

/** A market's candles: chart, legend and period selection. */
export class CandlesPanel {
  readonly #ranger: Ranger;
  readonly #note = part("candles-note");
  readonly #legend = part("candle");
  /** The legend's figures. A letter stays with its number when the line wraps. */
  readonly #figures = Array.from({ length: 5 }, () => make("span", { class: "figure" }));
  readonly #histories = new Map<string, CandleHistory>();
  readonly #radios = new Map<string, HTMLInputElement>();
  readonly #changed = seldom.drawing(() => this.#draw());
  #chart: CandleChart | undefined;
  #stop: Stop = () => {};
  #market = "";
  #period = OWN_PERIOD;
  #digits = 0;
  readonly #drawing = new CandleDrawing();

  /** @param chosen called with the period that the user selects */
  constructor(ranger: Ranger, chosen: (period: string) => void) {
    this.#ranger = ranger;
    this.#legend.append(...this.#figures.flatMap((figure) => [figure, "  "]));
    for (const period of PERIODS) {
      const radio = make("input", { type: "radio", name: "period", value: period });
      radio.onchange = () => chosen(period);
      this.#radios.set(period, radio);
      part("periods").append(make("label", {}, radio, period));
    }
  }

  /** @param market the market's id; empty shows nothing */
  show(market: string, period: string): void {
    if (market !== this.#market) this.#digits = 0;
    this.#market = market;
    this.#period = period;
    this.#radios.get(period)!.checked = true;
    this.#stop();
    this.#stop = () => {};
    if (market !== "" && period !== OWN_PERIOD) {
      this.#stop = this.#ranger.on(`${market}.kline-${period as KlinePeriod}`, (payload) => {
        const candle = candleOf(payload);
        if (!candle) return;
        this.#needDigits(mostDigits(payload.slice(1, 5).map(String)));
        this.#history(period).add(candle);
        this.#drawing.changed(candle.time);
        this.#changed();
      });
    }
    this.#drawing.restart();
    this.#changed();
  }

  /** Adds the market's trades to the candles that the page builds. */
  trades(trades: readonly PublicTrade[]): void {
    const shown = this.#period === OWN_PERIOD;
    const history = this.#history(OWN_PERIOD);
    for (const { price, amount, time } of trades) {
      const [value, volume] = [Number(price), Number(amount)];
      const one = { time: time / 1000, open: value, high: value, low: value, close: value, volume };
      if (!isDrawable(one)) continue;
      const changed = history.trade(time / 1000, value, volume, OWN_PERIOD_SECONDS);
      if (!shown) continue;
      this.#needDigits(mostDigits([price]));
      this.#drawing.changed(changed);
    }
    if (shown) this.#changed();
  }

  #needDigits(digits: number): void {
    this.#digits = Math.min(Math.max(this.#digits, digits), MAX_DIGITS);
  }

  hide(): void {
    this.#stop();
    this.#stop = () => {};
  }

  recolour(): void {
    this.#chart?.recolour();
    this.#drawing.restart();
    if (this.#chart) this.#changed();
  }

  #history(period: string): CandleHistory {
    const key = `${this.#market} ${period}`;
    const history = this.#histories.get(key) ?? new CandleHistory();
    this.#histories.set(key, history);
    return history;
  }

  #draw(): void {
    const chart = this.#chart ??= new CandleChart();
    const { all } = this.#history(this.#period);
    chart.digits(this.#digits);
    chart.showSeconds(this.#period === OWN_PERIOD);
    this.#drawing.draw(all, chart);
    const last = all.at(-1);
    this.#note.hidden = last !== undefined;
    write(
      this.#note,
      this.#market === ""
        ? "No market selected."
        : this.#period === OWN_PERIOD
        ? "This page builds 5-second candles from trades. Waiting for the first trade."
        : `Waiting for a ${this.#period} candle. The server sends candles as they form, and ` +
          "keeps no history.",
    );
    this.#legend.hidden = last === undefined;
    if (!last) return;
    const text = (value: number) => value.toFixed(this.#digits);
    const sign = last.close < last.open ? "▼" : "▲";
    const parts = [
      `O ${text(last.open)}`,
      `H ${text(last.high)}`,
      `L ${text(last.low)}`,
      `C ${text(last.close)} ${sign}`,
      `V ${Number(last.volume.toPrecision(6))}`,
    ];
    for (const [at, text] of parts.entries()) write(this.#figures[at]!, text);
  }
}
