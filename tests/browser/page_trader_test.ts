import assert from "node:assert/strict";
import type { Browser } from "playwright-core";
import { launchChromium } from "../../testing/browser.ts";
import { type Exchange, freshWord, startExchange, step } from "../support/exchange.ts";
import { type LivePage, openPage } from "../support/live_page.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";

const broker = await sharedBroker();

const DESKTOP = { width: 1440, height: 900 };

Deno.test("what a trader expects of a market's page", async (t) => {
  await using browser = await launchChromium();
  if (!browser) return console.log("no Chromium here: not tried");
  await using exchange = await startExchange(broker, { args: ["--page"] });
  const place = [browser, exchange] as const;
  await step(t, "the legend shows the candle at the crosshair", () => legend(...place));
  await step(t, "trades begin with the latest ones, and count once", () => recent(...place));
  await step(t, "the depth chart shows a fixed window, and what is at the pointer", async () => {
    await depth(...place);
  });
  await step(t, "prices are grouped by steps of the exchange's ticks", () => grouping(...place));
  await step(t, "the grid takes the height, with levels by room", () => height(...place));
  await step(t, "the title has the price, and the heading the day's figures", async () => {
    await heading(...place);
  });
  await step(t, "open orders stand apart from those that are over", () => orders(...place));
  await step(t, "notes of empty panels stand in their middle", () => notes(...place));
});

async function openMarket(
  browser: Browser,
  { ranger }: Exchange,
  market: string,
  period = "1m",
): Promise<LivePage> {
  const url = ranger.publicUrl(`/#/market/${market}/${period}`);
  const live = await openPage(browser, url, { viewport: DESKTOP });
  await live.reads("#state", /^Live$/);
  return live;
}

/** A trade at a price, with an id that no other has. */
let tid = 0;
function trade(price: string, amount = "1"): Record<string, unknown> {
  return { tid: ++tid, taker_type: "buy", date: 1588000798, price, amount };
}

async function legend(browser: Browser, exchange: Exchange): Promise<void> {
  const market = freshWord();
  await using live = await openMarket(browser, exchange, market);
  const candles = [[1588000800, 1, 4, 1, 2, 11], [1588000860, 2, 5, 2, 3, 22]];
  for (const candle of candles) await exchange.publish(`public.${market}.kline-1m`, candle);
  await live.reads("#candle", /^O 2 +H 5 .*V 22/);
  const box = (await live.page.locator("#candle-chart").boundingBox())!;
  // From the right to the left, until the crosshair is at the first candle.
  let found = false;
  for (let x = box.width - 60; x > 0 && !found; x -= 4) {
    await live.page.mouse.move(box.x + x, box.y + 100);
    found = /^O 1 +H 4 .*V 11/.test(await live.text("#candle"));
  }
  assert.ok(found, "the legend never showed the first candle");
  await exchange.publish(`public.${market}.kline-1m`, [1588000920, 3, 6, 3, 4, 33]);
  await exchange.publish(`public.${market}.trades`, { trades: [trade("4")] });
  await live.reads("#last", /4/);
  // The chart moves under the crosshair, which may be at the second candle now.
  assert.doesNotMatch(await live.text("#candle"), /^O 3/, "a new candle took the legend away");
  await live.page.mouse.move(5, 5);
  await live.reads("#candle", /^O 3 +H 6 .*V 33/);
  assert.deepEqual(live.complaints, []);
}

async function recent(browser: Browser, exchange: Exchange): Promise<void> {
  const market = freshWord();
  const trades = (...all: unknown[]) =>
    exchange.publish(`public.${market}.trades`, { trades: all });
  await trades(trade("11"));
  await trades(trade("12"));
  await exchange.settled();
  await using live = await openMarket(browser, exchange, market, "5s");
  await live.reads("#trades", /12[^]*11/);
  await live.reads("#candle", /H 12 .*V 2\s*$/);
  // Away and back: the server sends the same trades again.
  await live.page.locator("[data-view=streams]").click();
  await live.reads("#line-state", /^Live$/);
  await live.page.goBack();
  await trades(trade("13", "5"));
  await live.reads("#last", /13/);
  assert.equal(await live.page.locator("#trades tr:visible").count(), 3);
  const volumes = await live.page.evaluate(
    `[...document.querySelectorAll("#trades tr:not([hidden]) td:nth-child(2)")]
      .map((cell) => cell.textContent).join(" ")`,
  );
  assert.equal(volumes, "5 1 1");
  assert.deepEqual(live.complaints, []);
}

