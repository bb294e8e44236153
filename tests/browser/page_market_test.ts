import assert from "node:assert/strict";
import type { Browser } from "playwright-core";
import { launchChromium } from "../../testing/browser.ts";
import { type Exchange, freshWord, startExchange, step } from "../support/exchange.ts";
import { type LivePage, openPage } from "../support/live_page.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";

const broker = await sharedBroker();

const BOOK = {
  asks: [["101.5", "1.25"], ["102", "0.75"]],
  bids: [["100", "3"], ["99.25", "0.5"]],
  sequence: 1,
};

const SIZES = {
  "a small phone": { width: 320, height: 640 },
  "a phone": { width: 390, height: 844 },
  "a tablet": { width: 900, height: 1000 },
  "a desktop": { width: 1280, height: 800 },
  "a wide screen": { width: 1920, height: 1080 },
};

Deno.test("the market's page, whatever an exchange has to show", async (t) => {
  await using browser = await launchChromium();
  if (!browser) return console.log("no Chromium here: not tried");
  await using exchange = await startExchange(broker, { args: ["--page"] });
  const place = [browser, exchange] as const;
  await step(t, "numbers are whole, however many digits they have", () => digits(...place));
  await step(t, "a book without orders is shown as empty", () => empty(...place));
  await step(t, "a book that cannot be read is reported", () => unreadable(...place));
  await step(t, "a book of one side is drawn, and told as it is", () => oneSide(...place));
  await step(t, "bars are as long as what they stand for", () => bars(...place));
  await step(t, "depth is redrawn when its size changes, also for a quiet book", async () => {
    await resized(...place);
  });
  await step(
    t,
    "an invalid market name is reported, and everything else keeps working",
    async () => {
      await misnamed(...place);
    },
  );
  await step(t, "values that are not a time, number or text are shown all the same", () => {
    return senseless(...place);
  });
  await step(t, "candles and trades of any number are drawn, and freeze nothing", async () => {
    await anyNumber(...place);
  });
  await step(t, "a market without figures stands among the others", () => nothingKnown(...place));
});

async function openMarket(
  browser: Browser,
  { ranger }: Exchange,
  market: string,
  viewport = SIZES["a desktop"],
): Promise<LivePage> {
  const live = await openPage(browser, ranger.publicUrl(`/#/market/${market}/1m`), { viewport });
  await live.reads("#state", /^Live$/);
  return live;
}

async function digits(browser: Browser, exchange: Exchange): Promise<void> {
  const cases = [
    { price: "0.0000123", amount: "100000.12345678", lots: "1" },
    { price: "61234.5", amount: "0.00000001", lots: "9999.99999999" },
    { price: "1234567890.12345678", amount: "123456789.12345678", lots: "987654321.1" },
  ];
  for (const { price, amount, lots } of cases) {
    const market = freshWord();
    await using live = await openMarket(browser, exchange, market);
    const level = (at: number) => [`${price}${at}`, at % 2 ? amount : lots];
    await exchange.publish(`public.${market}.ob-snap`, {
      asks: Array.from({ length: 12 }, (_, at) => level(at + 11)),
      bids: Array.from({ length: 12 }, (_, at) => level(at + 10)).slice(0, 1),
      sequence: 1,
    });
    const trade = { tid: 1, taker_type: "buy", date: 1588000798, price: `${price}11`, amount };
    await exchange.publish(`public.${market}.trades`, { trades: [trade] });
    await live.reads("#spread", /\d/);
    await live.reads("#trades td", /\d/);
    for (const size of Object.values(SIZES)) {
      await live.page.setViewportSize(size);
      await live.assertWhole(".fitted :is(th, td)");
      // Only where type would be too small to read there is more than can be seen at once.
      if (price.length < 12 && size.width > 320) {
        await live.assertWhole(".wide-numbers, .trades .scroll");
      }
      for (const table of ["#book-table", "#trades-table"]) {
        const font = await live.page.evaluate(
          `parseFloat(getComputedStyle(document.querySelector("${table}")).fontSize)`,
        );
        assert.ok(Number(font) >= 11, `${table} has type of ${font} px`);
      }
    }
    assert.match(await live.text("#trades td:nth-child(2)"), new RegExp(`^${amount}$`));
    assert.deepEqual(live.complaints, []);
  }
}

