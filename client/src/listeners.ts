/** Adds a member to a set. @returns a function that removes it */
export function subscribe<T>(set: Set<T>, member: T): () => void {
  set.add(member);
  return () => void set.delete(member);
}

/**
 * Calls all listeners, also after one has thrown: that error is a bug in the app, so it is reported
 * as uncaught.
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
