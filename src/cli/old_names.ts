import { getLogger } from "@logtape/logtape";
import type { Loaded } from "../config/loaded.ts";

const log = getLogger(["ranger", "server"]);

/** Logs a warning for every setting that is given by its name of an earlier version. */
export function warnOfOldNames({ renamed }: Loaded): void {
  for (const { from, to, source } of renamed) {
    log.warn("{source}: {from} is the old name of {to}, which still works; please use {to}", {
      from,
      to,
      source,
    });
  }
}