async function depth(browser: Browser, exchange: Exchange): Promise<void> {
  const market = freshWord();
  await using live = await openMarket(browser, exchange, market);
  await exchange.publish(`public.${market}.ob-snap`, {
    bids: [["99.9", "1"], ["99.2", "2"], ["98.5", "4"], ["96", "8"]],
    // One order only: it must not narrow what is seen of the other side.
    asks: [["100.1", "0.5"]],
    sequence: 1,
  });
  const totals = { "0.5": "1 ·", "1": "3 ·", "2": "7 ·", "5": "15 ·" };
  for (const [percent, bids] of Object.entries(totals)) {
    await live.page.selectOption("#depth-window", percent);
    await live.reads("#depth-legend", new RegExp(`^bids ${bids} asks 0\\.5$`));
  }
  await live.page.selectOption("#depth-window", "2");
  const box = (await live.page.locator("#depth-chart").boundingBox())!;
  const point = (share: number) =>
    live.page.mouse.move(box.x + share * box.width, box.y + box.height / 2);
  await point(0.25);
  await live.reads("#depth-legend", /^99\.0\d* \(-1\.\d\d %\): bids 3$/);
  await point(0.05);
  await live.reads("#depth-legend", /^98\.\d+ \(-1\.\d\d %\): bids 7$/);
  await point(0.75);
  await live.reads("#depth-legend", /^1\d\d\.\d+ \(\+1\.\d\d %\): asks 0\.5$/);
  await live.page.mouse.move(5, 5);
  await live.reads("#depth-legend", /^bids 7 · asks 0\.5$/);
  assert.deepEqual(live.complaints, []);
}

async function grouping(browser: Browser, exchange: Exchange): Promise<void> {
  const market = freshWord();
  await using live = await openMarket(browser, exchange, market);
  await exchange.publish(`public.${market}.ob-snap`, {
    bids: [["99.98", "1"], ["99.91", "2"], ["99.89", "4"]],
    asks: [["100.01", "0.5"], ["100.09", "0.25"], ["100.11", "3"]],
    sequence: 1,
  });
  await live.reads("#spread", /^0\.03$/);
  assert.equal(await live.text("#spread-share"), "0.03 %");
  assert.deepEqual(await live.page.locator("#grouping option").allInnerTexts(), [
    "0.01",
    "0.1",
    "1",
    "10",
  ]);
  await live.page.selectOption("#grouping", "10");
  await live.reads("#bids tr:first-child", /^99\.9\s*3\.00\s*3\.00$/);
  await live.reads("#bids tr:nth-child(2)", /^99\.8\s*4\.00\s*7\.00$/);
  await live.reads("#asks tr:last-child", /^100\.1\s*0\.75\s*0\.75$/);
  await live.page.selectOption("#grouping", "1000");
  await live.reads("#bids tr:first-child", /^90\s*7\.00\s*7\.00$/);
  await live.reads("#asks tr:last-child", /^110\s*3\.75\s*3\.75$/);
  // The spread is that of the book, and not of its groups.
  assert.equal(await live.text("#spread"), "0.03");
  await live.page.selectOption("#grouping", "1");
  await live.reads("#bids tr:first-child", /^99\.98\s*1\.00\s*1\.00$/);
  assert.deepEqual(live.complaints, []);
}

