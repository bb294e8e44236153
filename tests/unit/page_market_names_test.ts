import assert from "node:assert/strict";
import { idOf } from "../../web/src/market_names.ts";

const MARKETS = [["btcusd", "BTC/USD"], ["BTCUSD", "Big BTC/USD"], ["ETH-EUR", "ETH/EUR"]] as const;

Deno.test("a market is found by its id and its name, however they are written", () => {
  assert.equal(idOf("btcusd", MARKETS), "btcusd");
  assert.equal(idOf(" BTCUSD ", MARKETS), "BTCUSD", "the id as the exchange lists it");
  assert.equal(idOf("BtcUsd", MARKETS), "btcusd");
  for (const text of ["BTC/USD", "btc usd", "btc-usd"]) assert.equal(idOf(text, MARKETS), "btcusd");
  assert.equal(idOf("etheur", MARKETS), "ETH-EUR");
  assert.equal(idOf("NoSuch", MARKETS), "NoSuch", "as it was written");
});
