import type { Ranger, Stop } from "../../client/src/mod.ts";
import { type KlinePeriod, STREAM_KINDS } from "../../client/src/streams.ts";
import { CandleChart } from "./candle_chart.ts";
import { CandleDrawing } from "./candle_drawing.ts";
import { type Candle, CandleHistory, candleOf } from "./candle_history.ts";
import { make, part, write } from "./dom.ts";
import { isTime, mostDigits, padded, readNumber } from "./numbers.ts";
import { seldom } from "./screen.ts";
import { TradeFilter } from "./trade_filter.ts";
import type { PublicTrade } from "./public_trade.ts";

/** Period of the candles that the page builds from trades. */
const OWN_PERIOD = "5s";
const OWN_PERIOD_SECONDS = 5;

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
  /** By market: trades that the candles have must not count twice. */
  readonly #filters = new Map<string, TradeFilter>();
  readonly #radios = new Map<string, HTMLInputElement>();
  readonly #changed = seldom.drawing(() => this.#draw());
  #chart: CandleChart | undefined;
  #stop: Stop = () => {};
  #market = "";
  #period = OWN_PERIOD;
  #digits = 0;
  /** Time of the candle at the crosshair. */
  #hovered: number | undefined;
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
        this.#needDigits(pricesOf(candle));
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
    for (const { price, amount, time } of this.#filter().fresh(trades)) {
      const [value, volume] = [readNumber(price), readNumber(amount)];
      if (!value || !volume || !isTime(time)) continue;
      const changed = history.trade(time / 1000, value, volume, OWN_PERIOD_SECONDS);
      if (!shown) continue;
      this.#needDigits([value.text]);
      this.#drawing.changed(changed);
    }
    if (shown) this.#changed();
  }

  #needDigits(prices: readonly string[]): void {
    this.#digits = Math.max(this.#digits, mostDigits(prices));
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

  #filter(): TradeFilter {
    const filter = this.#filters.get(this.#market) ?? new TradeFilter();
    this.#filters.set(this.#market, filter);
    return filter;
  }

  #history(period: string): CandleHistory {
    const key = `${this.#market} ${period}`;
    const history = this.#histories.get(key) ?? new CandleHistory();
    this.#histories.set(key, history);
    return history;
  }

  #draw(): void {
    const chart = this.#chart ??= this.#start();
    const { all } = this.#history(this.#period);
    if (chart.fit(all, this.#digits)) this.#drawing.rescaled();
    chart.showSeconds(this.#period === OWN_PERIOD);
    this.#drawing.draw(all, chart);
    this.#note.hidden = all.length > 0;
    write(
      this.#note,
      this.#market === ""
        ? "No market selected."
        : this.#period === OWN_PERIOD
        ? "Waiting for a trade…"
        : `Waiting for a ${this.#period} candle…`,
    );
    this.#drawLegend();
  }

  #start(): CandleChart {
    const chart = new CandleChart();
    chart.onHover((time) => {
      this.#hovered = time;
      this.#drawLegend();
    });
    return chart;
  }

  /** Shows the candle at the crosshair, and the last one without a crosshair. */
  #drawLegend(): void {
    const { all } = this.#history(this.#period);
    const candle = all.findLast(({ time }) => time === this.#hovered) ?? all.at(-1);
    this.#legend.hidden = candle === undefined;
    if (!candle) return;
    const [open, high, low, close] = pricesOf(candle).map((price) => padded(price, this.#digits));
    const falls = candle.close.value < candle.open.value;
    const parts = [
      `O ${open}`,
      `H ${high}`,
      `L ${low}`,
      `C ${close} ${falls ? "▼" : "▲"}`,
      `V ${candle.volume.text}`,
    ];
    for (const [at, text] of parts.entries()) write(this.#figures[at]!, text);
  }
}

function pricesOf({ open, high, low, close }: Candle): string[] {
  return [open.text, high.text, low.text, close.text];
}
