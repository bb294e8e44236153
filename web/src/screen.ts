import { Pace, type Screen } from "./pace.ts";

/** The page's screen. */
class PageScreen implements Screen {
  readonly #channel = new MessageChannel();
  readonly #calls: (() => void)[] = [];

  constructor() {
    this.#channel.port1.onmessage = () => this.#calls.shift()?.();
  }

  now(): number {
    return performance.now();
  }

  nextFrame(call: () => void): void {
    requestAnimationFrame(call);
  }

  later(call: () => void, milliseconds: number): void {
    setTimeout(call, milliseconds);
  }

  painted(call: () => void): void {
    this.#calls.push(call);
    // A message starts a new task, which runs after the frame's task.
    this.#channel.port2.postMessage(undefined);
  }
}

const screen = new PageScreen();

/**
 * For the panels watched most: every frame, with most of the time left for other work. A frame's
 * cost is measured on one thread, while other threads composite it, possibly on the same core.
 */
export const often = new Pace({ share: 0.2 }, screen);

/** For panels that are read more slowly and cost more. */
export const seldom = new Pace({ between: 250, share: 0.05 }, screen);
