import assert from "node:assert/strict";
import fc from "fast-check";
import { MARKETS, Simulator } from "../../src/source/simulator/simulator.ts";
import { Random } from "../../src/source/simulator/random.ts";
import { peatioRegistry } from "../../src/streams/peatio.ts";
import { type Event, forManyRuns, play, runs, START, UID } from "../support/simulator.ts";
import { ModelBook } from "../support/model_book.ts";
import { SHAPES } from "../support/simulator_shapes.ts";
import { sinkOf } from "../support/source_event.ts";

interface Book {
  asks: Map<string, string>;
  bids: Map<string, string>;
  sequence: number;
}

function numbers(levels: Iterable<readonly string[]>): number[] {
  return Array.from(levels, ([price]) => Number(price));
}

Deno.test("every event has a known routing key and the shape that goes with it", async () => {
  const seen = new Set<string>();
  await forManyRuns((events) => {
    for (const { key, text } of events) {
      const shape = SHAPES.find(([pattern]) => pattern.test(key));
      assert.ok(shape !== undefined, `unknown routing key ${key}`);
      const result = shape[1].safeParse(JSON.parse(text));
      assert.ok(result.success, `${key} ${text}: ${result.error?.message}`);
      seen.add(shape[0].source);
    }
  });
  assert.equal(seen.size, SHAPES.length, "not every kind of event was published");
});

Deno.test("every event passes as its registered type in strict mode", async () => {
  for (const { key, text } of await play({ seed: 11 }, Array<number>(1_000).fill(50))) {
    const [scope, ...words] = key.split(".");
    const name = scope === "private" ? words.slice(1).join(".") : words.join(".");
    const kind = peatioRegistry.find(scope === "private" ? "private" : "public", name);
    assert.ok(kind !== undefined, `${key} is not registered`);
    const result = kind.payload.safeParse(JSON.parse(text));
    assert.ok(result.success, `${key} ${text}: ${result.error?.message}`);
  }
});

Deno.test("the first events are a snapshot of every book, with sequence 1", async () => {
  const events = await play({ seed: 3 }, []);
  const first = events.slice(0, MARKETS.length);
  assert.deepEqual(
    first.map((event) => event.key),
    MARKETS.map((market) => `public.${market.id}.ob-snap`),
  );
  for (const { text } of first) assert.equal(JSON.parse(text).sequence, 1);
});

Deno.test("a snapshot has what its increment will have made of the book, and no book crosses", async () => {
  await forManyRuns((events) => {
    const books = new Map<string, Book>();
    const ahead = new Map<string, { asks: string[][]; bids: string[][] }>();
    let [compared, removals, increments] = [0, 0, 0];
    for (const { key, text } of events) {
      const [, id, event] = key.split(".");
      if (event === "ob-snap") {
        const { asks, bids, sequence } = JSON.parse(text);
        assert.deepEqual(numbers(asks), numbers(asks).toSorted((a, b) => a - b));
        assert.deepEqual(numbers(bids), numbers(bids).toSorted((a, b) => b - a));
        assert.ok(asks.length > 0 && asks.length <= 301);
        assert.ok(bids.length > 0 && bids.length <= 301);
        const book = books.get(id!);
        if (book === undefined) {
          books.set(id!, { asks: new Map(asks), bids: new Map(bids), sequence });
        } else {
          assert.equal(sequence, book.sequence);
          assert.equal(ahead.has(id!), false, "two snapshots without an increment between");
          ahead.set(id!, { asks, bids });
        }
      } else if (event === "ob-inc") {
        const increment = JSON.parse(text);
        const book = books.get(id!);
        assert.ok(book !== undefined, "an increment before the first snapshot");
        assert.equal(increment.sequence, ++book.sequence);
        const levels = increment.asks === undefined ? book.bids : book.asks;
        const [price, amount] = increment.asks ?? increment.bids;
        if (amount === "") assert.ok(levels.delete(price), `${price} was not there`);
        else levels.set(price, amount);
        removals += amount === "" ? 1 : 0;
        increments += 1;
        const snapshot = ahead.get(id!);
        if (snapshot !== undefined) {
          assert.deepEqual(new Map(snapshot.asks as [string, string][]), book.asks);
          assert.deepEqual(new Map(snapshot.bids as [string, string][]), book.bids);
          ahead.delete(id!);
          compared += 1;
        }
        // Each moment, also between the increments of one order, is a book that could be.
        const highestBid = Math.max(...numbers(book.bids));
        assert.ok(highestBid < Math.min(...numbers(book.asks)), `${id} crosses`);
      }
    }
    assert.ok(compared > 0, "no book had a second snapshot");
    assert.ok(removals > increments / 10, `${removals} removals in ${increments} increments`);
    assert.equal(ahead.size, 0, "a snapshot in a quiet market");
  });
});

