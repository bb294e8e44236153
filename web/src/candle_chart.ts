import {
  CandlestickSeries,
  createChart,
  HistogramSeries,
  type IChartApi,
  type ISeriesApi,
  type UTCTimestamp,
} from "lightweight-charts";
import type { CandleSurface } from "./candle_drawing.ts";
import type { Candle } from "./candle_history.ts";
import { colour, part } from "./dom.ts";

/** Candles that are left free to the right of the last one. */
const MARGIN_CANDLES = 4;

/**
 * Candles with their volume below. Those that rose are hollow and their volume is the lighter or
 * brighter one, so that it takes no colours to tell them from those that fell.
 */
export class CandleChart implements CandleSurface {
  readonly #chart: IChartApi;
  readonly #candles: ISeriesApi<"Candlestick">;
  readonly #volume: ISeriesApi<"Histogram">;
  #up = "";
  #down = "";
  /** Of the line at the last price; the hollow candles' own colour would be the panel's. */
  #last = { rising: true, up: "", down: "" };
  #digits = 2;
  #seconds = true;

  constructor() {
    this.#chart = createChart(part("candle-chart"), {
      autoSize: true,
      layout: {
        // Its style would be inline, which the page's policy forbids; the page's foot has the link.
        attributionLogo: false,
        fontFamily: "system-ui, sans-serif",
        background: { color: "transparent" },
      },
      timeScale: {
        timeVisible: true,
        secondsVisible: true,
        rightOffset: MARGIN_CANDLES,
        barSpacing: 9,
      },
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
    const [text, line, up, down, hollow] = ["--muted", "--line", "--up", "--down", "--panel"]
      .map(colour);
    this.#up = colour("--up-volume");
    this.#down = colour("--down-volume");
    this.#last = { ...this.#last, up: up!, down: down! };
    this.#chart.applyOptions({
      layout: { textColor: text! },
      grid: { vertLines: { color: line! }, horzLines: { color: line! } },
      timeScale: { borderColor: line!, tickMarkFormatter: localTime },
      rightPriceScale: { borderColor: line! },
    });
    this.#candles.applyOptions({
      upColor: hollow!,
      downColor: down!,
      wickUpColor: up!,
      wickDownColor: down!,
      borderVisible: true,
      borderUpColor: up!,
      borderDownColor: down!,
      priceLineColor: this.#last.rising ? up! : down!,
    });
  }

  show(candles: readonly Candle[], fresh: boolean): void {
    this.#candles.setData(candles.map(bar));
    const last = candles.at(-1);
    if (last) this.#mark(last);
    this.#volume.setData(candles.map((candle) => this.#column(candle)));
    if (!fresh) return;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#chart.timeScale().scrollToPosition(MARGIN_CANDLES, !still);
  }

  update(candle: Candle): void {
    this.#candles.update(bar(candle));
    this.#mark(candle);
    this.#volume.update(this.#column(candle));
  }

  /** Whether the scale of times has seconds. */
  showSeconds(seconds: boolean): void {
    if (seconds === this.#seconds) return;
    this.#seconds = seconds;
    this.#chart.timeScale().applyOptions({ secondsVisible: seconds });
  }

  /** Digits after the point of a price. */
  digits(digits: number): void {
    if (digits === this.#digits) return;
    this.#digits = digits;
    this.#candles.applyOptions({
      priceFormat: { type: "price", precision: digits, minMove: 10 ** -digits },
    });
  }

  #mark({ open, close }: Candle): void {
    const rising = close >= open;
    if (rising === this.#last.rising) return;
    this.#last.rising = rising;
    this.#candles.applyOptions({ priceLineColor: rising ? this.#last.up : this.#last.down });
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

const SHORT_TIME = new Intl.DateTimeFormat(undefined, { timeStyle: "short", hourCycle: "h23" });
const LONG_TIME = new Intl.DateTimeFormat(undefined, { timeStyle: "medium", hourCycle: "h23" });
const DAY = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });

/** The chart's own times would be Greenwich's. @param mark what the scale wants to tell there */
function localTime(time: unknown, mark?: number): string {
  const date = Number(time) * 1000;
  if (mark === undefined) return `${DAY.format(date)} ${LONG_TIME.format(date)}`;
  if (mark < 3) return DAY.format(date);
  return (mark === 4 ? LONG_TIME : SHORT_TIME).format(date);
}
