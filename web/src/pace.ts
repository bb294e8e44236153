/** Limits on how often something is drawn. */
export interface PaceOptions {
  /** Minimum milliseconds between two drawings. */
  readonly between?: number;
  /** Maximum share of time spent drawing, from 0 to 1; above it, drawings are less frequent. */
  readonly share: number;
}

/** The clock and timers of a screen. */
export interface Screen {
  /** Milliseconds of a monotonic clock. */
  now(): number;
  /** Calls back in the next animation frame. */
  nextFrame(call: () => void): void;
  /** Calls back after a number of milliseconds. */
  later(call: () => void, milliseconds: number): void;
  /** Called within a frame: calls back when the frame has been styled, laid out and painted. */
  painted(call: () => void): void;
}

/** Longest delay of a drawing, however slow the machine is. */
const MAX_WAIT_MS = 1000;

/**
 * Draws all changes in the same frame: the browser composites a rectangle around all changes of a
 * frame, so three changes in three frames cost three times as much as in one.
 *
 * It measures the cost of a frame with its drawings, and waits in proportion, so that a slow
 * machine has time for faster drawings. A postponed drawing shows the state at the time it is
 * drawn.
 *
 * @example
 * ```ts
 * declare const screen: Screen;
 * const seldom = new Pace({ between: 250, share: 0.1 }, screen);
 * const changed = seldom.drawing(() => console.log("draw")); // call it at every event
 * ```
 */
export class Pace {
  readonly #between: number;
  readonly #share: number;
  readonly #screen: Screen;
  readonly #asked = new Set<() => void>();
  #due = false;
  #last = -Infinity;
  /** Costs of the last two frames, in milliseconds. */
  #costs: readonly [number, number] = [0, 0];

  constructor({ between = 0, share }: PaceOptions, screen: Screen) {
    this.#between = between;
    this.#share = share;
    this.#screen = screen;
  }

  /** @returns a function that requests the drawing */
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
    // The smaller of two costs, because other programs may have interrupted one frame.
    const cost = Math.min(...this.#costs);
    return Math.max(this.#between, Math.min(MAX_WAIT_MS, cost / this.#share));
  }

  #draw(): void {
    const begin = this.#last = this.#screen.now();
    this.#screen.painted(() => {
      this.#costs = [this.#costs[1], this.#screen.now() - begin];
    });
    // Before the first drawing, because a drawing may request itself again.
    const all = [...this.#asked];
    this.#asked.clear();
    this.#due = false;
    try {
      for (let draw = all.shift(); draw; draw = all.shift()) draw();
    } finally {
      // An error in one drawing must not stop the others.
      for (const draw of all) this.#ask(draw);
    }
  }
}
