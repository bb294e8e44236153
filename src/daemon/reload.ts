import { getLogger } from "@logtape/logtape";
import { applied, changesOf } from "../config/changes.ts";
import type { Loaded } from "../config/loaded.ts";
import { namedSource } from "../config/named_source.ts";
import type { Settings } from "../config/shape.ts";
import { RangerError } from "../errors.ts";
import type { ReloadStatus } from "./reload_status.ts";

const log = getLogger(["ranger", "server"]);

/** A server that applies other settings while it runs. */
export interface Reloadable {
  readonly reloads: ReloadStatus;
  /**
   * Applies the live part of the settings, all of it or nothing; no connection is dropped.
   *
   * @throws {RangerError} something cannot be used or fetched; nothing has changed
   */
  reload(next: Settings): Promise<void>;
}

/**
 * Reads the settings again, from the same flags, environment and file as at the start, and the keys
 * that they name. A mistake in them is logged as at the start, and leaves everything as it was.
 *
 * @example
 * ```ts
 * import { type Loaded } from "../config/loaded.ts";
 * declare const [loaded, load, daemon]: [Loaded, () => Promise<Loaded>, Reloadable];
 * const reloader = new Reloader(loaded, load, daemon);
 * await reloader.reload(); // on SIGHUP
 * ```
 */
export class Reloader {
  readonly #load: () => Promise<Loaded>;
  readonly #server: Reloadable;
  #inForce: Loaded["values"];
  #running: Promise<unknown> = Promise.resolve();
  #next: Promise<boolean> | undefined;

  /**
   * @param started what the server was started with
   * @param load reads the settings in the same way
   */
  constructor(started: Loaded, load: () => Promise<Loaded>, server: Reloadable) {
    this.#inForce = started.values;
    this.#load = load;
    this.#server = server;
  }

  /**
   * Reloads run one at a time; calls during one share the next.
   *
   * @returns whether the settings are in force; never rejects
   */
  reload(): Promise<boolean> {
    if (this.#next) return this.#next;
    const next = this.#running.then(() => {
      this.#next = undefined;
      return this.#reload();
    });
    this.#next = next;
    this.#running = next;
    return next;
  }

  async #reload(): Promise<boolean> {
    try {
      const next = await this.#load();
      const { settings, values } = next;
      await this.#server.reload(settings).catch((error) =>
        Promise.reject(namedSource(error, next))
      );
      const { live, restart } = changesOf(this.#inForce, values);
      this.#inForce = applied(this.#inForce, values);
      log.info("read the settings and keys again; changed: {changed}", {
        changed: live.length === 0 ? "no setting" : live.join(", "),
      });
      this.#server.reloads.succeeded();
      for (const setting of restart) log.warn("{setting} changed: needs a restart", { setting });
      return true;
    } catch (error) {
      const reason = error instanceof RangerError ? error.message : error;
      // What is unexpected may hold anything; the log has it.
      this.#server.reloads.failed(
        error instanceof RangerError ? error.message : "an error: see the log",
      );
      log.error("cannot use the new settings; the old ones stay in force: {reason}", { reason });
      return false;
    }
  }
}
