/**
 * Waits for an answer of the broker, and not for ever.
 *
 * @param milliseconds how long
 * @param promise is left to itself when its time is over
 * @throws {Error} `timeout: no answer within N s`, or what the promise rejects with
 *
 * @example
 * ```ts
 * await within(10_000, client.connect());
 * ```
 */
export async function withTimeout<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`timeout: no answer within ${milliseconds / 1000} s`)),
    milliseconds,
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
