import type { Candle } from "./candle_history.ts";

/** What is drawn on. */
export interface CandleSurface {
  /** All of them. @param fresh whether they are others than before: then the latest are looked at */
  show(candles: readonly Candle[], fresh: boolean): void;
  /** The last one, or one more. */
  update(candle: Candle): void;
}

/**
 * Brings a chart up to date, however many candles have formed since it was drawn: between two
 * drawings one may have closed with trades that are not drawn yet, and while the tab is hidden
 * nothing is drawn at all.
 */
export class CandleDrawing {
  /** The time of the last candle that the chart has. */
  #drawn: number | undefined;
  #all: "drawn" | "changed" | "others" = "others";

  /** Others are looked at from now on, or they look otherwise. */
  restart(): void {
    this.#all = "others";
  }

  /** A candle is new, or is not what it was. */
  changed(time: number): void {
    // A chart takes the last one and what follows; for those before it must be given all.
    const before = this.#drawn === undefined || time < this.#drawn;
    if (before && this.#all === "drawn") this.#all = "changed";
  }

  /** @param candles in the order of time */
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
