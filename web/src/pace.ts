/** How often something is drawn, at most. */
export interface PaceOptions {
  /** Milliseconds between two drawings at least. */
  readonly between?: number;
  /** Of the time, from 0 to 1: where drawing takes more, it is done less often. */
  readonly share: number;
}

/** What draws frames. */
export interface Screen {
  /** Milliseconds of a clock that does not jump. */
  now(): number;
  /** Calls when the next frame is to be drawn. */
  nextFrame(call: () => void): void;
  /** Calls in so many milliseconds. */
  later(call: () => void, milliseconds: number): void;
  /** Within a frame: calls when it has been styled, laid out and painted. */
  painted(call: () => void): void;
}

/** However slow a machine is, what is shown is not older than these milliseconds by waiting. */
const MAX_WAIT_MS = 1000;

/**
 * Draws what has changed, all of it in the same frame: each frame has a rectangle around all that
 * changed put together anew, so three changes in three frames cost three times as much as in one.
 *
 * It measures what a frame costs with its drawings, and waits the longer the more that is, so that
 * a slow machine has time for what is drawn more often. What is put off is drawn later, as it is
 * then.
 *
 * @example
 * ```ts
 * const seldom = new Pace({ between: 250, share: 0.1 }, screen);
 * const changed = seldom.drawing(() => chart.draw());
 * ranger.on("btcusd.trades", changed);
 * ```
 */
export class Pace {
  readonly #between: number;
  readonly #share: number;
  readonly #screen: Screen;
  readonly #asked = new Set<() => void>();
  #due = false;
  #last = -Infinity;
  /** Of the last two frames, in milliseconds. */
  #costs: readonly [number, number] = [0, 0];

  constructor({ between = 0, share }: PaceOptions, screen: Screen) {
    this.#between = between;
    this.#share = share;
    this.#screen = screen;
  }

  /** @returns a function that asks for the drawing */
  drawing(draw: () => void): () => void {
    return () => this.#ask(draw);
  }

  #ask(draw: () => void): void {
    this.#asked.add(draw);
    if (this.#due) return;
    this.#due = true;
    const wait = this.#last + this.#wait() - this.#screen.now();
    const frame = () => this.#screen.nextFrame(() => this.#draw());
    if (wait <= 0) frame();
    else this.#screen.later(frame, wait);
  }

  #wait(): number {
    // A frame that other programs interrupted is no measure: so it takes two of them.
    const cost = Math.min(...this.#costs);
    return Math.max(this.#between, Math.min(MAX_WAIT_MS, cost / this.#share));
  }

  #draw(): void {
    const begin = this.#last = this.#screen.now();
    this.#screen.painted(() => {
      this.#costs = [this.#costs[1], this.#screen.now() - begin];
    });
    // Before the first of them, which may ask for itself again.
    const all = [...this.#asked];
    this.#asked.clear();
    this.#due = false;
    try {
      for (let draw = all.shift(); draw; draw = all.shift()) draw();
    } finally {
      // One that fails keeps nothing from the others.
      for (const draw of all) this.#ask(draw);
    }
  }
}
