import fc from "fast-check";
import assert from "node:assert/strict";
import { parseRoutingKey } from "../../src/streams/routing_key.ts";
import { parseStreamName, streamsOfQuery } from "../../src/streams/stream_name.ts";
import { fuzz } from "../support/fuzz.ts";

Deno.test("the first word of a routing key says for whom an event is", () => {
  assert.deepEqual(parseRoutingKey("public.usdbtc.trades"), {
    scope: "public",
    id: "usdbtc",
    event: "trades",
    name: "usdbtc.trades",
  });
  assert.deepEqual(parseRoutingKey("public.global.tickers"), {
    scope: "public",
    id: "global",
    event: "tickers",
    name: "global.tickers",
  });
  assert.deepEqual(parseRoutingKey("private.ID123.deposit_address"), {
    scope: "private",
    uid: "ID123",
    event: "deposit_address",
  });
  assert.deepEqual(parseRoutingKey("admin.usdbtc.orders"), {
    scope: "prefixed",
    id: "usdbtc",
    event: "orders",
    subscription: "admin.usdbtc.orders",
    name: "usdbtc.orders",
  });
});

Deno.test("two words are public and keep their name", () => {
  for (const scope of ["public", "global"]) {
    assert.deepEqual(parseRoutingKey(`${scope}.tickers`), {
      scope: "public",
      id: scope,
      event: "tickers",
      name: `${scope}.tickers`,
    });
  }
  for (const key of ["private.order", "admin.orders", "usdbtc.trades", "globals.tickers"]) {
    assert.equal(parseRoutingKey(key), undefined, key);
  }
});

Deno.test("global with three words is public, unless it is a prefix like any other", () => {
  assert.deepEqual(
    parseRoutingKey("global.usdbtc.trades"),
    parseRoutingKey("public.usdbtc.trades"),
  );
  assert.deepEqual(parseRoutingKey("global.usdbtc.trades", true), {
    scope: "prefixed",
    id: "usdbtc",
    event: "trades",
    subscription: "global.usdbtc.trades",
    name: "usdbtc.trades",
  });
  assert.deepEqual(parseRoutingKey("global.tickers", true), parseRoutingKey("global.tickers"));
});

Deno.test("scopes are whole words, in lower case", () => {
  const prefixes = ["publicx", "xpublic", "publi", "Public", "privat", "private1"];
  for (const prefix of [...prefixes, "globals", "xglobal", "globe", "Global"]) {
    const route = parseRoutingKey(`${prefix}.usdbtc.trades`);
    assert.equal(route?.scope, "prefixed", prefix);
    assert.equal(route?.scope === "prefixed" && route.subscription, `${prefix}.usdbtc.trades`);
  }
});

Deno.test("other numbers of words and empty words are no routing key", () => {
  const keys = ["", ".", "..", "...", "public", "public.", ".trades", "public..trades"];
  const more = [
    ".usdbtc.trades",
    "public.usdbtc.",
    "public.a.b.c",
    "a.b.c.d.e",
    "private..",
    "p..",
  ];
  for (const key of [...keys, ...more]) assert.equal(parseRoutingKey(key), undefined, key);
});

Deno.test("any routing key is read as its words say", () => {
  const word = fc.constantFrom("public", "private", "global", "admin", "usdbtc", "ob-inc", "", "é");
  fuzz(
    60_000,
    fc.property(fc.array(word, { maxLength: 5 }), fc.boolean(), (words, globalIsPrefix) => {
      const route = parseRoutingKey(words.join("."), globalIsPrefix);
      const [first, second, third] = words;
      const known = !words.includes("") &&
        (words.length === 3 || (words.length === 2 && (first === "public" || first === "global")));
      if (!known) return assert.equal(route, undefined);
      const isGlobal = first === "global" && !globalIsPrefix;
      const scope = words.length === 2 || first === "public" || isGlobal
        ? "public"
        : first === "private"
        ? "private"
        : "prefixed";
      assert.equal(route?.scope, scope);
      assert.equal(route?.event, third ?? second);
      if (route?.scope === "private") assert.equal(route.uid, second);
      else assert.equal(route?.id, words.length === 2 ? first : second);
    }),
  );
});

