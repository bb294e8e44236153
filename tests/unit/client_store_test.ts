/** The typed client's stores, which its hooks for React and other frameworks read. */
import assert from "node:assert/strict";
import { derived, get } from "svelte/store";
import { connect, type Ranger } from "../../client/src/mod.ts";
import { bookStore, type BookView, stateStore, streamStore } from "../../client/src/store.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { FakeServer, ROUND_TRIP } from "../support/fake_server.ts";

const SNAPSHOT = '{"asks":[["15.0","2"],["16.0","1"]],"bids":[["14.0","3"]],"sequence":1}';

/** Longer than a frame, a round trip, and the time that the client takes to gather requests. */
const A_WHILE_MS = 1500;

/** A client and its server, without sockets or a clock. */
class Setting implements Disposable {
  readonly clock: FakeClock = new FakeClock();
  readonly server: FakeServer = new FakeServer();
  readonly ranger: Ranger;

  constructor() {
    this.server.onSubscribe = (name) => {
      if (name.endsWith(".ob-inc")) {
        this.server.send("btcusd.ob-snap", SNAPSHOT);
      }
    };
    this.ranger = connect("ws://fake/public", {
      WebSocket: this.server.WebSocket,
    });
    this.server.accept();
    this.pass();
  }

  pass(): void {
    this.clock.pass(A_WHILE_MS);
  }

  /** Sends an increment and lets a frame pass. */
  increment(payload: unknown): void {
    this.server.send("btcusd.ob-inc", JSON.stringify(payload));
    this.pass();
  }

  /** What the server was asked, in order. */
  get requests(): string[] {
    return this.server.requests.map(({ event, streams }) => `${event} ${streams}`);
  }

  [Symbol.dispose](): void {
    void this.ranger.close();
    this.clock[Symbol.dispose]();
  }
}

Deno.test("a book's value is the same object until one of its levels changes", () => {
  using setting = new Setting();
  const store = bookStore(setting.ranger, "btcusd", 1);
  const seen: BookView[] = [];
  store.subscribe((view) => void seen.push(view));
  assert.deepEqual(seen, [{
    live: false,
    asks: [],
    bids: [],
    spread: undefined,
  }]);
  setting.pass();
  const first = store.get();
  assert.deepEqual(first, {
    live: true,
    asks: [{ price: "15.0", amount: "2", total: "2" }],
    bids: [{ price: "14.0", amount: "3", total: "3" }],
    spread: "1.0",
  });
  assert.equal(seen.length, 2);
  // Deeper than the store looks.
  setting.increment({ asks: ["16.0", "7"], sequence: 2 });
  assert.equal(store.get(), first);
  assert.equal(seen.length, 2);

  setting.increment({ asks: ["15.0", "1"], sequence: 3 });
  const second = store.get();
  assert.equal(second.asks[0]?.amount, "1");
  assert.equal(second.bids, first.bids, "the other side has not changed");
  assert.equal(seen.at(-1), second);
  assert.equal(seen.length, 3);
});

Deno.test("levels that have not changed stay the same objects", () => {
  using setting = new Setting();
  const store = bookStore(setting.ranger, "btcusd");
  store.subscribe(() => {});
  setting.pass();
  const [first] = store.get().asks;
  setting.increment({ asks: ["16.0", "7"], sequence: 2 });
  assert.equal(store.get().asks[0], first);
  assert.deepEqual(store.get().asks[1], {
    price: "16.0",
    amount: "7",
    total: "9",
  });
});

Deno.test("stores of a market share one subscription, which ends with the last listener", () => {
  using setting = new Setting();
  const deep = bookStore(setting.ranger, "btcusd");
  const best = bookStore(setting.ranger, "btcusd", 1);
  const listener = () => {};
  const stops = [deep.subscribe(listener), best.subscribe(listener), deep.subscribe(listener)];
  setting.pass();
  assert.deepEqual([deep.get().asks.length, best.get().asks.length], [2, 1]);
  for (const stop of stops.slice(1)) {
    stop();
    stop();
  }
  setting.pass();
  assert.deepEqual(setting.requests, ["subscribe btcusd.ob-inc"]);
  assert.equal(deep.get().live, true);
  stops[0]!();
  setting.pass();
  assert.deepEqual(setting.requests, ["subscribe btcusd.ob-inc", "unsubscribe btcusd.ob-inc"]);
  assert.equal(deep.get().live, false, "nothing keeps it current");
  assert.equal(deep.get().asks.length, 2);

  deep.subscribe(listener);
  setting.pass();
  assert.equal(deep.get().live, true);
});

Deno.test("a listener that leaves and comes back at once costs no request", () => {
  using setting = new Setting();
  const store = bookStore(setting.ranger, "btcusd");
  // As React's Strict mode does.
  store.subscribe(() => {})();
  const stop = store.subscribe(() => {});
  setting.pass();
  assert.deepEqual(setting.requests, ["subscribe btcusd.ob-inc"]);
  assert.equal(store.get().live, true);
  stop();
});

