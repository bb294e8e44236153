import type { Book, Level } from "../../client/src/mod.ts";
import { type DepthWindow, depthWindow, roundBelow, totalAt } from "./depth_window.ts";
import { byId, colour, part, write } from "./dom.ts";
import { shown } from "./numbers.ts";

/** Most levels drawn per side. */
const LEVELS_PER_SIDE = 2000;

/** Height of the axis of prices, and space above the highest step. */
const AXIS_HEIGHT = 18;
const TOP = 8;

const SHORT = new Intl.NumberFormat(undefined, {
  notation: "compact",
  maximumSignificantDigits: 3,
});

/** The cumulative amounts of both sides, from the middle outwards, in a fixed window of prices. */
export class DepthChart {
  readonly #canvas = byId("depth-chart", HTMLCanvasElement);
  readonly #legend = part("depth-legend");
  readonly #percent = byId("depth-window", HTMLSelectElement);
  #colours = { up: "", down: "", upFill: "", downFill: "", line: "", text: "" };
  #book: Book | undefined;
  #window: DepthWindow | undefined;
  /** Whether the book may have more levels than were read. */
  #cut = { asks: false, bids: false };
  #width = 0;
  #height = 0;
  /** Where the pointer is, from the left edge. */
  #pointer: number | undefined;

  constructor() {
    const again = () => {
      if (this.#book) this.draw(this.#book);
    };
    new ResizeObserver(() => {
      // Read here and not at each drawing, because reading it forces a layout.
      this.#width = this.#canvas.clientWidth;
      this.#height = this.#canvas.clientHeight;
      // Otherwise the browser stretches the old drawing until the next event.
      again();
    }).observe(this.#canvas);
    this.#percent.onchange = again;
    const point = (at: number | undefined) => {
      this.#pointer = at;
      this.#paint();
    };
    this.#canvas.onpointermove = this.#canvas.onpointerdown = ({ offsetX }) => point(offsetX);
    this.#canvas.onpointerleave = () => point(undefined);
    this.recolour();
  }

  /** Call after the colours have changed. */
  recolour(): void {
    this.#colours = {
      up: colour("--up"),
      down: colour("--down"),
      upFill: colour("--up-bar"),
      downFill: colour("--down-bar"),
      line: colour("--line"),
      text: colour("--muted"),
    };
  }

  draw(book: Book): void {
    this.#book = book;
    const depth = book.depth(LEVELS_PER_SIDE);
    this.#window = depthWindow(depth, Number(this.#percent.value));
    this.#cut = {
      asks: depth.asks.length === this.#window?.asks.length && depth.asks.length >= LEVELS_PER_SIDE,
      bids: depth.bids.length === this.#window?.bids.length && depth.bids.length >= LEVELS_PER_SIDE,
    };
    this.#paint();
  }

