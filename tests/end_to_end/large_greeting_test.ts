import assert from "node:assert/strict";
import { bounded, until } from "../../testing/bounded.ts";
import { startExchange, step, subscribed } from "../support/exchange.ts";
import { scrape } from "../support/metrics.ts";
import { closeOf, RawClient } from "../../testing/raw_client.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";

const broker = await sharedBroker();

/** Books whose states are 6 MB together, more than the kernel takes and six times what may wait. */
const MARKETS = Array.from({ length: 200 }, (_, at) => `m${at}`);
const LEVELS = 1_000;
const ALL = `/public?stream=${MARKETS.map((market) => `${market}.ob-inc`).join(",")}`;
const LIMIT = 2 ** 20;

function book(sequence: number) {
  const asks = Array.from({ length: LEVELS }, (_, at) => [`${1000 + at}.25`, `${sequence}.123456`]);
  return { asks, bids: [], sequence };
}

const increment = (sequence: number) => ({ asks: ["1.0", `${sequence}`], sequence });

Deno.test("a client may follow the books of a whole exchange at once", async (t) => {
  const args = [
    "--limits-unsent-bytes",
    `${LIMIT}`,
    "--no-compression",
    "--log-level",
    "debug",
    "--limits-unsent-timeout=1",
  ];
  await using exchange = await startExchange(broker, { auth: false, args });
  const { ranger } = exchange;
  for (const market of MARKETS) await exchange.publish(`public.${market}.ob-snap`, book(1));
  await exchange.settled();

  await step(t, "one that reads has them all, and goes on in step", async () => {
    using client = await RawClient.connect(ranger.port);
    await client.handshake(ranger.url(ALL));
    // Its first books are on their way; the rest waits for it to read, while the market goes on.
    for (const market of MARKETS) await exchange.publish(`public.${market}.ob-inc`, increment(2));
    await exchange.settled();
    assert.equal((await client.frame()).payload.length, subscribed(...held()).length);
    const sequences = new Map<string, number>();
    await bounded(
      (async () => {
        while (!MARKETS.every((market) => sequences.get(market) === 2)) {
          const { payload } = await client.frame();
          const [name = "", { sequence }] = only(JSON.parse(new TextDecoder().decode(payload)));
          const [market = "", event] = name.split(".");
          const last = sequences.get(market);
          if (event === "ob-snap") assert.equal(last, undefined, `${name} came twice`);
          else assert.equal(sequence, last! + 1, name);
          sequences.set(market, sequence);
        }
      })(),
      () => `all books: ${sequences.size} came`,
    );
  });

  await step(t, "one that comes back to them by message has them again", async () => {
    await using client = await exchange.connect("/public");
    for (const again of [false, true]) {
      for (const half of [MARKETS.slice(0, 120), MARKETS.slice(120)]) {
        const streams = half.map((market) => `${market}.ob-inc`);
        client.send(JSON.stringify({ event: "subscribe", streams }));
      }
      const came = new Set<string>();
      while (came.size < MARKETS.length) {
        const [name = ""] = only(JSON.parse(await client.next()));
        if (name !== "success") came.add(name);
      }
      assert.deepEqual([...came], MARKETS.map((market) => `${market}.ob-snap`), `${again}`);
      client.send(JSON.stringify({ event: "unsubscribe", streams: held().slice(0, 120) }));
      client.send(JSON.stringify({ event: "unsubscribe", streams: held().slice(120) }));
      await client.next();
      await client.next();
    }
    await exchange.assertOwedNothing(client);
  });

  await step(t, "one that does not read has no more waiting than the limit says", async () => {
    using client = await RawClient.connect(ranger.port);
    await client.handshake(ranger.url(`${ALL},flood.trades`));
    const unsent = async () => (await scrape(ranger)).value("ranger_unsent_bytes");
    await until(async () => await unsent() > 0 || undefined, "its books to wait");
    assert.ok(await unsent() <= LIMIT + 40_000, "no more than the limit and a book");
    const closed = ranger.log((line) => line.reason === "slow consumer", "its end");
    const flood = { trades: [], text: "x".repeat(100_000) };
    for (let sent = 0; sent <= LIMIT; sent += 100_000) {
      await exchange.publish("public.flood.trades", flood);
    }
    await closed;
    const frames = await client.rest();
    assert.deepEqual(closeOf(frames.at(-1)!), { code: 1008, reason: "slow consumer" });
  });
});

function held(): string[] {
  return MARKETS.map((market) => `${market}.ob-inc`);
}

/** A message's one key and what it carries. */
function only(message: Record<string, { sequence: number }>) {
  return Object.entries(message)[0]!;
}
