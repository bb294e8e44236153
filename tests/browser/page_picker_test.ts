import assert from "node:assert/strict";
import type { Browser } from "playwright-core";
import { launchChromium } from "../../testing/browser.ts";
import { type Exchange, startExchange, step } from "../support/exchange.ts";
import { type LivePage, openPage } from "../support/live_page.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";

const broker = await sharedBroker();

const MARKETS = 60;

/** Sixty markets: `m07usd` is the seventh, with its figures. */
function tickers(): Record<string, unknown> {
  const entries = Array.from({ length: MARKETS }, (_, at) => {
    const number = String(at + 1).padStart(2, "0");
    const change = ((at * 37) % 61) - 30;
    return [`m${number}usd`, {
      name: `M${number}/USD`,
      last: String(at + 1),
      volume: String((at * 7) % 59),
      price_change_percent: `${change < 0 ? "" : "+"}${change}.00%`,
    }];
  });
  return Object.fromEntries(entries);
}

Deno.test("one market is picked of sixty", async (t) => {
  await using browser = await launchChromium();
  if (!browser) return console.log("no Chromium here: not tried");
  await using exchange = await startExchange(broker, { args: ["--page"] });
  await exchange.publish("public.global.tickers", tickers());
  const place = [browser, exchange] as const;
  await step(t, "the chosen one is in sight, and the only tab stop", () => inSight(...place));
  await step(t, "a part of a name finds it", () => search(...place));
  await step(t, "they are sorted by change and volume", () => sort(...place));
  await step(t, "favourites come first, also after a reload", () => favourites(...place));
  await step(t, "without storage, favourites last as long as the page", () => forbidden(...place));
});

async function open(browser: Browser, { ranger }: Exchange, market: string): Promise<LivePage> {
  const live = await openPage(browser, ranger.publicUrl(`/#/market/${market}/1m`));
  await live.holds(`document.querySelectorAll("#tickers a").length === ${MARKETS}`);
  return live;
}

/** The names shown, in their order. */
async function names({ page }: LivePage): Promise<string[]> {
  return await page.locator("#tickers a:visible strong").allInnerTexts();
}

/** Whether the current market's card is within the strip. */
const IN_SIGHT = `(() => {
  const strip = document.getElementById("tickers").getBoundingClientRect();
  const card = document.querySelector("#tickers [aria-current]")?.getBoundingClientRect();
  return card !== undefined && card.left >= strip.left && card.right <= strip.right;
})()`;

async function inSight(browser: Browser, exchange: Exchange): Promise<void> {
  await using live = await open(browser, exchange, "m47usd");
  const { page } = live;
  await live.holds(IN_SIGHT);
  const stops = () => page.locator("#tickers [tabindex='0']").count();
  assert.equal(await stops(), 1);
  await page.locator("#tickers [aria-current]").focus();
  await page.keyboard.press("ArrowRight");
  assert.match(String(await page.evaluate("document.activeElement.innerText")), /^M48\/USD/);
  await page.keyboard.press("End");
  await page.keyboard.press("ArrowLeft");
  assert.match(String(await page.evaluate("document.activeElement.innerText")), /^M59\/USD/);
  assert.equal(await stops(), 1);
  await page.keyboard.press("Enter");
  await live.reads("#market-title", /^M59\/USD$/);
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(`document.activeElement.closest("#tickers")`), null);
  await page.goBack();
  await live.reads("#market-title", /^M47\/USD$/);
  await live.holds(IN_SIGHT);
  await live.assertAccessible();
  assert.deepEqual(live.complaints, []);
}

async function search(browser: Browser, exchange: Exchange): Promise<void> {
  await using live = await open(browser, exchange, "m01usd");
  const { page } = live;
  await page.fill("#market-name", "m3");
  await live.holds(`document.querySelectorAll("#tickers a:not([hidden])").length === 10`);
  assert.equal((await names(live))[0], "M30/USD");
  await page.fill("#market-name", "39/u");
  await page.keyboard.press("Enter");
  await live.reads("#market-title", /^M39\/USD$/);
  // The search is over: all are there again, with the chosen one in sight.
  assert.equal((await names(live)).length, MARKETS);
  await live.holds(IN_SIGHT);
  await page.fill("#market-name", "zzz");
  await live.reads("#tickers-note", /^No market fits\.$/);
  assert.deepEqual(live.complaints, []);
}

async function sort(browser: Browser, exchange: Exchange): Promise<void> {
  await using live = await open(browser, exchange, "m01usd");
  const { page } = live;
  const first = (name: RegExp) => live.reads("#tickers a:first-of-type strong", name);
  await first(/^M01\/USD$/);
  await page.selectOption("#market-sort", "change");
  const changes = () => page.locator("#tickers a > span:last-child").allInnerTexts();
  await live.holds(`document.querySelector("#tickers a").innerText.includes("+30.00%")`);
  const shown = (await changes()).map(parseFloat);
  assert.deepEqual(shown, shown.toSorted((a, b) => b - a));
  await page.selectOption("#market-sort", "volume");
  // (at * 7) % 59 is 58 where at is 42.
  await first(/^M43\/USD$/);
  await live.holds(IN_SIGHT);
  assert.deepEqual(live.complaints, []);
}

async function favourites(browser: Browser, exchange: Exchange): Promise<void> {
  await using live = await open(browser, exchange, "m20usd");
  const { page } = live;
  await page.click("#favourite");
  await live.reads("#tickers a:first-of-type strong", /^★ M20\/USD$/);
  assert.equal(await page.getAttribute("#favourite", "aria-pressed"), "true");
  await page.reload();
  await live.reads("#tickers a:first-of-type strong", /^★ M20\/USD$/);
  await page.click("#favourite");
  await live.reads("#tickers a:first-of-type strong", /^M01\/USD$/);
  for (const stored of ["{", "7", '{"a":1}', '[1,{"b":2},"m05usd"]']) {
    await page.evaluate(`localStorage.setItem("ranger.favourites", ${JSON.stringify(stored)})`);
    await page.reload();
    const expected = stored.includes("m05usd") ? /^★ M05\/USD$/ : /^M01\/USD$/;
    await live.reads("#tickers a:first-of-type strong", expected);
  }
  assert.deepEqual(live.complaints, []);
}

async function forbidden(browser: Browser, exchange: Exchange): Promise<void> {
  await using live = await open(browser, exchange, "m20usd");
  const { page } = live;
  await page.context().addInitScript(
    `Object.defineProperty(window, "localStorage", { get() { throw new Error("forbidden"); } })`,
  );
  await page.reload();
  await live.reads("#tickers a:first-of-type strong", /^M01\/USD$/);
  await page.click("#favourite");
  await live.reads("#tickers a:first-of-type strong", /^★ M20\/USD$/);
  assert.deepEqual(live.complaints, []);
}
