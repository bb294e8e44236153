import { StateBudget } from "./state_budget.ts";

/**
 * What all clients together are sent of initial states: a megabyte, which takes about a millisecond
 * to write, every two, so that clients that ask for many states do not delay all others.
 */
const SHARED = { stateRate: 536_870_912, stateBurst: 1_048_576 };
const TURN_MS = 2;

/** Queues, by how much of its budget a client has used: the first for those that used little. */
const QUEUES = 8;
/** Every n-th turn begins with the clients that used most, so that they do not wait for ever. */
const REVERSED_EVERY = 8;

/**
 * Paces the initial states of all clients together. Clients that have to wait are resumed in the
 * order they came, clients first that have used little of their budget: a client that subscribes
 * to the same books over and over waits behind one that has just connected.
 *
 * @example
 * ```ts
 * const turns = new StateTurns<string>((client) => console.log(`${client} is sent what waits`));
 * if (turns.isSpent) turns.wait("client 1", 0.5);
 * else turns.charge(40_000);
 * ```
 */
export class StateTurns<Client> {
  readonly #resume: (client: Client) => void;
  readonly #budget = new StateBudget(SHARED);
  readonly #everybody = { budgetFullAt: 0 };
  readonly #queues = Array.from({ length: QUEUES }, () => new Set<Client>());
  #timer: ReturnType<typeof setTimeout> | undefined;
  #turns = 0;

  /** @param resume sends a client what waits, and may let it wait again */
  constructor(resume: (client: Client) => void) {
    this.#resume = resume;
  }

  /** Whether further states must wait for the next turn. */
  get isSpent(): boolean {
    return this.#budget.isSpent(this.#everybody);
  }

  /** Some client is sent a state of that many bytes. */
  charge(bytes: number): void {
    this.#budget.charge(this.#everybody, bytes);
  }

  /**
   * Resumes the client in one of the next turns.
   *
   * @param used the part of its budget that it has used: 0 for none, 1 for all
   */
  wait(client: Client, used: number): void {
    const at = Math.max(0, Math.min(Math.floor(used * QUEUES), QUEUES - 1));
    this.#queues[at]!.add(client);
    this.#timer ??= setTimeout(() => this.#turn(), TURN_MS);
  }

  /** The client is gone. */
  remove(client: Client): void {
    for (const queue of this.#queues) queue.delete(client);
  }

  #turn(): void {
    this.#timer = undefined;
    const isReversed = ++this.#turns % REVERSED_EVERY === 0;
    for (const queue of isReversed ? this.#queues.toReversed() : this.#queues) {
      // Resumed clients may wait again, behind those that are in the queue now.
      for (const client of [...queue]) {
        if (this.isSpent) {
          this.#timer ??= setTimeout(() => this.#turn(), TURN_MS);
          return;
        }
        if (queue.delete(client)) this.#resume(client);
      }
    }
  }
}
