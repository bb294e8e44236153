/** @returns a function that takes the member out again */
export function subscribe<T>(set: Set<T>, member: T): () => void {
  set.add(member);
  return () => void set.delete(member);
}

/**
 * Calls listeners. One that throws keeps nothing from the others: its error is reported as
 * uncaught, since it is a mistake in the listener.
 */
export function emit<Args extends readonly unknown[]>(
  listeners: Iterable<(...args: Args) => void> | undefined,
  ...args: Args
): void {
  for (const listener of listeners ?? []) {
    try {
      listener(...args);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}