async function empty(browser: Browser, exchange: Exchange): Promise<void> {
  const market = freshWord();
  await using live = await openMarket(browser, exchange, market);
  await exchange.publish(`public.${market}.ob-snap`, { asks: [], bids: [], sequence: 1 });
  await live.reads("#book-note", /^The order book is empty/);
  await live.reads("#depth-legend", /^no orders$/);
  await live.assertAccessible();
  await exchange.publish(`public.${market}.ob-inc`, { asks: ["2", "1"], sequence: 2 });
  await live.reads("#asks .price", /^2$/);
  await live.page.locator("#book-note").waitFor({ state: "hidden" });
  await exchange.publish(`public.${market}.ob-inc`, { asks: ["2", ""], sequence: 3 });
  await live.reads("#book-note", /^The order book is empty/);
  assert.deepEqual(live.complaints, []);
}

async function unreadable(browser: Browser, exchange: Exchange): Promise<void> {
  const market = freshWord();
  await using live = await openMarket(browser, exchange, market);
  const asks = [["101.5", "1.25", "3"]];
  await exchange.publish(`public.${market}.ob-snap`, { asks, bids: [], sequence: 1 });
  await live.reads("#book-note", /^The order book cannot be read/);
  await live.assertAccessible();
  await exchange.publish(`public.${market}.ob-snap`, { ...BOOK, sequence: 2 });
  await live.reads("#spread", /^1\.5/);
  await live.page.locator("#book-note").waitFor({ state: "hidden" });
  assert.deepEqual(live.complaints, []);
}

async function oneSide(browser: Browser, exchange: Exchange): Promise<void> {
  const market = freshWord();
  await using live = await openMarket(browser, exchange, market);
  await exchange.publish(`public.${market}.ob-snap`, BOOK);
  await live.reads("#depth-legend", /^bids 3 · asks 1\.25$/);
  for (const [at, [price]] of BOOK.asks.entries()) {
    const change = { asks: [price, at % 2 ? "0" : ""], sequence: at + 2 };
    await exchange.publish(`public.${market}.ob-inc`, change);
  }
  await live.reads("#depth-legend", /^bids 3\.5 · asks none$/);
  await live.holds(`${DRAWN}.left && !${DRAWN}.right`);
  assert.deepEqual(live.complaints, []);
}

async function bars(browser: Browser, exchange: Exchange): Promise<void> {
  const market = freshWord();
  await using live = await openMarket(browser, exchange, market);
  await exchange.publish(`public.${market}.ob-snap`, BOOK);
  await live.reads("#spread", /^1\.5/);
  // Of all that is shown, 3.5 is the most: 3 at the best bid, 1.25 at the best ask, 2 with the next.
  const begins = { bids: [0.143, 0], asks: [0.643, 0.429] };
  for (const [side, shares] of Object.entries(begins)) {
    for (const [at, share] of shares.entries()) {
      for (const x of [share - 0.02, share + 0.02].filter((x) => x > 0)) {
        assert.equal(await live.page.evaluate(barAt(side, at, x)), x > share, `${side} ${at} ${x}`);
      }
    }
    assert.equal(await live.page.evaluate(barAt(side, 2, 0.99)), false);
  }
  await exchange.publish(`public.${market}.ob-inc`, { bids: ["100", "0"], sequence: 2 });
  // Not by the price, which stood there before, a row further.
  await live.reads("#spread", /^2\.25/);
  assert.equal(await live.page.evaluate(barAt("bids", 0, 0.7)), false);
  assert.equal(await live.page.evaluate(barAt("asks", 1, 0.01)), true);
  assert.deepEqual(live.complaints, []);
}

/** Whether a side has a bar there. @param at the row, from the best price on @param x of its width */
function barAt(side: string, at: number, x: number): string {
  return `(() => {
    const body = document.getElementById("${side}"), at = ${at};
    const row = body.rows[${side === "asks"} ? body.rows.length - 1 - at : at];
    const path = document.querySelector("#${side} .bars path");
    const { left, top, width, height } = row.getBoundingClientRect();
    const middle = new DOMPoint(left + ${x} * width, top + height / 2);
    return path.isPointInFill(middle.matrixTransform(path.getScreenCTM().inverse()));
  })()`;
}

