import { Pace, type Screen } from "./pace.ts";

/** The page's own. */
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
    // A separate task, which comes after the frame's.
    this.#channel.port2.postMessage(undefined);
  }
}

const screen = new PageScreen();

/** For what is looked at most: each frame, as long as that leaves most of the time to all else: a frame
 * is measured on one thread, and others put it together on the same core, where there is one. */
export const often = new Pace({ share: 0.2 }, screen);

/** For what is read slower, and costs more. */
export const seldom = new Pace({ between: 250, share: 0.05 }, screen);
