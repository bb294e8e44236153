/**
 * The outcome of the last reload (SIGHUP), for metrics and statistics: `systemctl reload` succeeds
 * as soon as the signal is sent. The start counts as a reload that succeeded.
 *
 * @example
 * ```ts
 * const status = new ReloadStatus();
 * status.failed("the configuration file /etc/ranger/ranger.toml is not TOML: …");
 * JSON.stringify(status); // {"successful":false,"lastSuccess":"2026-…","reason":"the configuration …"}
 * ```
 */
export class ReloadStatus {
  #lastSuccess = new Date();
  #reason: string | undefined;

  /** Why the last reload failed, without secrets; undefined where it succeeded. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** When settings were last put in force. */
  get lastSuccess(): Date {
    return this.#lastSuccess;
  }

  succeeded(): void {
    this.#lastSuccess = new Date();
    this.#reason = undefined;
  }

  failed(reason: string): void {
    this.#reason = reason;
  }

  /** As plain JSON. */
  toJSON(): Record<string, unknown> {
    const { reason, lastSuccess } = this;
    return { successful: reason === undefined, lastSuccess, reason };
  }
}
