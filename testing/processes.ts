/**
 * Signals a process and waits for its end; SIGKILL follows when that takes half a minute.
 *
 * @param child undefined, or ended already: nothing happens
 * @returns how it ended
 * @example
 * ```ts
 * const child = new Deno.Command("sleep", { args: ["60"] }).spawn();
 * await endProcess(child, "SIGTERM");
 * ```
 */
export async function endProcess(
  child: Deno.ChildProcess | undefined,
  how: "SIGTERM" | "SIGKILL",
): Promise<Deno.CommandStatus | undefined> {
  if (child === undefined) return undefined;
  signal(child, how);
  const timer = setTimeout(() => signal(child, "SIGKILL"), 30_000);
  const status = await child.status;
  clearTimeout(timer);
  return status;
}

/** Sends a signal, and is silent where the process has ended already. */
export function signal(child: Deno.ChildProcess | undefined, how: Deno.Signal): void {
  try {
    child?.kill(how);
  } catch {
    // It has ended already.
  }
}
