/**
 * Awaits a promise for so long and no longer, so that a test that waits for something that never
 * comes fails with a sentence and does not hang.
 *
 * @param promise what is awaited
 * @param what completes the sentence "waited 15 s in vain for …"; a function is asked at the end,
 * so that it can tell what came instead
 * @param milliseconds the bound; generous, because it is only ever reached in a failing test
 * @throws Error when the bound is reached
 * @example
 * ```ts
 * import { startRanger } from "./ranger.ts";
 * const ranger = await startRanger();
 * await bounded(ranger.consuming(), "the line that says consuming");
 * ```
 */
export async function bounded<T>(
  promise: Promise<T>,
  what: string | (() => string),
  milliseconds = 15_000,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const bound = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const told = typeof what === "string" ? what : what();
      reject(new Error(`waited ${milliseconds / 1000} s in vain for ${told}`));
    }, milliseconds);
  });
  try {
    return await Promise.race([promise, bound]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Asks again and again until the answer is there: for states that no event announces, such as
 * another process's port.
 *
 * @param ask resolves to the answer, or to undefined when there is none yet
 * @param what completes the sentence "waited 60 s in vain for …"
 * @throws Error when the bound is reached
 * @example
 * ```ts
 * declare const accepts: (port: number) => Promise<boolean | undefined>;
 * await until(() => accepts(8080), "port 8080 to accept");
 * ```
 */
export async function until<T>(
  ask: () => Promise<T | undefined> | T | undefined,
  what: string | (() => string),
  milliseconds = 60_000,
): Promise<T> {
  const end = performance.now() + milliseconds;
  while (true) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > end) {
      const told = typeof what === "string" ? what : what();
      throw new Error(`waited ${milliseconds / 1000} s in vain for ${told}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
