import type { Ranger, Stop } from "../../client/src/mod.ts";
import { type KlinePeriod, STREAM_KINDS } from "../../client/src/mod.ts";
import { CandleChart } from "./candle_chart.ts";
import { CandleHistory, candleOf } from "./candle_history.ts";
import { make, part, write } from "./dom.ts";
import { eachFrame } from "./frame.ts";
import { mostDigits } from "./numbers.ts";
import type { PublicTrade } from "./trades_panel.ts";

/** Of the candles that the page makes of trades itself: they move at once. */
const OWN_PERIOD = "5s";
const OWN_SECONDS = 5;

/** Milliseconds between two drawings: the chart is painted as a whole. */
const BETWEEN = 250;

const PERIODS: readonly string[] = [
  OWN_PERIOD,
  ...STREAM_KINDS.find(({ name }) => name === "<id>.kline-<period>")?.words?.period ?? [],
];

/** A period that there is; the page's own one where the address names none. */
export function periodOf(name: string | undefined): string {
  return PERIODS.find((period) => period === name) ?? OWN_PERIOD;
}

/** Candles of a market: chart, legend and the switch of periods. */
export class CandlesPanel {
  readonly #ranger: Ranger;
  readonly #note = part("candles-note");
  readonly #legend = part("candle");
  readonly #histories = new Map<string, CandleHistory>();
  readonly #radios = new Map<string, HTMLInputElement>();
  readonly #changed = eachFrame(() => this.#draw(), BETWEEN);
  #chart: CandleChart | undefined;
  #stop: Stop = () => {};
  #market = "";
  #period = OWN_PERIOD;
  #digits = 0;
  #whole = true;

  /** @param chosen called with the period that somebody switches to */
  constructor(ranger: Ranger, chosen: (period: string) => void) {
    this.#ranger = ranger;
    for (const period of PERIODS) {
      const radio = make("input", { type: "radio", name: "period", value: period });
      radio.onchange = () => chosen(period);
      this.#radios.set(period, radio);
      part("periods").append(make("label", {}, radio, period));
    }
  }

  show(market: string, period: string): void {
    if (market !== this.#market) this.#digits = 0;
    this.#market = market;
    this.#period = period;
    this.#radios.get(period)!.checked = true;
    this.#stop();
    this.#stop = () => {};
    if (period !== OWN_PERIOD) {
      this.#stop = this.#ranger.on(`${market}.kline-${period as KlinePeriod}`, (payload) => {
        const candle = candleOf(payload);
        if (!candle) return;
        this.#digits = Math.max(this.#digits, mostDigits(payload.slice(1, 5).map(String)));
        if (!this.#history(period).add(candle)) this.#whole = true;
        this.#changed();
      });
    }
    this.#whole = true;
    this.#changed();
  }

  /** Trades of the market, for the candles that are made here. */
  trades(trades: readonly PublicTrade[]): void {
    for (const { price, amount, time } of trades) {
      if (!Number.isFinite(time)) continue;
      if (this.#period === OWN_PERIOD) this.#digits = Math.max(this.#digits, mostDigits([price]));
      const history = this.#history(OWN_PERIOD);
      const inPlace = history.trade(time / 1000, Number(price), Number(amount), OWN_SECONDS);
      if (!inPlace) this.#whole = true;
    }
    if (this.#period === OWN_PERIOD) this.#changed();
  }

  hide(): void {
    this.#stop();
    this.#stop = () => {};
  }

  recolour(): void {
    this.#chart?.recolour();
    this.#whole = true;
    if (this.#chart) this.#changed();
  }

  #history(period: string): CandleHistory {
    const key = `${this.#market} ${period}`;
    const history = this.#histories.get(key) ?? new CandleHistory();
    this.#histories.set(key, history);
    return history;
  }

  #draw(): void {
    this.#chart ??= new CandleChart();
    const { all } = this.#history(this.#period);
    this.#chart.digits(this.#digits);
    const last = all.at(-1);
    if (this.#whole) this.#chart.show(all, this.#period === OWN_PERIOD);
    else if (last) this.#chart.update(last);
    this.#whole = false;
    this.#note.hidden = last !== undefined;
    write(
      this.#note,
      this.#period === OWN_PERIOD
        ? "Candles of 5 seconds are made here from trades: waiting for the first one."
        : `Waiting for a candle of ${this.#period}. The server passes candles on as they form, and ` +
          "keeps none of before.",
    );
    if (!last) return write(this.#legend, "");
    const text = (value: number) => value.toFixed(this.#digits);
    const sign = last.close < last.open ? "▼" : "▲";
    write(
      this.#legend,
      `O ${text(last.open)}  H ${text(last.high)}  L ${text(last.low)}  C ${text(last.close)} ` +
        `${sign}  V ${Number(last.volume.toPrecision(6))}`,
    );
  }
}
