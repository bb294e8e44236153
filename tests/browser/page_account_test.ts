import assert from "node:assert/strict";
import type { Browser } from "playwright-core";
import { until } from "../../testing/bounded.ts";
import { launchChromium } from "../../testing/browser.ts";
import { type Exchange, freshWord, startExchange, step } from "../support/exchange.ts";
import { type LivePage, openPage } from "../support/live_page.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { makeKey } from "../../testing/tokens.ts";

const broker = await sharedBroker();

Deno.test("people sign in and out, and see what is theirs as long as they are", async (t) => {
  await using browser = await launchChromium();
  if (!browser) return console.log("no Chromium here: not tried");
  await using exchange = await startExchange(broker, { args: ["--page"] });
  const place = [browser, exchange] as const;
  await step(t, "nothing of a user is left when they have signed out", () => signOut(...place));
  await step(t, "a wrong token does not end a good session", () => wrongToken(...place));
  await step(
    t,
    "another user's token shows theirs, and nothing of before",
    () => another(...place),
  );
  await step(t, "what is shown of an ended token is grey, and said to be of before", async () => {
    await ended(...place);
  });
});

/** Opens the account, and signs somebody in. */
async function signIn(
  browser: Browser,
  { ranger, key }: Exchange,
  uid: string,
  claims: Record<string, unknown> = {},
): Promise<LivePage> {
  const live = await openPage(browser, ranger.publicUrl("/#/account"));
  await live.reads("#state", /^Live$/);
  await use(live, await key.token({ uid, ...claims }));
  await live.reads("#uid", new RegExp(`^${uid}$`));
  return live;
}

async function use({ page }: LivePage, token: string): Promise<void> {
  await page.fill("#token", token);
  await page.locator("#paste button").click();
}

/** Has a user's order shown. */
async function order(exchange: Exchange, live: LivePage, uid: string, id: number): Promise<void> {
  const event = { id, market: "abcxyz", side: "sell", price: "1.50", state: "wait" };
  // The page shows the identity before its subscription has arrived.
  await until(async () => {
    await exchange.publish(`private.${uid}.order`, event);
    return new RegExp(`${id}$`, "m").test(await live.text("#orders")) || undefined;
  }, () => `order ${id} of ${uid}`);
}

async function signOut(browser: Browser, exchange: Exchange): Promise<void> {
  const uid = freshWord().toUpperCase();
  await using live = await signIn(browser, exchange, uid);
  const { page } = live;
  await order(exchange, live, uid, 71);
  await page.click("#sign-out");
  await live.reads("#who-note", /^Anonymous/);
  await page.locator("#orders tr").waitFor({ state: "detached" });
  await live.reads("#orders-note", /^No open orders/);
  // The focus is not lost with the button.
  assert.equal(await page.evaluate("document.activeElement.id"), "account-title");
  await live.reads("#state", /^Live$/);
  assert.match(await live.text("#history"), /Signed out\./);
  assert.doesNotMatch(await live.text("#history"), /lost|expired|refused/);
  assert.deepEqual(live.complaints, []);
}

async function wrongToken(browser: Browser, exchange: Exchange): Promise<void> {
  const uid = freshWord().toUpperCase();
  await using live = await signIn(browser, exchange, uid);
  const { page } = live;
  await page.locator("[data-view=streams]").click();
  await live.reads("#line-state", new RegExp(`as ${uid}$`));
  await page.fill("#stream-name", "order");
  await page.keyboard.press("Enter");
  await live.reads("#messages", /"subscribed","streams":\["order"\]/);

  await page.locator("[data-view=account]").click();
  await use(live, await (await makeKey()).token({ uid: "IDELSE" }));
  await live.reads(
    "#account-problem",
    new RegExp(`refused this token.* still signed in as ${uid}`),
  );
  await order(exchange, live, uid, 72);
  assert.equal(await live.text("#uid"), uid);
  assert.equal(await live.text("#state"), `Live, as ${uid}`);
  assert.doesNotMatch(await live.text("#history"), /lost|Signed out/);

  // The inspector's client retries too, and keeps its private streams.
  await page.locator("[data-view=streams]").click();
  await live.reads("#messages", /Authentication failed/);
  assert.match(await live.text("#held"), /order/);
  await page.click("#clear");
  await exchange.publish(`private.${uid}.order`, { id: 73 });
  await live.reads("#messages", /"id":73/);
  assert.match(await live.text("#held"), /order/);

  // After signing out they wait, and after signing in they continue.
  await page.locator("[data-view=account]").click();
  await page.click("#sign-out");
  await page.locator("[data-view=streams]").click();
  await live.reads("#stream-problem", /^Private streams wait/);
  assert.match(await live.text("#held"), /order/);
  await page.locator("[data-view=account]").click();
  await use(live, await exchange.key.token({ uid }));
  await page.locator("[data-view=streams]").click();
  await page.locator("#stream-problem").waitFor({ state: "hidden" });
  await page.click("#clear");
  await exchange.publish(`private.${uid}.order`, { id: 74 });
  await live.reads("#messages", /"id":74/);
  assert.deepEqual(live.complaints, []);
}

async function another(browser: Browser, exchange: Exchange): Promise<void> {
  const [one, other] = [freshWord().toUpperCase(), freshWord().toUpperCase()];
  await using live = await signIn(browser, exchange, one);
  await order(exchange, live, one, 74);
  await use(live, await exchange.key.token({ uid: other }));
  await live.reads("#uid", new RegExp(`^${other}$`));
  await live.page.locator("#orders tr").waitFor({ state: "detached" });
  await live.reads("#history", new RegExp(`Signed in as ${other}`));
  assert.doesNotMatch(await live.text("#history"), /renewed|lost/);
  assert.deepEqual(live.complaints, []);
}

async function ended(browser: Browser, exchange: Exchange): Promise<void> {
  const uid = freshWord().toUpperCase();
  const exp = Math.floor(Date.now() / 1000) + 5;
  await using live = await signIn(browser, exchange, uid, { exp });
  await order(exchange, live, uid, 75);
  assert.equal(await live.text("#orders-legend"), "");
  await live.reads("#account-problem", /The token has expired/);
  await live.reads("#orders-legend", /^out of date$/);
  assert.match(await live.text("#orders"), /75/);
  await live.assertAccessible();
  await live.page.setViewportSize({ width: 360, height: 740 });
  await live.assertWhole(".fitted :is(th, td), .wide .scroll");
  assert.deepEqual(live.complaints, []);
}