Deno.test("a book is stale without a connection, and after it was closed", () => {
  using setting = new Setting();
  const store = bookStore(setting.ranger, "btcusd");
  const lives: boolean[] = [];
  store.subscribe(({ live }) => void lives.push(live));
  setting.pass();
  setting.server.cut();
  setting.pass();
  setting.server.accept();
  setting.pass();
  assert.deepEqual(lives, [false, true, false, true]);
  void setting.ranger.close();
  assert.deepEqual(lives, [false, true, false, true, false]);
  assert.equal(store.get().asks.length, 2, "its last levels remain");
  // Nothing can be subscribed to any more, and components that mount must not fail.
  bookStore(setting.ranger, "btcusd").subscribe(() => {})();
  streamStore(setting.ranger, "btcusd.trades").subscribe(() => {})();
});

Deno.test("a stream's value is its latest event, or the latest few, once per frame", () => {
  using setting = new Setting();
  const latest = streamStore(setting.ranger, "btcusd.x");
  const recent = streamStore(setting.ranger, "btcusd.x", { keep: 2 });
  const seen: unknown[] = [];
  const stops = [
    latest.subscribe((event) => void seen.push(event)),
    recent.subscribe((events) => void seen.push(events)),
  ];
  setting.pass();
  assert.deepEqual(seen.splice(0), [undefined, []]);
  for (const number of [1, 2, 3]) {
    setting.server.send("btcusd.x", String(number));
  }
  setting.pass();
  assert.deepEqual(seen.splice(0), [3, [2, 3]]);
  assert.equal(recent.get(), recent.get());
  const before = recent.get();
  setting.server.send("btcusd.x", "4");
  setting.pass();
  assert.deepEqual(before, [2, 3], "a value that was read does not change");
  assert.deepEqual(recent.get(), [3, 4]);
  for (const stop of stops) stop();
  setting.server.send("btcusd.x", "5");
  setting.pass();
  assert.deepEqual([latest.get(), setting.ranger.streams], [4, []]);
});

Deno.test("a list begins with the recent events that the server has, once", () => {
  using setting = new Setting();
  const { server, ranger } = setting;
  server.onSubscribe = () => {
    for (const event of ["1", "2", "3"]) server.send("btcusd.x", event);
  };
  const store = streamStore(ranger, "btcusd.x", { keep: 4 });
  store.subscribe(() => {})();
  let stop = store.subscribe(() => {});
  setting.pass();
  assert.deepEqual(store.get(), [1, 2, 3]);
  server.send("btcusd.x", "4");
  stop();
  // As between two pages of an app: the subscription has not ended.
  stop = store.subscribe(() => {});
  setting.pass();
  server.send("btcusd.x", "5");
  setting.pass();
  assert.deepEqual(store.get(), [2, 3, 4, 5]);
  stop();
  setting.pass();
  stop = store.subscribe(() => {});
  setting.pass();
  assert.deepEqual(
    store.get(),
    [1, 2, 3],
    "sent again, after another subscription",
  );
  server.cut();
  stop();
  stop = store.subscribe(() => {});
  setting.pass();
  server.accept();
  setting.pass();
  assert.deepEqual(store.get(), [1, 2, 3]);
  stop();
  const asked = () => server.requests.filter(({ event }) => event === "subscribe");
  assert.deepEqual(asked().map(({ last }) => last), [4, 4, 4]);

  streamStore(ranger, "btcusd.y", { keep: 5000 }).subscribe(() => {});
  streamStore(ranger, "btcusd.z").subscribe(() => {});
  setting.pass();
  assert.deepEqual(asked().slice(3).map(({ last }) => last), [1000, undefined]);
});

Deno.test("an invalid name is reported by subscribe, and leaves nothing behind", () => {
  using setting = new Setting();
  for (
    const store of [
      bookStore(setting.ranger, "btc usd"),
      streamStore(setting.ranger, "btc usd.trades"),
    ]
  ) {
    assert.throws(() => store.subscribe(() => assert.fail("called")), {
      code: "name",
    });
  }
  assert.deepEqual(setting.ranger.streams, []);
});

Deno.test("the state is the connection's, with and without listeners", () => {
  using setting = new Setting();
  const store = stateStore(setting.ranger);
  assert.equal(store.get(), setting.ranger.state);
  const seen: string[] = [];
  const stop = store.subscribe(({ status }) => void seen.push(status));
  setting.server.cut();
  stop();
  assert.deepEqual(seen, ["open", "waiting"]);
  setting.pass();
  assert.equal(store.get().status, "connecting");
});

Deno.test("Svelte reads them as stores", () => {
  using setting = new Setting();
  const book = bookStore(setting.ranger, "btcusd");
  const spread = derived(book, ({ live, spread }) => live ? spread : "…");
  const seen: unknown[] = [];
  const stop = spread.subscribe((value) => seen.push(value));
  setting.clock.pass(ROUND_TRIP);
  setting.pass();
  setting.increment({ asks: ["15.0", ""], sequence: 2 });
  assert.deepEqual(seen, ["…", "1.0", "2.0"]);
  assert.equal(get(book).asks[0]?.price, "16.0");
  stop();
  setting.pass();
  assert.deepEqual(setting.ranger.streams, []);
});