async function height(browser: Browser, exchange: Exchange): Promise<void> {
  const market = freshWord();
  await using live = await openMarket(browser, exchange, market);
  const side = (from: number, step: number) =>
    Array.from({ length: 80 }, (_, at) => [String(from + at * step), "1"]);
  await exchange.publish(`public.${market}.ob-snap`, {
    bids: side(1000, -1),
    asks: side(1001, 1),
    sequence: 1,
  });
  await live.reads("#spread", /^1$/);
  let before = 0;
  for (const size of [DESKTOP, { width: 2560, height: 1440 }]) {
    await live.page.setViewportSize(size);
    await live.holds(`document.querySelectorAll("#bids tr").length > ${before}`);
    await live.holds(`(() => {
      const bottom = document.querySelector("footer").getBoundingClientRect().bottom;
      const panel = document.getElementById("book").getBoundingClientRect();
      const table = document.getElementById("book-table").getBoundingClientRect();
      const rows = [...document.querySelectorAll("#bids tr")];
      return Math.abs(bottom - innerHeight) < 24 && document.documentElement.scrollHeight <= innerHeight
        && panel.height > 0.7 * innerHeight && panel.bottom - table.bottom < 80
        && rows.every((row) => row.innerText.trim() !== "");
    })()`);
    before = await live.page.locator("#bids tr").count();
  }
  assert.ok(before > 18, `${before} levels`);
  assert.deepEqual(live.complaints, []);
}

async function heading(browser: Browser, exchange: Exchange): Promise<void> {
  const market = freshWord();
  await using live = await openMarket(browser, exchange, market);
  await exchange.publish("public.global.tickers", { [market]: { last: "7", name: "ABC/XYZ" } });
  await live.reads("#market-title", /^ABC\/XYZ$/);
  await live.holds(`document.title === "7 ABC/XYZ · Ranger"`);
  assert.equal(await live.page.locator("#day").isVisible(), false, "figures that are not given");
  await exchange.publish("public.global.tickers", {
    [market]: { last: "7", name: "ABC/XYZ", high: "1234.5", low: "6.5", volume: "9000.25" },
  });
  await live.reads("#day", /24 h high\s*1,234\.5\s*24 h low\s*6\.5\s*24 h volume\s*9,000\.25/);
  await exchange.publish(`public.${market}.trades`, { trades: [trade("1020.5")] });
  await live.holds(`document.title === "1,020.5 ABC/XYZ · Ranger"`);
  await live.page.locator("[data-view=account]").click();
  await live.holds(`document.title === "Account · Ranger"`);
  assert.deepEqual(live.complaints, []);
}

async function orders(browser: Browser, exchange: Exchange): Promise<void> {
  const uid = freshWord().toUpperCase();
  await using live = await openPage(browser, exchange.ranger.publicUrl("/#/account"));
  await live.reads("#orders-note", /^No open orders\.$/);
  const order = { market: "abcxyz", side: "buy", price: "1.5", remaining_volume: "2" };
  const at = "2020-04-27T15:19:58Z";
  // Before signing in: the page asks for the latest events.
  for (
    const [id, state] of [[1, "wait"], [2, "wait"], [2, "done"], [3, "cancel"], [4, "pending"]]
  ) {
    await exchange.publish(`private.${uid}.order`, { ...order, id, state, updated_at: at });
  }
  await exchange.settled();
  await live.page.fill("#token", await exchange.key.token({ uid }));
  await live.page.locator("#paste button").click();
  await live.reads("#orders", /pending.*4/);
  const ids = (table: string) =>
    live.page.locator(`#${table} td:last-child`).allInnerTexts().then((texts) => texts.join(" "));
  assert.equal(await ids("orders"), "4 1");
  assert.equal(await ids("done-orders"), "3 2");
  assert.match(await live.text("#orders td:nth-child(6)"), /^\d\d:\d\d:\d\d$/);
  await live.assertAccessible();
  assert.deepEqual(live.complaints, []);
}

async function notes(browser: Browser, exchange: Exchange): Promise<void> {
  await using live = await openMarket(browser, exchange, freshWord());
  await live.reads("#candles-note", /^Waiting for a 1m candle…$/);
  for (const id of ["candles-note", "trades-note", "book-note"]) {
    const share = Number(
      await live.page.evaluate(`(() => {
        const note = document.getElementById("${id}");
        const panel = note.closest(".panel").getBoundingClientRect();
        return (note.getBoundingClientRect().top - panel.top) / panel.height;
      })()`),
    );
    assert.ok(share > 0.3 && share < 0.7, `${id} at ${share}`);
  }
  assert.deepEqual(live.complaints, []);
}
