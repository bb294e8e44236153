/** Descriptors that are not for clients: the runtime's, the log, the broker, the management listener. */
const RESERVED = 48;

/** Of the sockets that there is room for, the part that may be WebSockets; the rest is on its way in or out. */
const CLIENTS_SHARE = 0.9;

/**
 * The number of files, sockets included, that this process may have open. The runtime raises the
 * soft limit to the hard one.
 *
 * A program that may not do everything may not read /proc: the launcher of the built one passes the limit in RANGER_OPEN_FILES.
 *
 * @param passed by the launcher
 * @returns `undefined` where it is not known
 *
 * @example
 * ```ts
 * openFilesLimit(); // 131072
 * ```
 */
export function openFilesLimit(
  passed: string | undefined = Deno.env.get("RANGER_OPEN_FILES"),
): number | undefined {
  try {
    const limits = Deno.readTextFileSync("/proc/self/limits");
    return readLimit(/^Max open files +(\S+)/m.exec(limits)?.[1]);
  } catch {
    return readLimit(passed);
  }
}

function readLimit(text: string | undefined): number | undefined {
  if (text === "unlimited") return Infinity;
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/**
 * Finds the limit by opening files until there is no more room, for a program that may not read it.
 *
 * @returns the limit; `wanted` where it is not below that
 */
export function probeOpenFiles(wanted: number): number {
  const opened: Deno.FsFile[] = [];
  try {
    while (opened.length < wanted) opened.push(Deno.openSync("/dev/null"));
  } catch {
    // As many as there may be.
  }
  for (const file of opened) file.close();
  return opened.length;
}

/** Sockets of clients that a limit on open files leaves room for. */
export function socketsWithin(openFiles: number): number {
  return Math.max(openFiles - RESERVED, Math.floor(openFiles / 4));
}

/** WebSockets that a limit on open files leaves room for. */
export function clientsWithin(openFiles: number): number {
  return Math.floor(socketsWithin(openFiles) * CLIENTS_SHARE);
}

/** The limit on open files that a number of WebSockets needs. */
export function openFilesFor(clients: number): number {
  return Math.ceil(clients / CLIENTS_SHARE) + RESERVED;
}

/**
 * Why a server cannot have as many clients as it is configured for; `undefined` where it can.
 *
 * @param openFiles the limit
 * @param connections `limits.connections`
 */
export function openFilesProblem(openFiles: number, connections: number): string | undefined {
  const clients = clientsWithin(openFiles);
  if (clients >= connections) return undefined;
  return `limits.connections is ${connections}, but the limit on open files (${openFiles}) leaves ` +
    `room for ${clients} clients; right would be a limit of ${openFilesFor(connections)} ` +
    "(LimitNOFILE= in the unit, ulimit -Hn in a shell), or fewer limits.connections";
}
