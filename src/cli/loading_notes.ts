import { getLogger } from "@logtape/logtape";
import type { Loaded } from "../config/loaded.ts";

const log = getLogger(["ranger", "server"]);

/**
 * Logs a warning for everything about the settings that does not keep Ranger from starting: names of
 * an earlier version, environment variables that no setting has, and unknown settings where those
 * are ignored.
 */
export function warnOfSettings(loaded: Loaded): void {
  for (const { from, to, source } of loaded.renamed) {
    log.warn("{source}: {from} is the old name of {to}, which still works; please use {to}", {
      from,
      to,
      source,
    });
  }
  for (const problem of loaded.unknownVariables) {
    log.warn("{problem}", { problem });
  }
  warnOfIgnored(loaded);
}

/** Logs a warning for every unknown setting that is ignored. */
export function warnOfIgnored({ ignored }: Loaded): void {
  for (const problem of ignored) {
    log.warn("{problem}; it is ignored (--ignore-unknown)", { problem });
  }
}
