/** Bytes read from all clients per event-loop turn; what comes after them waits for the next turn. */
const BYTES_PER_TURN = 65_536;

/** A socket's owner that pauses it, and is called back to continue. */
interface PausedReader {
  continueReading(): void;
}

let bytesRead = 0;
let paused: PausedReader[] = [];
let nextTurnScheduled = false;

/**
 * Counts bytes that were read. The socket of a client that sends without a pause is readable again
 * as soon as it was read, and the runtime goes on with it, for seconds, before it polls any other
 * socket or timer. So a reader that exceeds a turn's budget pauses until the next turn.
 *
 * @param bytes read just now
 * @returns whether the reader may continue; if not, it must pause, and its `continueReading` is
 * called in the next turn
 *
 * @example
 * ```ts
 * import { type Socket } from "node:net";
 * declare const socket: Socket;
 * const reader = { continueReading: () => socket.resume() };
 * if (!takeReadBudget(16_384, reader)) socket.pause();
 * ```
 */
export function takeReadBudget(bytes: number, reader: PausedReader): boolean {
  bytesRead += bytes;
  if (!nextTurnScheduled) {
    nextTurnScheduled = true;
    setImmediate(beginTurn);
  }
  if (bytesRead < BYTES_PER_TURN) return true;
  paused.push(reader);
  return false;
}

function beginTurn(): void {
  const readers = paused;
  nextTurnScheduled = false;
  bytesRead = 0;
  paused = [];
  for (const reader of readers) reader.continueReading();
}
