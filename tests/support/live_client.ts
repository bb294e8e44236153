import {
  connect,
  type ConnectOptions,
  type Ranger,
  type RangerError,
  type State,
} from "../../client/src/mod.ts";
import { bounded } from "../../testing/bounded.ts";

/** The typed client, with all that it told, to be awaited. Awaits the end of its socket. */
export interface LiveClient extends AsyncDisposable {
  readonly ranger: Ranger;
  readonly states: State[];
  readonly errors: RangerError[];
  /** Texts of all messages that the server sent. */
  readonly messages: string[];
  /** Asks again at each state, error and message, until there is an answer. */
  seen<T>(ask: () => T | undefined, what: string): Promise<T>;
  /** Awaits a state; the last one may be it. */
  status<Status extends State["status"]>(status: Status): Promise<State & { status: Status }>;
}

/**
 * Connects the typed client; short waits unless the options say otherwise.
 *
 * @example
 * ```ts
 * await using client = liveClient("ws://127.0.0.1:8080/public");
 * await client.status("open");
 * ```
 */
export function liveClient(url: string, options: ConnectOptions = {}): LiveClient {
  const ranger = connect(url, { minReconnectDelay: 50, maxReconnectDelay: 200, ...options });
  const states: State[] = [];
  const errors: RangerError[] = [];
  const messages: string[] = [];
  let waiting: (() => void)[] = [];
  const wake = () => {
    const woken = waiting;
    waiting = [];
    for (const resolve of woken) resolve();
  };
  ranger.onState((state) => (states.push(state), wake()));
  ranger.onError((error) => (errors.push(error), wake()));
  ranger.onMessage((text) => (messages.push(text), wake()));
  /** Bounded as a whole: who reconnects without end tells something all the time. */
  function seen<T>(ask: () => T | undefined, what: string): Promise<T> {
    const told = () => `${what}; ${JSON.stringify({ states, errors, messages }).slice(0, 2000)}`;
    return bounded(look(ask), told);
  }
  async function look<T>(ask: () => T | undefined): Promise<T> {
    while (true) {
      const answer = ask();
      if (answer !== undefined) return answer;
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  }
  return {
    ranger,
    states,
    errors,
    messages,
    seen,
    async status(status) {
      const is = () => ranger.state.status === status ? ranger.state : undefined;
      return await seen(is, `the state ${status}`) as State & { status: typeof status };
    },
    [Symbol.asyncDispose]: () => ranger.close(),
  };
}

/**
 * Reads a number of events of a stream, and leaves the loop.
 *
 * @throws Error when they do not come in time
 */
export async function first<T>(events: AsyncIterable<T>, count: number): Promise<T[]> {
  const read: T[] = [];
  async function loop(): Promise<void> {
    for await (const event of events) if (read.push(event) === count) return;
  }
  await bounded(loop(), () => `${count} events, not ${JSON.stringify(read)}`);
  return read;
}