/** Of the names of one to three words: what the length and the characters allow. */
function canBeHeld(name: string): boolean {
  return new TextEncoder().encode(name).length <= 255 && !/[\s\p{Cc}]/u.test(name);
}

Deno.test("no text makes more of a routing key or a name than its words", () => {
  const text = fc.oneof(
    fc.string({
      unit: fc.constantFrom(".", ".", "a", "public", "private", "\u0000", "é"),
      maxLength: 9,
    }),
    fc.string({ unit: "binary", maxLength: 20 }),
    fc.string({ unit: fc.constantFrom("."), maxLength: 255 }),
  );
  fuzz(
    60_000,
    fc.property(text, (text) => {
      const words = text.split(".");
      const whole = !words.includes("");
      const route = parseRoutingKey(text);
      if (route !== undefined) {
        assert.ok(whole);
        assert.equal(route.event, words.at(-1));
        // What is somebody's own is so by its first word alone, and by no name that can be held.
        assert.equal(route.scope === "private", words.length === 3 && words[0] === "private");
        if (route.scope === "public" && canBeHeld(text)) {
          assert.equal(parseStreamName(route.name).form, "public");
        }
        if (route.scope === "prefixed" && canBeHeld(text)) {
          assert.equal(parseStreamName(route.subscription).form, "prefixed");
        }
      }
      const forms = ["bare", "public", "prefixed"];
      const form = whole && canBeHeld(text) && forms[words.length - 1] || "other";
      assert.equal(parseStreamName(text).form, form);
      const named = streamsOfQuery(`a=b&stream=${encodeURIComponent(text)}`);
      assert.deepEqual(named, [...new Set(text.toWellFormed().split(",").filter(Boolean))]);
    }),
  );
});

Deno.test("no query does more than name streams", () => {
  const unit = fc.constantFrom(
    "stream=",
    "&",
    "=",
    ",",
    "%",
    "%2",
    "%2C",
    "%ff",
    "+",
    "a.b",
    "?",
    "#",
  );
  fuzz(
    20_000,
    fc.property(fc.string({ unit, maxLength: 12 }), (query) => {
      const names = streamsOfQuery(query);
      assert.equal(new Set(names).size, names.length);
      for (const name of names) assert.ok(name !== "" && !name.includes(","));
    }),
  );
});

Deno.test("a stream's name is read by its number of words", () => {
  assert.deepEqual(parseStreamName("usdbtc.trades"), {
    form: "public",
    id: "usdbtc",
    event: "trades",
  });
  assert.deepEqual(parseStreamName("admin.usdbtc.orders"), {
    form: "prefixed",
    prefix: "admin",
    id: "usdbtc",
    event: "orders",
  });
  assert.deepEqual(parseStreamName("order"), { form: "bare", word: "order" });
  const manyWords = ["", ".", "a.", ".a", "a..b", "a.b.", "a.b.c.d", "a.b.c.", "a.b.c.d.e"];
  const characters = [
    "a b",
    " a",
    "a.b ",
    "a\n",
    "a.\tb",
    "\u0000",
    "a.\u007f",
    "a\u00a0b",
    "\u2028",
  ];
  const long = ["a".repeat(256), "é".repeat(128), `a.${"€".repeat(85)}`];
  for (const name of [...manyWords, ...characters, ...long]) {
    assert.deepEqual(parseStreamName(name), { form: "other" }, name);
  }
  for (const name of ["a".repeat(255), `${"é".repeat(127)}a`, "€".repeat(85)]) {
    assert.deepEqual(parseStreamName(name), { form: "bare", word: name });
  }
});

Deno.test("streams of a query are repeated, separated by commas, or both", () => {
  for (
    const [query, names] of [
      ["", []],
      ["stream=a.b", ["a.b"]],
      ["?stream=a.b&stream=c", ["a.b", "c"]],
      ["stream=a.b,c", ["a.b", "c"]],
      ["stream=a.b,c&stream=d,a.b&x=1&streams=e", ["a.b", "c", "d"]],
      ["stream=a%2Eb%2Cc&stream=%C3%A9", ["a.b", "c", "é"]],
      ["stream=&stream=,,&stream=a,", ["a"]],
      ["stream", []],
      ["cors=1&stream=a&envelope=tuple", ["a"]],
    ] as const
  ) {
    assert.deepEqual(streamsOfQuery(query), names, query);
  }
});
