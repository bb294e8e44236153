/** Bytes that clients may bring in one turn of the event loop before the rest of them must wait. */
const BYTES_PER_TURN = 65_536;

/** Somebody who stopped to read, and is told to go on. */
interface Waiting {
  readOn(): void;
}

let taken = 0;
let waiting: Waiting[] = [];
let scheduled = false;

/**
 * Counts what was read. A socket whose client sends without a pause is readable again as soon as
 * it was read, and the runtime goes on with it, for seconds, before it looks at any other socket
 * or timer. So whoever reads more than a turn's share stops, and goes on in the next turn.
 *
 * @param bytes read just now
 * @returns whether the reader may go on; if not, it stops to read, and its `readOn` is called in
 * the next turn
 *
 * @example
 * ```ts
 * if (!mayReadOn(chunk.length, this)) socket.pause();
 * ```
 */
export function takeReadBudget(bytes: number, reader: Waiting): boolean {
  taken += bytes;
  if (!scheduled) {
    scheduled = true;
    setImmediate(nextTurn);
  }
  if (taken < BYTES_PER_TURN) return true;
  waiting.push(reader);
  return false;
}

function nextTurn(): void {
  const readers = waiting;
  scheduled = false;
  taken = 0;
  waiting = [];
  for (const reader of readers) reader.readOn();
}
