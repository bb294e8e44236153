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
import { timeText } from "./numbers.ts";

/** Free space to the right of the last candle, in candles. */
const MARGIN_CANDLES = 4;

/**
 * Candles with their volume below. Rising candles are hollow, and their volume has another
 * lightness, so that they differ from falling ones without colour.
 */
export class CandleChart implements CandleSurface {
  readonly #chart: IChartApi;
  readonly #candles: ISeriesApi<"Candlestick">;
  readonly #volume: ISeriesApi<"Histogram">;
  #up = "";
  #down = "";
  /** Colours of the line at the last price; a hollow candle's fill is the panel's colour. */
  #last = { rising: true, up: "", down: "" };
  #digits = 2;
  #seconds = true;

  constructor() {
    this.#chart = createChart(part("candle-chart"), {
      autoSize: true,
      layout: {
        // The logo needs inline styles, which the page's policy forbids; the footer has the link.
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

  /** Call after the colours have changed; all candles must be drawn again. */
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

  /** Whether the time scale shows seconds. */
  showSeconds(seconds: boolean): void {
    if (seconds === this.#seconds) return;
    this.#seconds = seconds;
    this.#chart.timeScale().applyOptions({ secondsVisible: seconds });
  }

  /** Sets the decimal places of prices. */
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

/** Local time: the chart's default is UTC. @param mark the kind of tick mark on the scale */
function localTime(time: unknown, mark?: number): string {
  const date = Number(time) * 1000;
  if (mark === undefined) return `${timeText(DAY, date)} ${timeText(LONG_TIME, date)}`;
  if (mark < 3) return timeText(DAY, date);
  return timeText(mark === 4 ? LONG_TIME : SHORT_TIME, date);
}
