import assert from "node:assert/strict";
import * as z from "zod";
import { defineStream, type PayloadOf, SIMULATED } from "../../src/streams/define_stream.ts";
import { type PeatioPayload, peatioRegistry } from "../../src/streams/peatio.ts";
import { Registry } from "../../src/streams/registry.ts";

/** Compiles only where both are the same type. */
function same<A, B>(
  _: [A] extends [B] ? [B] extends [A] ? true : [A, "is not", B] : [A, "is not", B],
): void {}

/** `unknown`, and not `any`. */
type IsUnknown<T> = unknown extends T ? [keyof T] extends [never] ? true : false : false;

const depth = defineStream({
  name: "<id>.depth-<levels>",
  scope: "public",
  words: { levels: ["5", "20"] },
  delivery: "plain",
  summary: "The best levels",
  payload: z.object({ bids: z.array(z.string()) }),
  example: { bids: ["1"] },
});
const margin = defineStream({
  name: "margin_call",
  scope: "private",
  delivery: "plain",
  summary: "A position needs more margin",
  payload: z.object({ ratio: z.string() }),
  example: { ratio: "0.5" },
});
const queue = defineStream({
  name: "<id>.queue",
  scope: "public",
  delivery: "snapshot with increments",
  state: "replay",
  snapshot: z.object({ waiting: z.array(z.string()) }),
  increment: z.object({ arrived: z.string() }),
  summary: "The users that wait",
  example: { snapshot: { waiting: ["ID1"] }, increment: { arrived: "ID2" } },
});
const OWN = [depth, margin, queue] as const;

Deno.test("a kind of stream is one definition: names, roles and payloads follow from it", () => {
  const registry = new Registry(OWN);
  assert.deepEqual(
    registry.kinds.map(({ label, scope, role, state }) => [label, scope, role, state]),
    [
      ["<id>.depth-<levels>", "public", "plain", undefined],
      ["margin_call", "private", "plain", undefined],
      ["<id>.queue-snap", "public", "snapshot", "replay"],
      ["<id>.queue-inc", "public", "increment", "replay"],
    ],
  );
  const find = (scope: "public" | "private", name: string) => registry.find(scope, name)?.label;
  assert.equal(find("public", "usdbtc.depth-5"), "<id>.depth-<levels>");
  assert.equal(find("public", "usdbtc.depth-20"), "<id>.depth-<levels>");
  assert.equal(find("public", "usdbtc.queue-inc"), "<id>.queue-inc");
  assert.equal(find("private", "margin_call"), "margin_call");
  for (
    const [scope, name] of [
      ["public", "usdbtc.depth-10"],
      ["public", "usdbtc.depth-"],
      ["public", "usdbtc.depth-55"],
      ["public", "depth-5"],
      ["public", "a.b.depth-5"],
      ["public", ".depth-5"],
      ["public", "usdbtcxdepth-5"],
      ["public", "usdbtc.queue"],
      ["public", "margin_call"],
      ["private", "usdbtc.depth-5"],
      ["private", "margin_calls"],
    ] as const
  ) {
    assert.equal(find(scope, name), undefined, `${scope} ${name}`);
    assert.equal(find(scope, name), undefined, "also when asked again");
  }
  const kind = registry.find("public", "usdbtc.queue-inc");
  assert.equal(kind?.fits({ arrived: "ID1" }), true);
  assert.equal(kind?.fits({ waiting: [] }), false);
});

Deno.test("what a client may name can neither confuse nor fill the registry", () => {
  const registry = new Registry(OWN);
  for (let at = 0; at < 10_000; at++) {
    assert.equal(registry.find("public", `m${at}.nothing`), undefined);
    assert.equal(registry.find("public", `m${at}.depth-5`)?.label, "<id>.depth-<levels>");
  }
  for (const name of ["__proto__", "constructor.depth-5\n", "a.depth-5|20", "<id>.queue-inc.x"]) {
    assert.equal(registry.find("public", name), undefined, name);
  }
});

Deno.test("every declared example fits the type of its kind", () => {
  const kinds = [...new Registry(OWN).kinds, ...peatioRegistry.kinds];
  for (const { label, example, fits } of kinds) {
    if (example !== SIMULATED) assert.ok(fits(example), label);
  }
});

Deno.test("two definitions of one name are a mistake", () => {
  assert.throws(
    () => new Registry([...OWN, depth]),
    new TypeError("Stream <id>.depth-<levels> is defined twice."),
  );
});

