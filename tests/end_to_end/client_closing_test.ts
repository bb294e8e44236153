import assert from "node:assert/strict";
import { connect, type Ranger } from "../../client/src/mod.ts";
import { BookMarket } from "../support/book_market.ts";
import { freshWord, startExchange, step } from "../support/exchange.ts";
import { Gate } from "../../testing/gate.ts";
import { first, type LiveClient, liveClient } from "../support/live_client.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { makeKey } from "../../testing/tokens.ts";

const broker = await sharedBroker();

const made: WebSocket[] = [];

/** The runtime's own, remembered. */
class Remembered extends WebSocket {
  constructor(url: string) {
    super(url);
    made.push(this);
  }
}

const timers = new Map<unknown, string>();
const { setTimeout: begin, clearTimeout: end } = globalThis;

/** Remembers the client's timers while they run. */
function watchTimers(): Disposable {
  const watched = (action: () => void, milliseconds: number) => {
    const id = begin(() => (timers.delete(id), action()), milliseconds);
    const { stack = "" } = new Error();
    if (stack.includes("/client/src/")) timers.set(id, stack);
    return id;
  };
  const cleared = (id: number) => (timers.delete(id), end(id));
  Object.assign(globalThis, { setTimeout: watched, clearTimeout: cleared });
  return {
    [Symbol.dispose]: () =>
      void Object.assign(globalThis, { setTimeout: begin, clearTimeout: end }),
  };
}

/** Has it closed the first time that something is so, and awaits that nothing is left of it. */
async function closes(client: LiveClient, when: (close: () => void) => void): Promise<void> {
  let closing: Promise<void> | undefined;
  when(() => closing ??= client.ranger.close());
  await client.status("closed");
  await closing;
  // The callback has returned.
  await new Promise((resolve) => begin(resolve));
  assert.equal(client.ranger.state.status, "closed");
  assert.equal(client.states.at(-1)?.status, "closed", "no state follows");
  assert.deepEqual([...timers.values()], [], "no timer is left");
  assert.ok(made.every(({ readyState }) => readyState >= WebSocket.CLOSING), "no socket is left");
}

Deno.test("close() holds wherever it is called from", async (t) => {
  using _watch = watchTimers();
  await using exchange = await startExchange(broker);
  const url = exchange.ranger.url("/public");
  const uid = freshWord();
  const exp = Math.floor(Date.now() / 1000) + 600;
  const token = () => exchange.key.token({ uid, exp });

  await step(t, "from a message, whatever the message is", async () => {
    const stranger = await makeKey();
    for (
      const [token, message] of [
        [() => exchange.key.token({ uid, exp }), "Authenticated."],
        [() => stranger.token({ uid, exp }), "Authentication failed."],
      ] as const
    ) {
      await using client = liveClient(url, { token, WebSocket: Remembered });
      const { ranger } = client;
      await closes(client, (close) => {
        ranger.onMessage((text) => text.includes(message) && close());
      });
      assert.ok(client.states.every((state) => state.status !== "open" || !state.identity));
      assert.deepEqual(client.errors, []);
    }
  });

  await step(t, "from the state that tells of an identity", async () => {
    await using client = liveClient(url, { token, WebSocket: Remembered });
    const { ranger } = client;
    await closes(client, (close) => {
      ranger.onState((state) => state.status === "open" && state.identity && close());
    });
  });

  await step(t, "from the state that tells of an open connection", async () => {
    let asked = 0;
    await using client = liveClient(url, {
      WebSocket: Remembered,
      token: () => {
        asked++;
        throw new Error("503 Service Unavailable");
      },
    });
    const { ranger } = client;
    await closes(client, (close) => {
      ranger.onState(({ status }) => status === "open" && close());
    });
    assert.equal(asked, 0);
  });

  await step(t, "from an error", async () => {
    await using client = liveClient(url, {
      WebSocket: Remembered,
      token: () => {
        throw new Error("503 Service Unavailable");
      },
    });
    const { ranger } = client;
    await closes(client, (close) => ranger.onError(close));
    assert.equal(client.errors.length, 1);
  });

  await step(t, "from an event: no other listener receives it", async () => {
    await using client = liveClient(url, { WebSocket: Remembered });
    const { ranger } = client;
    const name = `${freshWord()}.x`;
    const event = closes(client, (close) => ranger.on(name, close));
    ranger.on(name, () => assert.fail("it is closed"));
    await client.seen(() => client.messages.find((text) => text.includes(name)), "the answer");
    await exchange.publish(`public.${name}`, 1);
    await event;
  });

  await step(t, "from the change of a book whose connection is lost", async () => {
    await using gate = new Gate(exchange.ranger.url());
    await gate.open();
    await using client = liveClient(`${gate.url}public`, { WebSocket: Remembered });
    const market = new BookMarket(freshWord(), 0);
    await exchange.publish(`public.${market.id}.ob-snap`, market.snapshot());
    await exchange.settled();
    const book = client.ranger.book(market.id, { notify: "message" });
    await first(book, 1);
    const change = closes(client, (close) => book.onChange(close));
    await gate.cut();
    await change;
  });

  await step(t, "from the state that tells of another attempt", async () => {
    await using gate = new Gate("ws://127.0.0.1:1/");
    await gate.open({ turnAway: true });
    await using client = liveClient(gate.url, { WebSocket: Remembered });
    const { ranger } = client;
    await closes(client, (close) => {
      ranger.onState(({ status }) => status === "connecting" && close());
    });
  });
});

Deno.test("a WebSocket that cannot be created is an error, and leaves nothing behind", async () => {
  await using exchange = await startExchange(broker, { auth: false });
  const url = exchange.ranger.url("/public");
  let listeners = 0;
  const signal = {
    aborted: false,
    addEventListener: () => listeners++,
    removeEventListener: () => listeners--,
  };
  let made = 0;
  let refuses = (_nth: number) => true;
  class Picky extends WebSocket {
    constructor(url: string) {
      if (refuses(++made)) throw new DOMException("an insecure connection", "SecurityError");
      super(url);
    }
  }
  const dial = (): Ranger => connect(url, { WebSocket: Picky, signal });
  assert.throws(dial, { name: "RangerError", code: "url", message: /SecurityError: an insecure/ });
  assert.deepEqual([made, listeners], [1, 0]);

  // Later it is a loss like any other.
  refuses = (nth) => nth === 3;
  await using gate = new Gate(exchange.ranger.url());
  await gate.open();
  await using client = liveClient(`${gate.url}public`, { WebSocket: Picky, signal });
  await client.status("open");
  await gate.cut();
  await client.seen(
    () => client.states.find((state) => state.status === "waiting" && /Secur/.test(state.reason)),
    "the loss",
  );
  await client.status("open");
  assert.deepEqual([made, listeners], [4, 1]);
  await client.ranger.close();
  assert.equal(listeners, 0);
});