Deno.test("snapshots of a busy market come every ten seconds", async () => {
  const events = await play({ seed: 6, rate: 20 }, Array<number>(1_250).fill(50));
  for (const { id } of MARKETS) {
    const snapshots = events.filter(({ key }) => key === `public.${id}.ob-snap`);
    // After the first one, six in 62.5 seconds.
    assert.equal(snapshots.length, 7, id);
  }
});

Deno.test("candles are what the trades before them make", async () => {
  const lengths: Record<string, number> = {
    "1m": 60,
    "5m": 300,
    "15m": 900,
    "30m": 1800,
    "1h": 3600,
    "2h": 7200,
    "4h": 14400,
    "6h": 21600,
    "12h": 43200,
    "1d": 86400,
    "3d": 259200,
    "1w": 604800,
  };
  await forManyRuns((events) => {
    const trades = new Map<string, { date: number; price: string; amount: string }[]>();
    const periods = new Set<string>();
    const ends = new Map<string, number>();
    for (const { key, text } of events) {
      const [, id, event] = key.split(".");
      if (event === "trades") {
        trades.set(id!, [...trades.get(id!) ?? [], ...JSON.parse(text).trades]);
      }
      if (event?.startsWith("kline-") !== true) continue;
      const period = event.slice("kline-".length);
      const [start, open, high, low, close, volume] = JSON.parse(text);
      const length = lengths[period]!;
      const within = trades.get(id!)!.filter(({ date }) => date >= start && date < start + length);
      const prices = within.map(({ price }) => Number(price));
      assert.equal(open, prices[0]);
      assert.equal(close, prices.at(-1));
      assert.equal(high, Math.max(...prices));
      assert.equal(low, Math.min(...prices));
      const sum = within.reduce((total, { amount }) => total + Number(amount), 0);
      assert.ok(Math.abs(volume - sum) < 1e-6 * Math.max(1, sum), `${volume} is not ${sum}`);
      if (period === "1w") assert.equal(new Date(start * 1000).getUTCDay(), 1);
      else assert.equal(start % length, 0);
      const last = ends.get(key) ?? start;
      assert.ok(start >= last, `${key} went back`);
      ends.set(key, start);
      periods.add(period);
    }
    assert.deepEqual([...periods].sort(), Object.keys(lengths).sort());
  });
});

Deno.test("the last candle of a period is published before the next period's first", async () => {
  const events = await play({ seed: 5, rate: 60 }, Array<number>(4_000).fill(50));
  const volumes = new Map<number, number>();
  const traded = new Map<number, number>();
  for (const { key, text } of events) {
    if (key === "public.btcusd.kline-1m") {
      const [start, , , , , volume] = JSON.parse(text);
      volumes.set(start, volume);
    }
    if (key !== "public.btcusd.trades") continue;
    for (const { date, amount } of JSON.parse(text).trades) {
      const start = date - date % 60;
      traded.set(start, (traded.get(start) ?? 0) + Number(amount));
    }
  }
  const finished = [...volumes.keys()].slice(0, -1);
  assert.ok(finished.length >= 3);
  for (const start of finished) {
    assert.ok(Math.abs(volumes.get(start)! - traded.get(start)!) < 1e-6);
  }
});

