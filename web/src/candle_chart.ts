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
import { type Figure, readNumber, timeText } from "./numbers.ts";

/** Free space to the right of the last candle, in candles. */
const MARGIN_CANDLES = 4;

/** Maximum decimal places of prices from 1 to 10, beyond which floating point has no digits. */
const MAX_SCALE_PLACES = 12;

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
  /** Prices and volumes are divided by these powers of ten. */
  #power = 0;
  #volumePower = 0;
  /** Decimal places of the divided prices. */
  #places = 2;
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
    this.#candles.setData(candles.map((candle) => this.#bar(candle)));
    const last = candles.at(-1);
    if (last) this.#mark(last);
    this.#volume.setData(candles.map((candle) => this.#column(candle)));
    if (!fresh) return;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#chart.timeScale().scrollToPosition(MARGIN_CANDLES, !still);
  }

  update(candle: Candle): void {
    this.#candles.update(this.#bar(candle));
    this.#mark(candle);
    this.#volume.update(this.#column(candle));
  }

  /** Calls back with the time of the candle at the crosshair, and with `undefined` without one. */
  onHover(listener: (time: number | undefined) => void): void {
    this.#chart.subscribeCrosshairMove(({ time }) => {
      listener(time === undefined ? undefined : Number(time));
    });
  }

  /** Whether the time scale shows seconds. */
  showSeconds(seconds: boolean): void {
    if (seconds === this.#seconds) return;
    this.#seconds = seconds;
    this.#chart.timeScale().applyOptions({ secondsVisible: seconds });
  }

  /**
   * Fits the scale to the candles. @param digits decimal places of their prices
   *
   * @returns whether candles drawn before must be drawn again
   */
  fit(candles: readonly Candle[], digits: number): boolean {
    const power = scaleOf(candles.flatMap(({ high, low }) => [high, low]));
    const volumePower = scaleOf(candles.map(({ volume }) => volume));
    const moved = power !== this.#power || volumePower !== this.#volumePower;
    this.#power = power;
    this.#volumePower = volumePower;
    const places = Math.max(0, Math.min(digits + power, MAX_SCALE_PLACES));
    if (!moved && places === this.#places) return false;
    this.#places = places;
    this.#candles.applyOptions({
      priceFormat: {
        type: "custom",
        formatter: (price: number) => readNumber(`${price.toFixed(places)}e${power}`)?.text ?? "",
        minMove: 10 ** -places,
        base: 10 ** places,
      },
    });
    return moved;
  }

  #mark({ open, close }: Candle): void {
    const rising = close.value >= open.value;
    if (rising === this.#last.rising) return;
    this.#last.rising = rising;
    this.#candles.applyOptions({ priceLineColor: rising ? this.#last.up : this.#last.down });
  }

  #column({ time, open, close, volume }: Candle) {
    return {
      time: time as UTCTimestamp,
      value: volume.value / 10 ** this.#volumePower,
      color: close.value < open.value ? this.#down : this.#up,
    };
  }

  #bar({ time, open, high, low, close }: Candle) {
    const scaled = ({ value }: Figure) => value / 10 ** this.#power;
    return {
      time: time as UTCTimestamp,
      open: scaled(open),
      high: scaled(high),
      low: scaled(low),
      close: scaled(close),
    };
  }
}

/** Powers of ten that floating point can divide by. */
const MAX_POWER = 300;

/**
 * The power of ten that numbers are divided by to be drawn, so that the largest is from 1 to 10: the
 * chart never ends with steps that are too small for floating point, and knows none below 1e-14.
 */
function scaleOf(figures: readonly Figure[]): number {
  const most = figures.reduce((most, { value }) => Math.max(most, Math.abs(value)), 0);
  const power = most > 0 ? Math.floor(Math.log10(most)) : 0;
  return Math.max(-MAX_POWER, Math.min(power, MAX_POWER));
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
