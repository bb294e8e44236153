import { make } from "./dom.ts";

const SVG = "http://www.w3.org/2000/svg";
/** In units of the drawing: a row's width, its height, and the gap between rows. */
const ROW_WIDTH = 1000;
const ROW_HEIGHT = 24;
const ROW_GAP = 1;

/**
 * The bars behind one side of the book, in one SVG path: one scaled element per row takes longer to
 * paint and composite.
 */
export class BookBars {
  readonly #path = document.createElementNS(SVG, "path");
  readonly #rows: number;
  readonly #upwards: boolean;
  #drawn = "";

  /**
   * @param best the cell of the best price, in the row where the bars begin
   * @param upwards whether the worse prices are above it
   */
  constructor(best: HTMLElement, rows: number, upwards: boolean) {
    this.#rows = rows;
    this.#upwards = upwards;
    const picture = document.createElementNS(SVG, "svg");
    picture.setAttribute("viewBox", `0 0 ${ROW_WIDTH} ${ROW_HEIGHT * rows}`);
    picture.setAttribute("preserveAspectRatio", "none");
    picture.append(this.#path);
    // Small screens show fewer rows than the drawing has.
    best.prepend(make("div", { class: "bars", "aria-hidden": "true" }, picture));
  }

  /** @param shares each bar's share of the row's width, from 0 to 1, best price first */
  draw(shares: readonly number[]): void {
    // The corners keep the path's size constant: another size would re-composite all layers.
    let path = `M0 0v0M${ROW_WIDTH} ${ROW_HEIGHT * this.#rows}v0`;
    for (const [at, share] of shares.entries()) {
      const row = this.#upwards ? this.#rows - 1 - at : at;
      const left = Math.round(ROW_WIDTH * (1 - share));
      if (left < ROW_WIDTH) {
        path += `M${left} ${ROW_HEIGHT * row + ROW_GAP}H${ROW_WIDTH}v${
          ROW_HEIGHT - 2 * ROW_GAP
        }H${left}z`;
      }
    }
    if (path !== this.#drawn) this.#path.setAttribute("d", path);
    this.#drawn = path;
  }
}