/** Whether something is drawn near the left and the right end of the depth chart's ground. */
const DRAWN = `(() => {
  const chart = document.getElementById("depth-chart");
  const canvas = Object.assign(document.createElement("canvas"), {
    width: chart.width,
    height: chart.height,
  });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(chart, 0, 0);
  const has = (x) => context.getImageData(x, canvas.height - 24, 1, 1).data[3] > 0;
  return { left: has(5), right: has(canvas.width - 6) };
})()`;

async function resized(browser: Browser, exchange: Exchange): Promise<void> {
  const market = freshWord();
  await using live = await openMarket(browser, exchange, market);
  await exchange.publish(`public.${market}.ob-snap`, BOOK);
  await live.reads("#depth-legend", /^bids 3/);
  for (const size of [SIZES["a phone"], SIZES["a wide screen"]]) {
    await live.page.setViewportSize(size);
    await live.holds(`(() => {
      const canvas = document.getElementById("depth-chart");
      return canvas.width === Math.round(canvas.clientWidth * devicePixelRatio);
    })()`);
    await live.holds(`${DRAWN}.left && ${DRAWN}.right`);
  }
  assert.deepEqual(live.complaints, []);
}

async function misnamed(browser: Browser, exchange: Exchange): Promise<void> {
  const market = freshWord();
  await exchange.publish("public.global.tickers", { [market]: { last: "7" } });
  for (const name of ["btc%20usd", "btc%2Cusd", "a.b", "%3Cb%3E%20", "x".repeat(600)]) {
    await using live = await openMarket(browser, exchange, name);
    const { page } = live;
    await live.reads("#market-problem", /Invalid market name .*: .* A valid one is btcusd/);
    await live.reads("#book-note", /^No market selected/);
    await live.reads("#candles-note", /^No market selected/);
    await live.assertAccessible();
    // The page does not change the address.
    await exchange.publish("public.global.tickers", { [market]: { last: "8" } });
    await live.reads("#tickers a", /8/);
    assert.ok(page.url().includes(`#/market/${name}`), page.url());
    await page.locator("[data-view=streams]").click();
    await live.reads("#line-state", /^Live$/);
    await page.goBack();
    await live.reads("#market-problem", /Invalid market name/);
    await page.locator("#tickers a").first().click();
    await page.locator("#market-problem").waitFor({ state: "hidden" });
    await exchange.publish(`public.${market}.ob-snap`, BOOK);
    await live.reads("#spread", /^1\.50?$/);

    await page.fill("#market-name", "btc usd, eth");
    await page.keyboard.press("Enter");
    await live.reads("#market-problem", /^Invalid market name “btc usd, eth”/);
    // The market stays, and the typed name can be corrected.
    assert.match(page.url(), new RegExp(`#/market/${market}/`));
    assert.match(await live.text("#spread"), /^1\.50?$/);
    assert.equal(await page.evaluate("document.activeElement.id"), "market-name");
    await page.fill("#market-name", "other");
    await page.keyboard.press("Enter");
    await live.reads("#market-title", /^other$/);
    assert.equal(await page.locator("#market-problem").isVisible(), false);
    assert.deepEqual(live.complaints, []);
  }
}

