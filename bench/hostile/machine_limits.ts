/** Files that a process has open beside its clients' sockets, at most. */
const OTHER_FILES = 500;

/**
 * What this machine does not allow.
 *
 * @param atOnce whether all connections are opened in the same moment
 * @returns sentences that say what to set; none when there may be as many connections
 */
export async function machineLimits(connections: number, atOnce: boolean): Promise<string[]> {
  const { stdout } = await new Deno.Command("sh", { args: ["-c", "ulimit -Hn"] }).output();
  const openFiles = Number(new TextDecoder().decode(stdout)) || Infinity;
  const read = async (name: string) =>
    (await Deno.readTextFile(`/proc/sys/net/${name}`)).trim().split(/\s+/).map(Number);
  const [queue = 0] = atOnce ? await read("core/somaxconn") : [Infinity];
  const [first = 0, last = 0] = await read("ipv4/ip_local_port_range");
  return tooLow(connections, { openFiles, queue, ports: last - first + 1 });
}

/** The same, for a machine with other limits. */
export function tooLow(
  connections: number,
  limits: { readonly openFiles: number; readonly queue: number; readonly ports: number },
): string[] {
  const found: string[] = [];
  const what = `${connections} connections need`;
  if (limits.openFiles < connections + OTHER_FILES) {
    found.push(
      `${what} ${connections + OTHER_FILES} open files, and the limit is ${limits.openFiles}: ` +
        `ulimit -n ${connections + OTHER_FILES}, as root`,
    );
  }
  if (limits.queue < connections) {
    found.push(
      `${what} a queue as long, and it is ${limits.queue}: sysctl -w net.core.somaxconn=` +
        `${2 ** Math.ceil(Math.log2(connections))}`,
    );
  }
  if (limits.ports < connections) {
    found.push(
      `${what} as many ports, and there are ${limits.ports}: ` +
        'sysctl -w net.ipv4.ip_local_port_range="1024 65535"',
    );
  }
  return found;
}