Deno.test("tickers come every second and agree with the trades and the book", async () => {
  const events = await play({ seed: 8 }, Array<number>(1_200).fill(50));
  const last = new Map<string, string>();
  const best = new Map<string, { buy: string; sell: string }>();
  const times: number[] = [];
  let pending: Record<string, Record<string, string>> = {};
  for (const { key, text } of events) {
    const [, id, event] = key.split(".");
    if (event === "trades") last.set(id!, JSON.parse(text).trades.at(-1).price);
    // The older full books come right before the tickers, at the same moment.
    if (event === "update") {
      const { asks, bids } = JSON.parse(text);
      best.set(id!, { buy: bids[0][0], sell: asks[0][0] });
    }
    if (event !== "tickers") continue;
    pending = JSON.parse(text);
    for (const [id, ticker] of Object.entries(pending)) {
      if (last.has(id)) assert.equal(ticker.last, last.get(id));
      assert.deepEqual({ buy: ticker.buy, sell: ticker.sell }, best.get(id));
      assert.ok(Number(ticker.low) <= Number(ticker.last));
      assert.ok(Number(ticker.last) <= Number(ticker.high));
    }
    times.push(Number(pending.btcusd!.at));
  }
  assert.deepEqual(times, times.map((_, index) => START / 1000 + index));
  assert.equal(times.length, 61);
  assert.deepEqual(Object.keys(pending), MARKETS.map((market) => market.id));
});

Deno.test("private orders and trades are those of the public trades", async () => {
  const owners = new Set<string>();
  const states = new Set<string>();
  await forManyRuns((events) => {
    const open = new Map<number, { uid: string; executed: number; trades: number }>();
    const traded = new Map<number, { volume: number; count: number }>();
    const sides = new Map<number, string[]>();
    const published = new Map<number, string>();
    for (const { key, text } of events) {
      const [scope, uid, event] = key.split(".");
      const body = JSON.parse(text);
      if (scope === "public" && event === "trades") {
        for (const trade of body.trades) published.set(trade.tid, trade.price);
      }
      if (scope !== "private") continue;
      owners.add(uid!);
      if (event === "order") {
        const executed = Number(body.executed_volume);
        const left = Number(body.remaining_volume);
        const origin = Number(body.origin_volume);
        assert.ok(Math.abs(executed + left - origin) < 1e-9 * Math.max(1, origin));
        assert.equal(body.state === "done", left === 0);
        assert.equal(body.price === null, body.ord_type === "market");
        if (uid === UID) states.add(body.state === "wait" && executed > 0 ? "part" : body.state);
        const before = open.get(body.id);
        if (before !== undefined) {
          assert.equal(uid, before.uid, "an order changed hands");
          assert.ok(executed >= before.executed && body.trades_count >= before.trades);
        }
        open.set(body.id, { uid: uid!, executed, trades: body.trades_count });
      }
      if (event === "trade") {
        assert.equal(body.price, published.get(body.id), "a private trade without its public one");
        sides.set(body.id, [...sides.get(body.id) ?? [], body.side]);
        const sum = traded.get(body.order_id) ?? { volume: 0, count: 0 };
        sum.volume += Number(body.amount);
        sum.count += 1;
        traded.set(body.order_id, sum);
      }
    }
    for (const [id, { volume, count }] of traded) {
      const order = open.get(id)!;
      assert.equal(order.trades, count);
      assert.ok(Math.abs(order.executed - volume) < 1e-6 * Math.max(1, volume));
    }
    // Every trade has a buyer and a seller, and both receive it.
    assert.equal(sides.size, published.size);
    for (const both of sides.values()) assert.deepEqual(both.sort(), ["buy", "sell"]);
  });
  assert.ok(owners.has(UID) && owners.size > 5, "privacy shows only where there are others");
  assert.deepEqual([...states].sort(), ["cancel", "done", "part", "wait"]);
});

Deno.test("the demo's user trades at once", async () => {
  await forManyRuns((events) => {
    const first = events.findIndex(({ key }) => key === `private.${UID}.trade`);
    const tickers = events.flatMap(({ key }, at) => key === "public.global.tickers" ? [at] : []);
    assert.ok(first >= 0 && first < (tickers[2] ?? Infinity), "no trade in the first second");
  });
});

Deno.test("the demo's user never orders more than they can pay", async () => {
  // So dear that hardly more than one order can be paid.
  const dear = { ...MARKETS[0]!, id: "btceur", name: "BTC/EUR", quote: "eur", size: 1_500_000 };
  const events = await play({ markets: [dear], rate: 5 }, Array<number>(2_000).fill(1_000));
  const balances = events.filter(({ key }) => key === `private.${UID}.balances`);
  assert.ok(balances.length > 100);
  for (const { text } of balances) assert.ok(!text.includes("-"), text);
});

