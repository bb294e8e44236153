import { backoff } from "./reconnector.ts";

/** Milliseconds that the first request, and any later one, waits at most. */
const BACKOFF_MS = { minReconnectDelay: 500, maxReconnectDelay: 30_000 };

/**
 * Requests a stream's state again after it was lost or could not be read, each time after a longer
 * wait: what cannot be read once can mostly not be read the next time either. A state that stays
 * current for 30 s ends a run of failures.
 */
export class Resubscription {
  readonly #request: () => void;
  #failures = 0;
  #reported = false;
  /** When the state became current; NaN while it is not. */
  #currentSince = NaN;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param request has the server send the state again */
  constructor(request: () => void) {
    this.#request = request;
  }

  /** The state is current, so nothing needs to be requested. */
  current(): void {
    this.#clear();
    this.#currentSince ||= performance.now();
  }

  /** The state is not current any more; nothing is requested. */
  stop(): void {
    this.#clear();
    if (performance.now() - this.#currentSince > BACKOFF_MS.maxReconnectDelay) {
      this.#failures = 0;
      this.#reported = false;
    }
    this.#currentSince = NaN;
  }

  /**
   * The state is not current any more, and is requested: at once after the first gap, otherwise
   * after a wait.
   *
   * @returns whether it is the first time in this run of failures that something was unreadable
   */
  failed(what: "gap" | "unreadable"): boolean {
    const unreadable = what === "unreadable";
    if (this.#timer === undefined) {
      this.stop();
      const failure = this.#failures++;
      if (failure || unreadable) {
        this.#timer = setTimeout(() => {
          this.#clear();
          this.#request();
        }, backoff(failure, BACKOFF_MS));
      } else this.#request();
    }
    const first = unreadable && !this.#reported;
    this.#reported ||= unreadable;
    return first;
  }

  #clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