Deno.test("a plain stream cannot have the name of a snapshot or an increment", () => {
  for (const [name, role] of [["<id>.seats-snap", "snapshot"], ["<id>.seats-inc", "increment"]]) {
    const seats = defineStream({
      name: name!,
      scope: "public",
      delivery: "plain",
      payload: z.object({}),
      summary: "Seats",
      example: {},
    });
    assert.throws(
      () => new Registry([seats]),
      new TypeError(`Stream ${name} has the name of a ${role}.`),
    );
  }
});

Deno.test("the payload's type follows from the stream's name, at compile time", () => {
  same<PayloadOf<typeof OWN, "usdbtc.depth-5">, { bids: string[] }>(true);
  same<PayloadOf<typeof OWN, "margin_call">, { ratio: string }>(true);
  same<PayloadOf<typeof OWN, "usdbtc.queue-snap">, { waiting: string[] }>(true);
  same<PayloadOf<typeof OWN, "usdbtc.queue-inc">, { arrived: string }>(true);
  same<IsUnknown<PayloadOf<typeof OWN, "usdbtc.depth-7">>, true>(true);
  same<IsUnknown<PayloadOf<typeof OWN, "usdbtc.queue">>, true>(true);

  type Number = string | number;
  same<
    PeatioPayload<"btcusd.kline-1m">,
    [Number, Number | null, Number | null, Number | null, Number | null, Number | null]
  >(true);
  type Level = [price: Number, amount: Number | null, count?: Number | undefined];
  same<PeatioPayload<"btcusd.ob-snap">["asks"], Level[]>(true);
  same<PeatioPayload<"btcusd.ob-inc">["bids"], Level | Level[] | null | undefined>(true);
  same<PeatioPayload<"btcusd.ob-inc">["sequence"], Number | undefined>(true);
  same<PeatioPayload<"global.tickers">[string]["name"], string | null | undefined>(true);
  same<PeatioPayload<"balances">, Record<string, [Number, Number]>>(true);
  same<PeatioPayload<"trade">["id"], Number>(true);
  same<IsUnknown<PeatioPayload<"btcusd.kline-9m">>, true>(true);
  same<IsUnknown<PeatioPayload<"btcusd.something">>, true>(true);

  const candle: PeatioPayload<"btcusd.kline-1m"> = [1537370580, 1, "2.0", 3, 4, "5"];
  // @ts-expect-error a candle has six numbers
  const short: PeatioPayload<"btcusd.kline-1m"> = [1537370580];
  // @ts-expect-error a level is a pair
  const increment: PeatioPayload<"btcusd.ob-inc"> = { asks: ["1.0"] };
  // @ts-expect-error the available and the locked amount
  const balances: PeatioPayload<"balances"> = { btc: "1.0" };
  const states: PeatioPayload<"order">["state"][] = ["wait", "one that a later version adds"];
  // @ts-expect-error not a state of an order
  const state: PeatioPayload<"order">["state"] = 100;
  const unregistered: PeatioPayload<"btcusd.something"> = { any: ["thing"] };
  assert.ok([candle, short, increment, balances, states, state, unregistered]);
});

Deno.test("the kinds that Peatio publishes are registered under their names", () => {
  const registered = new Set(
    peatioRegistry.kinds.map(({ label, scope, state }) =>
      `${scope} ${label} ${state ?? ""}`.trim()
    ),
  );
  const published = [
    "public <id>.update",
    "public <id>.trades",
    "public <id>.ob-snap order-book",
    "public <id>.ob-inc order-book",
    "public <id>.kline-<period>",
    "public global.tickers",
    "private order",
    "private trade",
    "private deposit_address",
    "private balances",
    "private balance",
    "private withdraw",
    "private deposit",
  ];
  assert.deepEqual(published.filter((kind) => !registered.has(kind)), []);
  const periods = "1m 5m 15m 30m 1h 2h 4h 6h 12h 1d 3d 1w".split(" ");
  for (const period of periods) {
    assert.ok(peatioRegistry.find("public", `btcusd.kline-${period}`), period);
  }
  for (const name of ["btcusd.kline-3m", "btcusd.kline-", "usdbtc.tickers", "usdbtc.ob"]) {
    assert.equal(peatioRegistry.find("public", name), undefined, name);
  }
});