Deno.test("the same seed gives the same events, another seed gives others", async () => {
  await fc.assert(
    fc.asyncProperty(runs, async ({ seed, rate, steps }) => {
      const once = await play({ seed, rate }, steps);
      assert.deepEqual(await play({ seed, rate }, steps), once);
      assert.notDeepEqual(await play({ seed: seed + 1, rate }, steps), once);
    }),
    { numRuns: 4 },
  );
});

Deno.test("a uid, markets and a rate can be chosen", async () => {
  const markets = MARKETS.slice(0, 1);
  const steps = Array<number>(200).fill(50);
  const slow = await play({ uid: "IDANN0000001", markets, rate: 5 }, steps);
  const fast = await play({ uid: "IDANN0000001", markets, rate: 500 }, steps);
  assert.ok(fast.length > 10 * slow.length);
  const ids = new Set(slow.map(({ key }) => key.split(".")[1]));
  assert.ok(ids.has("btcusd") && ids.has("IDANN0000001") && !ids.has("ethusd") && !ids.has(UID));
  for (const rate of [0, -1, NaN, Infinity]) {
    assert.throws(() => new Simulator({ rate }), RangeError);
  }
});

Deno.test("nothing is delivered before start and after stop, and a new start has the same books", async () => {
  let now = START;
  let heard: Event[] = [];
  const sink = sinkOf({
    deliver: ({ routingKey, body }) =>
      void heard.push({ key: routingKey, text: new TextDecoder().decode(body) }),
  });
  /** The book that the events so far say. */
  const btcusd = () => {
    const book = new ModelBook();
    for (const { key, text } of heard) {
      if (key === "public.btcusd.ob-snap" && JSON.parse(text).sequence === 1) {
        book.replace(JSON.parse(text));
      }
      if (key === "public.btcusd.ob-inc") book.apply(JSON.parse(text));
    }
    const { asks, bids, sequence = 0 } = book.snapshot();
    return { asks, bids, sequence };
  };
  const simulator = new Simulator({ now: () => now });
  simulator.step(now += 5_000);
  assert.equal(heard.length, 0);
  assert.equal(simulator.state.connected, false);

  simulator.start(sink);
  simulator.start(sink);
  assert.equal(heard.filter(({ key }) => key === "public.btcusd.ob-snap").length, 1);
  assert.equal(simulator.state.connected, true);
  assert.match(simulator.state.detail, /btcusd.*seed 1/);
  for (let i = 0; i < 100; i++) simulator.step(now += 50);
  const before = btcusd();

  await simulator.stop();
  await simulator.stop();
  heard = [];
  simulator.step(now += 5_000);
  assert.equal(heard.length, 0);
  simulator.start(sink);
  assert.ok(before.sequence > 20);
  assert.deepEqual(btcusd(), { ...before, sequence: 1 });
  await simulator.stop();
});

Deno.test("a clock that goes back stands still, a long pause is not made up for", async () => {
  const back = await play({ rate: 100 }, [1_000, -600_000, 60_000, 600_000]);
  const dates = back.filter(({ key }) => key.endsWith(".trades"))
    .flatMap(({ text }) => JSON.parse(text).trades.map(({ date }: { date: number }) => date));
  assert.deepEqual(dates, dates.toSorted((a, b) => a - b));
  assert.deepEqual([...new Set(dates)], [START / 1000 + 1, START / 1000 + 61]);
  assert.ok(dates.filter((date) => date === dates.at(-1)).length > 10, "the markets stood still");
  const pause = await play({ rate: 100 }, [86_400_000]);
  assert.ok(pause.length < 10_000, `${pause.length} events in one step`);
});

Deno.test("it drives itself once started", async () => {
  const simulator = new Simulator({ rate: 200 });
  const { promise, resolve } = Promise.withResolvers<void>();
  simulator.start(sinkOf({
    deliver: ({ routingKey }) => routingKey === "public.ethbtc.trades" && resolve(),
  }));
  await promise;
  await simulator.stop();
});

Deno.test("random numbers are evenly spread, and differ with every seed", () => {
  const buckets = Array<number>(10).fill(0);
  let sum = 0;
  for (let seed = 0; seed < 2_000; seed++) {
    const random = new Random(String(seed));
    for (let i = 0; i < 10; i++) buckets[Math.floor(random.next() * 10)]! += 1;
    sum += random.normal();
  }
  for (const count of buckets) assert.ok(count > 1_800 && count < 2_200, String(buckets));
  assert.ok(Math.abs(sum / 2_000) < 0.1, String(sum));
});
