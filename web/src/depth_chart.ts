import type { Book, Level } from "../../client/src/mod.ts";
import { byId, colour, part, write } from "./dom.ts";

/** Levels drawn per side. */
const LEVELS_PER_SIDE = 150;

/** The cumulative amounts of both sides, from the middle outwards. */
export class DepthChart {
  readonly #canvas = byId("depth-chart", HTMLCanvasElement);
  readonly #legend = part("depth-legend");
  #colours = { up: "", down: "", upFill: "", downFill: "", line: "" };
  #book: Book | undefined;
  #width = 0;
  #height = 0;

  constructor() {
    new ResizeObserver(() => {
      // Read here and not at each drawing, because reading it forces a layout.
      this.#width = this.#canvas.clientWidth;
      this.#height = this.#canvas.clientHeight;
      // Otherwise the browser stretches the old drawing until the next event.
      if (this.#book) this.draw(this.#book);
    }).observe(this.#canvas);
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
    };
  }

  draw(book: Book): void {
    this.#book = book;
    if (this.#width === 0) return;
    const { asks, bids } = book.depth(LEVELS_PER_SIDE);
    const context = this.#fresh();
    if (!context) return;
    const best = [...asks.slice(0, 1), ...bids.slice(0, 1)].map(({ price }) => Number(price));
    if (best.length === 0) return write(this.#legend, "no orders");
    // If one side is empty, the other starts in the middle.
    const middle = best.reduce((sum, price) => sum + price) / best.length;
    const ends = [asks.at(-1), bids.at(-1)].filter((level) => level !== undefined);
    const reach = Math.min(...ends.map(({ price }) => Math.abs(Number(price) - middle))) || middle;
    const within = (levels: readonly Level[]) =>
      levels.filter(({ price }) => Math.abs(Number(price) - middle) <= reach * 1.0001);
    const [left, right] = [within(bids), within(asks)];
    const most = Math.max(Number(left.at(-1)?.total ?? 0), Number(right.at(-1)?.total ?? 0)) || 1;
    const x = (price: number) => this.#width * (0.5 + (price - middle) / reach / 2);
    const y = (total: number) => this.#height - (this.#height - 6) * (total / most);
    this.#side(context, left, x, y, 0, this.#colours.up, this.#colours.upFill);
    this.#side(context, right, x, y, this.#width, this.#colours.down, this.#colours.downFill);
    context.strokeStyle = this.#colours.line;
    context.beginPath();
    context.moveTo(this.#width / 2, 0);
    context.lineTo(this.#width / 2, this.#height);
    context.stroke();
    const [bought, sold] = [left.at(-1)?.total ?? "none", right.at(-1)?.total ?? "none"];
    write(this.#legend, `bids ${bought} · asks ${sold}, ±${(100 * reach / middle).toFixed(2)} %`);
  }

  clear(): void {
    this.#book = undefined;
    this.#fresh();
    write(this.#legend, "");
  }

  /** Draws steps from the middle to an edge, filled down to the base line. */
  #side(
    context: CanvasRenderingContext2D,
    levels: readonly Level[],
    x: (price: number) => number,
    y: (total: number) => number,
    edge: number,
    stroke: string,
    fill: string,
  ): void {
    if (levels.length === 0) return;
    const line = new Path2D();
    let height = this.#height;
    line.moveTo(x(Number(levels[0]!.price)), height);
    for (const { price, total } of levels) {
      const at = x(Number(price));
      line.lineTo(at, height);
      height = y(Number(total));
      line.lineTo(at, height);
    }
    line.lineTo(edge, height);
    const area = new Path2D(line);
    area.lineTo(edge, this.#height);
    area.closePath();
    context.fillStyle = fill;
    context.fill(area);
    context.strokeStyle = stroke;
    context.lineWidth = 1.5;
    context.stroke(line);
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
