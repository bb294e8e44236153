import process from "node:process";

/** One number that the runtime sets at each call of a socket's handle. */
export interface StreamState {
  readonly state: Int32Array;
  readonly index: number;
}

/**
 * Where the runtime says what became of the last call of a socket's handle. So node:net itself learns
 * it; node:process exposes the same array under this name.
 *
 * @param name `kReadBytesOrError` or `kLastWriteWasAsync`
 * @returns `undefined` in runtimes without it
 *
 * @example
 * ```ts
 * const lastRead = streamState("kReadBytesOrError");
 * console.log(lastRead?.state[lastRead.index]); // bytes, or the negative number of an error
 * ```
 */
export function streamState(
  name: "kReadBytesOrError" | "kLastWriteWasAsync",
): StreamState | undefined {
  try {
    const { binding } = process as unknown as { binding(name: string): Record<string, unknown> };
    const { streamBaseState: state, [name]: index } = binding("stream_wrap");
    if (state instanceof Int32Array && typeof index === "number") return { state, index };
  } catch {
    // Not every runtime has it.
  }
  return undefined;
}
