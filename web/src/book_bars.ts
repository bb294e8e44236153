import { make } from "./dom.ts";

const SVG = "http://www.w3.org/2000/svg";
/** Of the drawing's own units: a whole row's width, a row's height, and what is left free of it. */
const ROW_WIDTH = 1000;
const ROW_HEIGHT = 24;
const ROW_GAP = 1;

/**
 * The bars behind one side of the book, in one path: elements that are scaled, one for each row, cost
 * a frame more in painting and arranging layers.
 */
export class BookBars {
  readonly #path = document.createElementNS(SVG, "path");
  readonly #rows: number;
  readonly #upwards: boolean;
  #drawn = "";

  /**
   * @param best the cell of the best price, whose row the bars begin at
   * @param upwards whether the worse prices stand above it
   */
  constructor(best: HTMLElement, rows: number, upwards: boolean) {
    this.#rows = rows;
    this.#upwards = upwards;
    const picture = document.createElementNS(SVG, "svg");
    picture.setAttribute("viewBox", `0 0 ${ROW_WIDTH} ${ROW_HEIGHT * rows}`);
    picture.setAttribute("preserveAspectRatio", "none");
    picture.append(this.#path);
    // Small screens have fewer rows than are drawn.
    best.prepend(make("div", { class: "bars", "aria-hidden": "true" }, picture));
  }

  /** @param shares of a row's width, from 0 to 1, from the best price on */
  draw(shares: readonly number[]): void {
    // The corners, so that its size is always the same one: of another size, all of the page's layers
    // would be arranged anew.
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