  clear(): void {
    this.#book = this.#window = undefined;
    this.#fresh();
    write(this.#legend, "");
  }

  #paint(): void {
    if (!this.#book || this.#width === 0) return;
    const context = this.#fresh();
    if (!context) return;
    const shownPart = this.#window;
    if (!shownPart) return write(this.#legend, "no orders");
    const { middle, reach, asks, bids, most } = shownPart;
    const base = this.#height - AXIS_HEIGHT;
    const x = (price: number) => this.#width * (0.5 + (price - middle) / reach / 2);
    const y = (total: number) => base - (base - TOP) * (total / (most || 1));
    const { up, down, upFill, downFill } = this.#colours;
    this.#side(context, bids, x, y, this.#cut.bids ? undefined : 0, up, upFill);
    this.#side(context, asks, x, y, this.#cut.asks ? undefined : this.#width, down, downFill);
    this.#axes(context, shownPart, x, y);
    if (this.#pointer !== undefined) return this.#cross(context, shownPart, x, y, this.#pointer);
    const [bought, sold] = [bids, asks].map((side) => shown(side.at(-1)?.total ?? "none"));
    write(this.#legend, `bids ${bought} · asks ${sold}`);
  }

  /**
   * Draws steps from the middle outwards, filled down to the base line.
   *
   * @param edge where the last step ends; without it at its level, because there are more levels
   */
  #side(
    context: CanvasRenderingContext2D,
    levels: readonly Level[],
    x: (price: number) => number,
    y: (total: number) => number,
    edge: number | undefined,
    stroke: string,
    fill: string,
  ): void {
    if (levels.length === 0) return;
    const line = new Path2D();
    const base = y(0);
    let height = base;
    let at = x(Number(levels[0]!.price));
    line.moveTo(at, base);
    for (const { price, total } of levels) {
      at = x(Number(price));
      line.lineTo(at, height);
      height = y(Number(total));
      line.lineTo(at, height);
    }
    line.lineTo(edge ?? at, height);
    const area = new Path2D(line);
    area.lineTo(edge ?? at, base);
    area.closePath();
    context.fillStyle = fill;
    context.fill(area);
    context.strokeStyle = stroke;
    context.lineWidth = 1.5;
    context.stroke(line);
  }

  /** Draws the axis of prices below, and the axis of totals at the left. */
  #axes(
    context: CanvasRenderingContext2D,
    { middle, reach, most }: DepthWindow,
    x: (price: number) => number,
    y: (total: number) => number,
  ): void {
    context.lineWidth = 1;
    context.strokeStyle = this.#colours.line;
    context.fillStyle = this.#colours.text;
    context.font = "11px system-ui, sans-serif";
    context.beginPath();
    context.moveTo(this.#width / 2, 0);
    context.lineTo(this.#width / 2, y(0));
    context.moveTo(0, y(0));
    context.lineTo(this.#width, y(0));
    context.textBaseline = "bottom";
    const widest = context.measureText(priceText(middle + reach, reach)).width + 16;
    const count = [5, 3, 2].find((count) => count * widest <= this.#width) ?? 1;
    // Both ends and the middle first: these are what the others are read by.
    const parts = { 5: [-1, -0.5, 0, 0.5, 1], 3: [-1, 0, 1], 2: [-1, 1], 1: [0] }[count]!;
    for (const part of parts) {
      context.textAlign = part === -1 ? "left" : part === 1 ? "right" : "center";
      const price = middle + part * reach;
      context.fillText(priceText(price, reach), x(price), this.#height - 2);
    }
    const step = roundBelow(most / 2);
    context.textAlign = "left";
    context.textBaseline = "middle";
    for (let total = step; step > 0 && total <= most; total += step) {
      const level = y(total);
      context.moveTo(0, level);
      context.lineTo(this.#width, level);
      context.fillText(SHORT.format(total), 3, level < 12 ? level + 8 : level - 7);
    }
    context.stroke();
  }

  /** Draws the crosshair, and says what it points at. */
  #cross(
    context: CanvasRenderingContext2D,
    shownPart: DepthWindow,
    x: (price: number) => number,
    y: (total: number) => number,
    at: number,
  ): void {
    const { middle, reach } = shownPart;
    const price = middle + (at / this.#width - 0.5) * 2 * reach;
    const { side, total } = totalAt(shownPart, price);
    context.strokeStyle = this.#colours.text;
    context.setLineDash([3, 3]);
    context.beginPath();
    context.moveTo(x(price), 0);
    context.lineTo(x(price), y(0));
    context.moveTo(0, y(Number(total)));
    context.lineTo(this.#width, y(Number(total)));
    context.stroke();
    context.setLineDash([]);
    const distance = 100 * (price - middle) / Math.abs(middle || 1);
    write(
      this.#legend,
      `${priceText(price, reach)} (${distance < 0 ? "" : "+"}${distance.toFixed(2)} %): ${side} ${
        shown(total)
      }`,
    );
  }

  #fresh(): CanvasRenderingContext2D | undefined {
    const ratio = devicePixelRatio || 1;
    const [width, height] = [Math.round(this.#width * ratio), Math.round(this.#height * ratio)];
    if (width === 0 || height === 0) return undefined;
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      this.#canvas.width = width;
      this.#canvas.height = height;
    }
    const context = this.#canvas.getContext("2d");
    if (!context) return undefined;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, this.#width, this.#height);
    context.lineWidth = 1;
    return context;
  }
}

/** A price with as many digits as the window needs. */
function priceText(price: number, reach: number): string {
  const places = Math.min(20, Math.max(0, 2 - Math.floor(Math.log10(reach))));
  return Math.abs(price) < 1e15 && reach > 1e-18 ? price.toFixed(places) : price.toExponential(3);
}
