import type { Wanted } from "../../http/listener.ts";
import { firstUnprivilegedPort, PRIVILEGED_PORT_REMEDY } from "../../http/privileged_port.ts";
import { type Finding, UNAVAILABLE, WRONG } from "./finding.ts";
import type { Service } from "./service.ts";

/**
 * Listens for a moment, to find out whether the address is free.
 *
 * @param service that is to listen there; undefined where it is the user who runs the check
 */
export function tryListen(
  name: "server" | "management",
  at: Wanted,
  service: Service | undefined,
): Finding {
  const address = `${at.host}:${at.port}`;
  const privileged = at.port !== 0 && at.port < firstUnprivilegedPort();
  if (privileged && service !== undefined && service.portSettings.length > 0) {
    return {
      name,
      text: `${address} is a privileged port, and ${service.name} may not listen there because ` +
        `of ${service.portSettings.join(", ")}; ${PRIVILEGED_PORT_REMEDY}`,
      exitCode: UNAVAILABLE,
    };
  }
  try {
    Deno.listen({ hostname: at.host, port: at.port, reusePort: at.reusePort ?? false }).close();
    return { name, text: `${address} is free`, exitCode: 0 };
  } catch (error) {
    if (privileged && service !== undefined && error instanceof Deno.errors.PermissionDenied) {
      return {
        name,
        text: `${address} is a privileged port, for which ${service.name} has the permission; ` +
          "whether it is free only root can try",
        exitCode: 0,
      };
    }
    const flag = name === "server" ? "--port" : "--management-port";
    return { name, ...explainListenError(error, address, flag) };
  }
}

/**
 * Why an address cannot be listened on.
 *
 * @param flag that sets another port
 */
export function explainListenError(
  error: unknown,
  address: string,
  flag: string,
): Omit<Finding, "name"> {
  const [reason, exitCode] = error instanceof Deno.errors.AddrInUse
    ? [`is in use; is Ranger already running? ${flag} sets another port`, UNAVAILABLE]
    : error instanceof Deno.errors.PermissionDenied
    ? [`may not be listened on by this user; ${PRIVILEGED_PORT_REMEDY}`, UNAVAILABLE]
    : error instanceof Deno.errors.AddrNotAvailable
    ? ["is not an address of this machine", WRONG]
    : [`cannot be listened on: ${error instanceof Error ? error.message : error}`, UNAVAILABLE];
  return { text: `${address} ${reason}`, exitCode };
}
