/** What `ranger tail --book` says while no book comes. */
import assert from "node:assert/strict";
import { explain } from "../../src/cli/tail/waiting.ts";

Deno.test("a book that does not come is explained by the books that there are", () => {
  const start = "no snapshot of btcsud's order book within 5 s; still waiting";
  assert.equal(explain("btcsud", undefined), `${start}. Does the market exist?`);
  assert.equal(
    explain("btcsud", []),
    `${start}. Does the market exist? The server has no order book yet`,
  );
  assert.equal(
    explain("btcsud", ["btcusd", "ethusd"]),
    `${start}. Does the market exist? The server has order books of btcusd, ethusd; did you mean btcusd?`,
  );
  assert.equal(explain("btcsud", ["btcsud"]), `${start} for the exchange's next snapshot`);
  const many = Array.from({ length: 30 }, (_, n) => `market${n}`);
  assert.match(explain("xyz", many), /order books of market0, (\w+, ){9}…$/);
});
