import { getLogger } from "@logtape/logtape";
import { changesOf, taken } from "../config/changes.ts";
import type { Loaded } from "../config/loaded.ts";
import type { Settings } from "../config/types.ts";
import { RangerError } from "../errors.ts";
import { configureLog } from "../telemetry/log.ts";

const log = getLogger(["ranger", "server"]);

/** What takes other settings while it runs. */
export interface Reloadable {
  /**
   * Puts in force what may change while it runs, all of it or nothing; no connection is dropped.
   *
   * @throws {RangerError} something cannot be used, or cannot be had; nothing has changed
   */
  reload(next: Settings): Promise<void>;
}

/**
 * Reads the settings again, from the same flags, environment and file as at the start, and the
 * keys that they name. What is wrong with them is logged in the words of the start, and leaves
 * everything as it was.
 *
 * @example
 * ```ts
 * const reloader = new Reloader(loaded, () => loadSettings(), daemon);
 * await reloader.reload(); // on SIGHUP
 * ```
 */
export class Reloader {
  readonly #load: () => Promise<Loaded>;
  readonly #server: Reloadable;
  #inForce: Loaded["values"];
  #running: Promise<unknown> = Promise.resolve();
  #waiting: Promise<boolean> | undefined;

  /**
   * @param started what the server was started with
   * @param load reads the settings as that was read
   */
  constructor(started: Loaded, load: () => Promise<Loaded>, server: Reloadable) {
    this.#inForce = started.values;
    this.#load = load;
    this.#server = server;
  }

  /**
   * One at a time; whoever asks while one waits for its turn is served by that one.
   *
   * @returns whether they are in force now; never rejects
   */
  reload(): Promise<boolean> {
    if (this.#waiting) return this.#waiting;
    const turn = this.#running.then(() => {
      this.#waiting = undefined;
      return this.#reload();
    });
    this.#waiting = turn;
    this.#running = turn;
    return turn;
  }

  async #reload(): Promise<boolean> {
    try {
      const next = await this.#load();
      await this.#server.reload(next.settings);
      await configureLog(next.settings.log);
      const { live, restart } = changesOf(this.#inForce, next.values);
      this.#inForce = taken(this.#inForce, next.values);
      log.info("read the settings and keys again; changed: {changed}", {
        changed: live.length === 0 ? "no setting" : live.join(", "),
      });
      for (const setting of restart) log.warn("{setting} changed: needs a restart", { setting });
      return true;
    } catch (error) {
      const reason = error instanceof RangerError ? error.message : error;
      log.error("cannot take the settings; the old ones stay in force: {reason}", { reason });
      return false;
    }
  }
}
