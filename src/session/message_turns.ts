import { SlicedQueue } from "../delivery/sliced_queue.ts";

/** Messages up to this length never wait: pings, and a few streams. */
const SHORT = 256;

/** Milliseconds of a turn of the event loop in which longer ones are handled. */
const TURN_MS = 2;

/** A client whose next message is handled when it has its turn. */
interface Waiting {
  takeTurn(): void;
}

/**
 * Shares the event loop's turns between clients with long messages: thousands of them may be read in
 * one turn, and each may take as long as a hundred short ones. They are handled for about two
 * milliseconds, and the rest wait, in the order they came, behind everything else that is due. Short
 * messages are handled as they come.
 *
 * @example
 * ```ts
 * const turns = new MessageTurns();
 * const client = { takeTurn: () => console.log("handled now") };
 * if (!turns.mayHandle(3000)) turns.wait(client);
 * ```
 */
export class MessageTurns {
  readonly #queue = new SlicedQueue((client: Waiting) => client.takeTurn());
  /** When long messages must wait; `undefined` before the first of a turn. */
  #end: number | undefined;

  /** Whether a message of that length may be handled now; otherwise its client must wait. */
  mayHandle(length: number): boolean {
    if (length <= SHORT) return true;
    if (this.#queue.size > 0) return false;
    const now = performance.now();
    if (this.#end === undefined) {
      this.#end = now + TURN_MS;
      setImmediate(this.#beginTurn);
    }
    return now < this.#end;
  }

  /** Calls the client's `takeTurn` once, in one of the next turns. */
  wait(client: Waiting): void {
    this.#queue.add(client);
  }

  /** The client has gone. */
  remove(client: Waiting): void {
    this.#queue.delete(client);
  }

  readonly #beginTurn = (): void => {
    this.#end = undefined;
  };
}
