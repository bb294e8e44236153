import {
  CandlestickSeries,
  createChart,
  HistogramSeries,
  type IChartApi,
  type ISeriesApi,
  type UTCTimestamp,
} from "lightweight-charts";
import type { Candle } from "./candle_history.ts";
import { colour, part } from "./dom.ts";

/** Candles with their volume below. */
export class CandleChart {
  readonly #chart: IChartApi;
  readonly #candles: ISeriesApi<"Candlestick">;
  readonly #volume: ISeriesApi<"Histogram">;
  #up = "";
  #down = "";
  #digits = 2;

  constructor() {
    this.#chart = createChart(part("candle-chart"), {
      autoSize: true,
      layout: {
        // Its style would be inline, which the page's policy forbids; the page's foot has the link.
        attributionLogo: false,
        fontFamily: "system-ui, sans-serif",
        background: { color: "transparent" },
      },
      timeScale: { timeVisible: true, secondsVisible: true, rightOffset: 4, barSpacing: 9 },
      localization: { timeFormatter: localTime },
    });
    this.#volume = this.#chart.addSeries(HistogramSeries, {
      priceScaleId: "",
      priceFormat: { type: "volume" },
      lastValueVisible: false,
      priceLineVisible: false,
    });
    this.#volume.priceScale().applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
    this.#candles = this.#chart.addSeries(CandlestickSeries, {});
    this.#candles.priceScale().applyOptions({ scaleMargins: { top: 0.08, bottom: 0.24 } });
    this.recolour();
  }

  /** After the colours have changed; the candles must be given anew. */
  recolour(): void {
    const [text, line, up, down] = ["--muted", "--line", "--up", "--down"].map(colour);
    this.#up = colour("--up-bar");
    this.#down = colour("--down-bar");
    this.#chart.applyOptions({
      layout: { textColor: text! },
      grid: { vertLines: { color: line! }, horzLines: { color: line! } },
      timeScale: { borderColor: line!, tickMarkFormatter: localTime },
      rightPriceScale: { borderColor: line! },
    });
    this.#candles.applyOptions({
      upColor: up!,
      downColor: down!,
      wickUpColor: up!,
      wickDownColor: down!,
      borderVisible: false,
    });
  }

  /** All of them, in the order of time. */
  show(candles: readonly Candle[], seconds: boolean): void {
    this.#chart.timeScale().applyOptions({ secondsVisible: seconds });
    this.#candles.setData(candles.map(bar));
    this.#volume.setData(candles.map((candle) => this.#column(candle)));
    this.#chart.timeScale().scrollToRealTime();
  }

  /** The last one, or one more. */
  update(candle: Candle): void {
    this.#candles.update(bar(candle));
    this.#volume.update(this.#column(candle));
  }

  /** Digits after the point of a price. */
  digits(digits: number): void {
    if (digits === this.#digits) return;
    this.#digits = digits;
    this.#candles.applyOptions({
      priceFormat: { type: "price", precision: digits, minMove: 10 ** -digits },
    });
  }

  #column({ time, open, close, volume }: Candle) {
    return {
      time: time as UTCTimestamp,
      value: volume,
      color: close < open ? this.#down : this.#up,
    };
  }
}

function bar({ time, open, high, low, close }: Candle) {
  return { time: time as UTCTimestamp, open, high, low, close };
}

const SHORT = new Intl.DateTimeFormat(undefined, { timeStyle: "short", hourCycle: "h23" });
const LONG = new Intl.DateTimeFormat(undefined, { timeStyle: "medium", hourCycle: "h23" });
const DAY = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });

/** The chart's own times would be Greenwich's. @param mark what the scale wants to tell there */
function localTime(time: unknown, mark?: number): string {
  const date = Number(time) * 1000;
  if (mark === undefined) return `${DAY.format(date)} ${LONG.format(date)}`;
  if (mark < 3) return DAY.format(date);
  return (mark === 4 ? LONG : SHORT).format(date);
}