async function senseless(browser: Browser, exchange: Exchange): Promise<void> {
  const market = freshWord();
  await using live = await openMarket(browser, exchange, market);
  const trade = { tid: 1, taker_type: "buy", date: 1588000798, price: "5", amount: "1" };
  const odd = { toString: 1, valueOf: 1 };
  const trades = [
    ...[1e18, -1e18, 9e15, "1e18", "no date", odd, null].map((date) => ({ ...trade, date })),
    { ...trade, price: `1.${"0".repeat(200)}1`, amount: "1e300" },
    { ...trade, price: "1e300" },
    { ...trade, price: odd, amount: odd, taker_type: odd },
    { ...trade, taker_type: "\u202ebuy" },
  ];
  await exchange.publish(`public.${market}.trades`, { trades });
  await exchange.publish("public.global.tickers", { [market]: { last: odd } });
  await exchange.publish(`public.${market}.trades`, { trades: [{ ...trade, price: "7" }] });
  await live.reads("#last", /^▲ 7/);
  await live.reads("#trades", /–/);
  await live.page.goto(exchange.ranger.publicUrl(`/#/market/${market}/1m`));
  for (const candle of [[1e18, 1, 2, 3, 4, 5], [1e300, 1, 2, 3, 4, 5], [1, 1e300, 2, 3, 4, 5]]) {
    await exchange.publish(`public.${market}.kline-1m`, candle);
  }
  await exchange.publish(`public.${market}.kline-1m`, [1588000800, "1.5", 3, 1, 2, 9]);
  await live.reads("#candle", /O 1\.5/);
  assert.deepEqual(live.complaints, []);
}

async function anyNumber(browser: Browser, exchange: Exchange): Promise<void> {
  const time = 1588000800;
  const long = `1.${"0".repeat(99)}1`;
  const cases: [candle: unknown[], shown: RegExp][] = [
    [[time, 1.2e-7, "1.5e-7", 1e-7, 1.2e-7, "1.0e+16"], /O 0\.00000012\d* +H 0\.00000015/],
    [[time, 1e16, 1e16, 1e16, 1e16, 1], /O 10000000000000000 .*C 10000000000000000/],
    [[time, "123.456789012345678901", 124, 123, 124, 1], /O 123\.456789012345678901/],
    [[time, "1e-18", "3e-18", "1e-18", "2e-18", 1e300], /C 0\.000000000000000002 ▲ +V 1e300/],
    [[time * 1000, 5, 7, 5, 6, 1], /O 5 +H 7 +L 5 +C 6/],
    [[time, 0, 0, 0, 0, 0], /O 0 +H 0/],
    [[time, -40, -35, -41, -37.5, 2], /C -37\.5/],
    [[time, 1e-300, 1e300, 1e-300, 1e300, 2], /H 1e300/],
  ];
  for (const [candle, shown] of cases) {
    const market = freshWord();
    await using live = await openMarket(browser, exchange, market);
    await exchange.publish(`public.${market}.kline-1m`, [time, null, null, null, null, null]);
    await exchange.publish(`public.${market}.kline-1m`, [time, long, long, long, long, 1]);
    await exchange.publish(`public.${market}.kline-1m`, candle);
    await live.reads("#candle", shown);
    // A chart that does not end to look for its scale's steps would end everything.
    const next = [time + 60, ...candle.slice(1)];
    await exchange.publish(`public.${market}.kline-1m`, next);
    const trade = { tid: 1, type: "sell", date: time, price: "1.5e-8", amount: 1e-7 };
    await exchange.publish(`public.${market}.trades`, {
      trades: [{ ...trade, price: null }, { ...trade, price: long }, trade],
    });
    await live.reads("#last", /^▼ 0\.000000015$/);
    await live.holds(`document.querySelector("#trades").innerText.includes("0.0000001")`);
    assert.doesNotMatch(await live.text("#trades"), /null/);
    assert.deepEqual(live.complaints, []);
  }
}

async function nothingKnown(browser: Browser, exchange: Exchange): Promise<void> {
  const [one, other] = [freshWord(), freshWord()];
  await using live = await openMarket(browser, exchange, one);
  await exchange.publish("public.global.tickers", {
    [other]: null,
    [one]: { last: "5", price_change_percent: 1.5 },
  });
  await live.reads("#tickers a", new RegExp(`${other}\\s*–`));
  await live.reads("#tickers a", new RegExp(`${one}\\s*5\\s*1\\.5`));
  await exchange.publish("public.global.tickers", { [other]: { last: "6" } });
  await live.reads("#tickers a", new RegExp(`${other}\\s*6`));
  await exchange.publish("public.global.tickers", { [other]: null });
  await exchange.publish("public.global.tickers", { [one]: { last: "9" } });
  await live.reads("#tickers a", new RegExp(`${one}\\s*9`));
  assert.match(await live.page.locator("#tickers").innerText(), /6/);
  assert.deepEqual(live.complaints, []);
}
