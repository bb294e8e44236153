import { BACKLOG } from "../../http/listener.ts";
import type { Finding } from "./finding.ts";

/** The most connections that wait to be accepted, whatever a listener asks for (listen(2)). */
const SOMAXCONN = "/proc/sys/net/core/somaxconn";

/**
 * Whether a crowd that comes at once fits into the kernel's queue.
 *
 * A program that may not do everything may not read /proc: the launcher of the built one passes the
 * kernel's limit in RANGER_SOMAXCONN. Where neither is possible the command to ask with is named.
 */
export function tryBacklog(
  passed: string | undefined = Deno.env.get("RANGER_SOMAXCONN"),
): Finding {
  const limit = Number(readSomaxconn() ?? passed);
  const name = "backlog";
  if (!Number.isSafeInteger(limit) || limit <= 0) {
    return {
      name,
      text: `not known here; sysctl net.core.somaxconn should print ${BACKLOG} or more`,
      exitCode: 0,
    };
  }
  if (limit >= BACKLOG) {
    return { name, text: `${BACKLOG} connections may wait to be accepted`, exitCode: 0 };
  }
  return {
    name,
    text:
      `the kernel lets ${limit} connections wait to be accepted; of more that come at once, as ` +
      `after a restart, some retry after seconds. Right would be net.core.somaxconn = ${BACKLOG}, ` +
      "which make install puts into sysctl.d: sysctl --system loads it",
    exitCode: 0,
    warns: true,
  };
}

function readSomaxconn(): string | undefined {
  try {
    return Deno.readTextFileSync(SOMAXCONN).trim();
  } catch {
    return undefined;
  }
}
