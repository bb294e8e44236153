/** Ports below this one need a privilege, where Linux is not told otherwise (ip(7)). */
const FIRST_UNPRIVILEGED_PORT = 1024;

/** Where Linux tells it. */
const SYSCTL = "/proc/sys/net/ipv4/ip_unprivileged_port_start";

/**
 * How a service of systemd gets a port below 1024: each of the three is needed, since the unit as
 * installed takes all capabilities away and runs in a user namespace, in which they would not count.
 */
export const PRIVILEGED_PORT_REMEDY =
  "choose a port from 1024 on, or give the service AmbientCapabilities=CAP_NET_BIND_SERVICE, " +
  "CapabilityBoundingSet=CAP_NET_BIND_SERVICE and PrivateUsers=no: " +
  "share/ranger/systemd/privileged-port.conf.example is a drop-in that does";

/** The first port that needs no privilege on this machine. */
export function firstUnprivilegedPort(): number {
  try {
    return Number(Deno.readTextFileSync(SYSCTL));
  } catch {
    return FIRST_UNPRIVILEGED_PORT;
  }
}
