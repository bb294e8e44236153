/** What one connection may draw of order books and other initial states. */
import assert from "node:assert/strict";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { Opcode, RawClient } from "../../testing/raw_client.ts";
import { type Exchange, startExchange, step } from "../support/exchange.ts";
import { labelled } from "../support/metrics.ts";

const broker = await sharedBroker();

const RATE = 200_000;
const BURST = 1_000_000;
const ARGS = [
  `--limits-state-rate=${RATE}`,
  `--limits-state-burst=${BURST}`,
  "--limits-message-rate=0",
  "--no-compression",
];

const LEVELS = 10_000;
const MARKETS = Array.from({ length: 100 }, (_, at) => `m${at}`);

const decoder = new TextDecoder();

function book(levels: number, sequence = 1) {
  const asks = Array.from({ length: levels }, (_, at) => [`${100_000 + at}.25`, "1.1234567"]);
  return { asks, bids: [], sequence };
}

/**
 * Repeats messages for some seconds, or until the client was sent many times its budget.
 *
 * @returns bytes of states, and the seconds that it took
 */
async function draw(exchange: Exchange, round: readonly string[]) {
  using client = await RawClient.open(exchange.ranger.url("/public"));
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  let bytes = 0;
  while (seconds() < 3 && bytes < 20 * BURST) {
    for (const payload of [...round, "ping"]) await client.send({ opcode: Opcode.text, payload });
    for (let text = ""; text !== "pong";) {
      text = decoder.decode((await client.frame()).payload);
      if (text.includes(".ob-snap")) bytes += text.length;
    }
  }
  return { bytes, seconds: seconds() };
}

Deno.test("a client that asks for the same books over and over is sent what its budget allows", async (t) => {
  await using exchange = await startExchange(broker, { auth: false, args: ARGS });
  await exchange.publish("public.deep.ob-snap", book(LEVELS));
  for (const market of MARKETS) await exchange.publish(`public.${market}.ob-snap`, book(300));
  await exchange.settled();
  const message = (event: string, streams: readonly string[]) => JSON.stringify({ event, streams });

  for (
    const [what, streams] of [
      ["one book of 10,000 levels", ["deep.ob-inc"]],
      ["a hundred books", MARKETS.map((market) => `${market}.ob-inc`)],
    ] as const
  ) {
    await step(t, what, async () => {
      const largest = 10_000 * 24;
      const { bytes, seconds } = await draw(exchange, [
        message("subscribe", streams),
        message("unsubscribe", streams),
      ]);
      const allowed = BURST + RATE * seconds + largest;
      assert.ok(bytes <= allowed, `${bytes} bytes in ${seconds} s; ${allowed} are allowed`);
      assert.ok(bytes >= BURST / 2, `${bytes} bytes: the burst was sent`);
    });
  }

  await step(t, "which is counted", async () => {
    const hit = await labelled(exchange.ranger, "ranger_limits_hit_total", "limit");
    assert.ok(hit.state_rate! >= 1, JSON.stringify(hit));
  });
});

Deno.test("past the budget, states come later, in step with their increments", async () => {
  const args = ["--limits-state-rate=40000", "--limits-state-burst=20000", "--no-compression"];
  await using exchange = await startExchange(broker, { auth: false, args });
  const markets = MARKETS.slice(0, 12);
  const streams = markets.map((market) => `${market}.ob-inc`);
  for (const market of markets) await exchange.publish(`public.${market}.ob-snap`, book(300));
  await exchange.settled();

  await using client = await exchange.connect(`/public?stream=${streams.join(",")}`, {
    holds: streams,
  });
  // All but the first few wait now. Whatever the market does meanwhile, each begins in step.
  for (const market of markets) {
    await exchange.publish(`public.${market}.ob-inc`, { asks: ["1.0", "2"], sequence: 2 });
  }
  await exchange.settled();
  await client.send("ping");
  let begunAtPong = markets.length;
  const sequences = new Map<string, number>();
  while (sequences.size < markets.length || [...sequences.values()].some((last) => last < 2)) {
    const text = await client.next();
    if (text === "pong") {
      begunAtPong = sequences.size;
      continue;
    }
    const [name = "", { sequence }] = Object.entries<{ sequence: number }>(JSON.parse(text))[0]!;
    const [market = "", event] = name.split(".");
    const last = sequences.get(market);
    if (event === "ob-snap") assert.equal(last, undefined, `${name} came twice`);
    else assert.equal(sequence, last! + 1, name);
    sequences.set(market, sequence);
  }
  assert.ok(begunAtPong < markets.length, "the client is answered while it waits");
  await exchange.assertOwedNothing(client);
});
