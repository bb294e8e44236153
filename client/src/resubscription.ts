import { backoff } from "./reconnector.ts";

/** Maximum waits before the first request and before any later one. */
const BACKOFF_MS = { minReconnectDelay: 500, maxReconnectDelay: 30_000 };

/**
 * Requests a stream's state again after it was lost or could not be read. The waits grow, because a
 * state that cannot be read once usually cannot be read the next time either. A state that stays
 * current for 30 s ends a run of failures.
 */
export class Resubscription {
  readonly #request: () => void;
  #failures = 0;
  #reported = false;
  /** When the state became current; NaN while it is not. */
  #currentSince = NaN;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param request asks the server for the state */
  constructor(request: () => void) {
    this.#request = request;
  }

  /** Call when the state is current: cancels a pending request. */
  current(): void {
    this.#clear();
    this.#currentSince ||= performance.now();
  }

  /** Call when the state is stale and must not be requested now. */
  stop(): void {
    this.#clear();
    if (performance.now() - this.#currentSince > BACKOFF_MS.maxReconnectDelay) {
      this.#failures = 0;
      this.#reported = false;
    }
    this.#currentSince = NaN;
  }

  /**
   * Call when the state is stale: requests it immediately after the first gap, otherwise after a
   * wait.
   *
   * @param unreadable whether an event could not be read; otherwise there is a gap
   * @returns whether this is the first unreadable event in this run of failures
   */
  failed(unreadable: boolean): boolean {
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
