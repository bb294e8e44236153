import assert from "node:assert/strict";
import { AvailableStreams } from "../../src/hub/available_streams.ts";

const HOUR = 3_600_000;

Deno.test("the list has what came in lately, sorted, and forgets it within a day", () => {
  let now = 5;
  const available = new AvailableStreams(() => now);
  assert.deepEqual(available.list(), []);
  available.note("usdbtc.trades");
  available.note("ethbtc.trades");
  assert.deepEqual(available.list(), ["ethbtc.trades", "usdbtc.trades"]);
  now += 13 * HOUR;
  available.note("ethbtc.trades");
  assert.deepEqual(available.list(), ["ethbtc.trades", "usdbtc.trades"]);
  available.note("ethbtc.trades");
  now += 12 * HOUR;
  assert.deepEqual(available.list(), ["ethbtc.trades"]);
  now += 48 * HOUR;
  assert.deepEqual(available.list(), []);
});

Deno.test("the list is bounded, and the same until something changes", () => {
  const available = new AvailableStreams(() => 0);
  for (let at = 0; at < 1500; at++) available.note(`m${at}.trades`);
  const list = available.list();
  assert.equal(list.length, 1000);
  assert.equal(available.list(), list);
  available.note("m1.trades");
  assert.equal(available.list(), list);
  available.note("a.trades");
  assert.equal(available.list()[0], "a.trades");
});
