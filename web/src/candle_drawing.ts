import type { Candle } from "./candle_history.ts";

/** The chart to draw on. */
export interface CandleSurface {
  /**
   * Shows all candles. @param fresh whether they are a different series: then scroll to the latest
   */
  show(candles: readonly Candle[], fresh: boolean): void;
  /** Updates the last candle, or appends one. */
  update(candle: Candle): void;
}

/**
 * Updates a chart after any number of new candles: a candle may have closed with trades that are
 * not drawn yet, and a hidden tab draws nothing for a long time.
 */
export class CandleDrawing {
  /** Time of the last candle on the chart. */
  #drawn: number | undefined;
  #all: "drawn" | "changed" | "others" = "others";

  /** Call when another series is shown, or when the colours have changed. */
  restart(): void {
    this.#all = "others";
  }

  /** Call when a candle is new or has changed. */
  changed(time: number): void {
    // A chart can update its last candle and append; any earlier change needs the whole series.
    const before = this.#drawn === undefined || time < this.#drawn;
    if (before && this.#all === "drawn") this.#all = "changed";
  }

  /** Call when the chart has another scale, which all candles must be drawn in. */
  rescaled(): void {
    if (this.#all === "drawn") this.#all = "changed";
  }

  /** @param candles in order of time */
  draw(candles: readonly Candle[], surface: CandleSurface): void {
    if (this.#all !== "drawn") surface.show(candles, this.#all === "others");
    else {
      const from = candles.findLastIndex(({ time }) => time < this.#drawn!) + 1;
      for (const candle of candles.slice(from)) surface.update(candle);
    }
    this.#all = "drawn";
    this.#drawn = candles.at(-1)?.time;
  }
}
