/**
 * Waits for an answer of the broker, with a limit.
 *
 * @param milliseconds the limit
 * @param promise is left to itself when the time is over
 * @param details of what was waited for, asked for when the time is over
 * @throws {Error} `timeout: no answer within N s (details)`, or what the promise rejects with
 *
 * @example
 * ```ts
 * const response = await withTimeout(10_000, fetch("http://mq:15672"), () => "10.0.0.5: no answer");
 * ```
 */
export async function withTimeout<T>(
  milliseconds: number,
  promise: Promise<T>,
  details: () => string = () => "",
): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const text = details();
    const more = text === "" ? "" : ` (${text})`;
    reject(new Error(`timeout: no answer within ${milliseconds / 1000} s${more}`));
  }, milliseconds);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
