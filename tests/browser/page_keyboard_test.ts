import assert from "node:assert/strict";
import type { Browser } from "playwright-core";
import { launchChromium } from "../../testing/browser.ts";
import { step } from "../support/exchange.ts";
import { type LivePage, openPage } from "../support/live_page.ts";
import { type RangerProcess, startRanger } from "../../testing/ranger.ts";

Deno.test("the demo's page is used without a mouse", async (t) => {
  await using browser = await launchChromium();
  if (!browser) return console.log("no Chromium here: not tried");
  await using demo = await startRanger({ command: "demo", args: ["--quiet", "--rate", "40"] });
  const place = [browser, demo] as const;
  await step(
    t,
    "the skip link leads to the content of the view that is shown",
    () => skip(...place),
  );
  await step(t, "the inspector is worked by Tab, Enter and Space alone", () => inspect(...place));
  await step(t, "colours are chosen by keyboard", () => colours(...place));
  await step(
    t,
    "the focus stays in the field being typed in, whatever the server answers",
    () => typing(...place),
  );
  await step(
    t,
    "what comes while the inspector is paused is counted, also from nothing",
    async () => {
      await paused(...place);
    },
  );
  await step(t, "nothing moves with reduced motion", () => still(...place));
});

async function skip(browser: Browser, demo: RangerProcess): Promise<void> {
  for (const view of ["streams", "account", "market/ethusd/1m"]) {
    await using live = await openPage(browser, demo.publicUrl(`/#/${view}`));
    const { page } = live;
    await live.reads("#state", /^Live$/);
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate("document.activeElement.id"), "skip");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate("document.activeElement.id"), "main");
    assert.ok(page.url().endsWith(`#/${view}`), page.url());
    assert.ok(await page.locator(`#view-${view.split("/")[0]}`).isVisible());
    assert.deepEqual(live.complaints, []);
  }
}

/** Presses Tab until something has the focus, which must be seen to have it. */
async function tabTo({ page }: LivePage, selector: string): Promise<void> {
  const target = JSON.stringify(selector);
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press("Tab");
    if (await page.evaluate(`document.activeElement.matches(${target})`)) {
      const outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle");
      assert.notEqual(outline, "none", `${selector} does not show the focus`);
      return;
    }
  }
  assert.fail(`Tab does not come to ${selector}`);
}

async function inspect(browser: Browser, demo: RangerProcess): Promise<void> {
  const options = { permissions: ["clipboard-read", "clipboard-write"] };
  await using live = await openPage(browser, demo.publicUrl("/#/streams"), options);
  const { page } = live;
  const { keyboard } = page;
  const focused = (selector: string) =>
    page.evaluate(`document.activeElement.matches(${JSON.stringify(selector)})`);
  await live.reads("#line-state", /^Live$/);
  await tabTo(live, "#stream-name");
  await keyboard.type("btcusd.trades");
  await keyboard.press("Enter");
  await live.reads("#messages", /"tid"/);

  await tabTo(live, "#pause");
  await keyboard.press("Space");
  await live.reads("#messages-legend", /^Paused; [1-9]/);
  assert.ok(await focused("#pause[aria-pressed=true]"));

  await tabTo(live, "#copy");
  await keyboard.press("Enter");
  await live.reads("#copy", /^Copied$/);
  await live.reads("#said[role=status]", /^Copied$/);
  assert.ok(await focused("#copy"), "the focus is lost with the press");
  // Pressed again during the confirmation: the button's label still returns.
  await keyboard.press("Enter");
  await live.reads("#copy", /^Copy$/);
  assert.ok(await focused("#copy"));
  assert.match(String(await page.evaluate("navigator.clipboard.readText()")), /"tid"/);

  await tabTo(live, "#clear");
  await keyboard.press("Enter");
  await live.reads("#messages-legend", /^Paused; \d more received/);
  assert.equal(await page.locator("#messages li").count(), 0);
  assert.ok(await focused("#clear"));

  await tabTo(live, "[data-copies=wscat]");
  await keyboard.press("Space");
  await live.holds(`document.querySelector("[data-copies=wscat]").textContent === "Copied"`);
  assert.match(String(await page.evaluate("navigator.clipboard.readText()")), /^npx wscat/);

  // Round again, from the end to the beginning.
  await tabTo(live, "#held button");
  await keyboard.press("Enter");
  await page.locator("#held tr").waitFor({ state: "detached" });
  assert.ok(await focused("#stream-name"), "the focus is lost with the button");
  assert.deepEqual(live.complaints, []);
}

async function colours(browser: Browser, demo: RangerProcess): Promise<void> {
  await using live = await openPage(browser, demo.publicUrl("/#/account"));
  const { page } = live;
  const background = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
  await live.reads("#state", /^Live$/);
  const light = await background();
  await tabTo(live, "#theme");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  assert.equal(await page.inputValue("#theme"), "dark");
  assert.notEqual(await background(), light);
  await page.reload();
  assert.equal(await page.inputValue("#theme"), "dark");
  assert.notEqual(await background(), light);
  assert.deepEqual(live.complaints, []);
}

async function typing(browser: Browser, demo: RangerProcess): Promise<void> {
  await using live = await openPage(browser, demo.publicUrl("/#/streams"));
  const { page } = live;
  await live.reads("#line-state", /^Live$/);
  await page.fill("#stream-name", "admin.btcusd.orders");
  // In one step, so that the answer arrives after the focus has moved.
  await page.evaluate(`document.getElementById("subscribe").requestSubmit();
    document.getElementById("filter").focus()`);
  await live.reads("#stream-problem", /refused "admin\.btcusd\.orders"/);
  await page.locator("#held tr").waitFor({ state: "detached" });
  assert.equal(await page.evaluate("document.activeElement.id"), "filter");
  assert.deepEqual(live.complaints, []);
}

async function paused(browser: Browser, demo: RangerProcess): Promise<void> {
  await using live = await openPage(browser, demo.publicUrl("/#/streams"));
  const { page } = live;
  await live.reads("#line-state", /^Live$/);
  await page.locator("#messages li").first().waitFor();
  await page.click("#clear");
  await page.click("#pause");
  await live.reads("#messages-note", /^Paused with an empty list/);
  await page.fill("#stream-name", "btcusd.trades");
  await page.keyboard.press("Enter");
  await live.reads("#messages-legend", /^Paused; [1-9]\d* more received/);
  await page.click("#clear");
  await live.reads("#messages-legend", /^Paused; [0-9] more received/);
  await live.reads("#messages-legend", /^Paused; [1-9]\d more received/);
  assert.equal(await page.locator("#messages li").count(), 0);
  await page.click("#pause");
  await live.reads("#messages", /"tid"/);
  assert.equal(await live.text("#messages-legend"), "");
  assert.deepEqual(live.complaints, []);
}

async function still(browser: Browser, demo: RangerProcess): Promise<void> {
  for (const reducedMotion of ["reduce", "no-preference"] as const) {
    await using live = await openPage(browser, demo.publicUrl("/#/market/btcusd/5s"), {
      reducedMotion,
    });
    await live.reads("#candle", /^O /);
    // As while it is reconnecting, when a dot pulses otherwise.
    const moving = await live.page.evaluate(
      `document.getElementById("state").dataset.status = "waiting";
        document.getAnimations().length`,
    );
    assert.equal(moving, reducedMotion === "reduce" ? 0 : 1);
    assert.deepEqual(live.complaints, []);
  }
}
