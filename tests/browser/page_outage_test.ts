import assert from "node:assert/strict";
import type { Browser } from "playwright-core";
import { connectPublisher, randomExchange } from "../../testing/amqp.ts";
import { until } from "../../testing/bounded.ts";
import { launchChromium } from "../../testing/browser.ts";
import { step } from "../support/exchange.ts";
import { isOutage, openPage } from "../support/live_page.ts";
import { freePort } from "../../testing/ports.ts";
import { type Broker, startBroker } from "../../testing/rabbitmq.ts";
import { type RangerProcess, startRanger } from "../../testing/ranger.ts";
import { makeKey, type TestKey } from "../../testing/tokens.ts";

const BOOK = {
  asks: [["101.5", "1.25"], ["102", "0.75"]],
  bids: [["100", "3"], ["99.25", "0.5"]],
  sequence: 1,
};

interface Place {
  readonly browser: Browser;
  readonly broker: Broker;
  readonly key: TestKey;
  readonly exchange: string;
  readonly port: number;
}

// One test, because a broker that comes back within it is a process begun within it.
Deno.test("the page of a server with a broker, while things fail", async (t) => {
  await using browser = await launchChromium();
  if (!browser) return console.log("no Chromium here: not tried");
  const broker = await startBroker();
  try {
    const key = await makeKey();
    const place = { browser, broker, key, exchange: randomExchange(), port: freePort() };
    await step(t, "it shows what was published, digit by digit", () => exact(place));
    await step(t, "a pasted token is taken, ends, and is said to have ended", () => tokens(place));
    await step(t, "the server restarts under it", () => serverRestarts(place));
    await step(t, "the broker restarts under the server", () => brokerRestarts(place));
    await step(t, "the device loses its network", () => offline(place));
    await step(t, "there is no broker, and no market is blamed for it", () => noBroker(place));
  } finally {
    await broker.stop();
  }
});

function serve({ broker, key, exchange, port }: Place): Promise<RangerProcess> {
  const source = ["--amqp-url", broker.url, "--exchange", exchange];
  return startRanger({
    args: [...source, "--jwt-public-key", key.publicPem, "--page", `--port=${port}`],
  });
}

async function exact(place: Place): Promise<void> {
  await using publisher = await connectPublisher(place.broker.url, place.exchange);
  await using ranger = await serve(place);
  await ranger.consuming();
  await using live = await openPage(place.browser, ranger.publicUrl("/#/market/abcxyz/1m"));
  await live.reads("#state", /^Live$/);
  await live.reads(
    "#book-note",
    /Waiting for the (order book|exchange's first snapshot of abcxyz)/,
  );
  await publisher.publish("public.abcxyz.ob-snap", BOOK);
  await live.reads("#spread", /^1\.50$/);
  await publisher.publish("public.abcxyz.ob-inc", { bids: ["100.125", "0.00000001"], sequence: 2 });
  await live.reads("#spread", /^1\.375$/);
  const rows = await live.page.locator("#bids tr").allInnerTexts();
  assert.deepEqual(rows.slice(0, 3).map((row) => row.split(/\s+/)), [
    ["100.125", "0.00000001", "0.00000001"],
    ["100.000", "3.00000000", "3.00000001"],
    ["99.250", "0.50000000", "3.50000001"],
  ]);
  await publisher.publish("public.abcxyz.trades", {
    trades: [{ tid: 1, type: "sell", date: 1588000798, price: "<b>1</b>", amount: "2" }],
  });
  // Whatever an exchange sends is shown as text.
  await live.reads("#trades td", /^▼ <b>1<\/b>$/);
  await publisher.publish("public.abcxyz.kline-1m", [1588000780, "1.5", 3, "1.25", 2, "7"]);
  await live.reads("#candle", /O 1\.50 +H 3\.00 +L 1\.25 +C 2\.00 +▲ +V 7/);
  assert.deepEqual(live.complaints, []);
}

async function tokens(place: Place): Promise<void> {
  await using publisher = await connectPublisher(place.broker.url, place.exchange);
  await using ranger = await serve(place);
  await ranger.consuming();
  await using live = await openPage(place.browser, ranger.publicUrl("/#/account"));
  const { page } = live;
  await live.reads("#state", /^Live$/);
  assert.equal(await page.locator("#demo").isVisible(), false);
  const use = async (token: string) => {
    await page.fill("#token", token);
    await page.locator("#paste button").click();
  };
  await use("nonsense");
  await live.reads("#account-problem", /^This is not a JWT: .* no dot\.$/);
  await use("no.such.token");
  await live.reads("#account-problem", /^This is not a JWT: its first part/);
  assert.equal(await page.inputValue("#token"), "no.such.token", "it can be corrected");
  await use(await place.key.token({ uid: "IDPAGE", exp: 1588000798 }));
  await live.reads("#account-problem", /refused this token: .*expired.* It expired on .*2020/);
  await use(await (await makeKey()).token({ uid: "IDPAGE" }));
  await live.reads("#account-problem", /refused this token: the token does not verify\.$/);
  const token = await place.key.token({
    uid: "IDPAGE",
    role: "trader",
    exp: Math.floor(Date.now() / 1000) + 6,
  });
  await use(`Bearer ${token}\n`);
  await live.reads("#uid", /^IDPAGE$/);
  assert.equal(await live.text("#role"), "trader");
  assert.equal(await page.inputValue("#token"), "");
  const order = { id: 7, market: "abcxyz", side: "sell", price: "1.50", state: "wait" };
  const shows = async (event: unknown, row: RegExp, table = "#orders") => {
    // The page's subscription is on its way when it says who it is: the order changes until then.
    await until(async () => {
      await publisher.publish("private.IDPAGE.order", event);
      return row.test(await live.text(table)) || undefined;
    }, () => `an order like ${row}`);
  };
  await shows({ ...order, remaining_volume: "2" }, /abcxyz\s+▼ sell\s+1\.50\s+2\s+wait\s+–\s+7/);
  await live.reads("#account-problem", /The token has expired/);
  await live.reads("#history", /Token expired\./);
  await live.reads("#state", /^Live$/);
  assert.equal(await page.locator("#uid").isVisible(), false);

  const next = await place.key.token({ uid: "IDPAGE" });
  await use(next);
  await live.reads("#uid", /^IDPAGE$/);
  assert.equal(await page.locator("#account-problem").isVisible(), false);
  await shows(
    { ...order, state: "done", remaining_volume: "0", updated_at: 1588000798 },
    /abcxyz\s+▼ sell\s+1\.50\s+0\s+done\s+\d\d:\d\d:\d\d\s+7/,
    "#done-orders",
  );
  await page.locator("#orders tr").waitFor({ state: "detached" });
  assert.deepEqual(live.complaints, []);
}

async function serverRestarts(place: Place): Promise<void> {
  await using publisher = await connectPublisher(place.broker.url, place.exchange);
  await using running = new AsyncDisposableStack();
  const first = running.use(await serve(place));
  await first.consuming();
  await using live = await openPage(place.browser, first.publicUrl("/#/account"));
  const { page } = live;
  await page.locator("#paste").waitFor();
  await page.fill("#token", await place.key.token({ uid: "IDPAGE" }));
  await page.locator("#paste button").click();
  await live.reads("#uid", /^IDPAGE$/);
  await page.goto(first.publicUrl("/#/market/abcxyz/1m"));
  await publisher.publish("public.abcxyz.ob-snap", BOOK);
  // Subscribed together with the trades, which late subscribers do not receive.
  await live.reads("#spread", /^1\.50?$/);
  await publisher.publish("public.global.tickers", { abcxyz: { last: "1.5" } });
  const trade = { tid: 1, type: "sell", date: 1588000798, price: "1.5", amount: "2" };
  await publisher.publish("public.abcxyz.trades", { trades: [trade] });
  await live.reads("#last", /1\.5/);
  await live.reads("#tickers a", /1\.5/);

  await first.stop();
  await live.reads("#state", /^(Reconnecting|Connecting)…$/);
  await live.reads("#banner", /^No connection: .*out of date/);
  await live.reads("#book-note", /Out of date: the connection was lost/);
  assert.equal(await page.locator("#book").getAttribute("data-live"), "false");
  // The last data remains readable.
  assert.match(await live.text("#spread"), /^1\.50?$/);
  // Everything else is out of date too.
  for (const shown of ["#tickers a", "#last", "#trades-table", "#book-table", ".candles .chart"]) {
    assert.match(
      String(await page.evaluate(`getComputedStyle(document.querySelector("${shown}")).filter`)),
      /grayscale\(1\)/,
      shown,
    );
  }
  await live.reads("#trades-legend", /^out of date$/);
  for (const colorScheme of ["dark", "light"] as const) {
    await page.emulateMedia({ colorScheme });
    for (const size of [{ width: 360, height: 740 }, { width: 1280, height: 800 }]) {
      await page.setViewportSize(size);
      await live.assertAccessible();
    }
  }

  const second = running.use(await serve(place));
  await second.consuming();
  await live.reads("#state", /^Live, as IDPAGE$/);
  await page.locator("#banner").waitFor({ state: "hidden" });
  await publisher.publish("public.abcxyz.ob-snap", { ...BOOK, asks: [["100.5", "1"]] });
  await live.reads("#spread", /^0\.50?$/);
  await page.locator("#book[data-live=true]").waitFor();
  await page.locator("#view-market[data-live=true]").waitFor();
  // The second server's history knows nothing of what the first one delivered.
  await live.reads("#trades-legend", /^some may be missing$/);
  assert.deepEqual(live.complaints.filter((complaint) => !isOutage(complaint)), []);
}

async function brokerRestarts(place: Place): Promise<void> {
  await using ranger = await serve(place);
  await ranger.consuming();
  await using live = await openPage(place.browser, ranger.publicUrl("/#/market/abcxyz/1m"));
  await live.reads("#state", /^Live$/);
  {
    await using publisher = await connectPublisher(place.broker.url, place.exchange);
    await publisher.publish("public.abcxyz.ob-snap", BOOK);
    await live.reads("#spread", /^1\.50?$/);
  }
  await place.broker.kill();
  // The connection is open, and what is shown is out of date all the same.
  await live.reads("#state", /^No data from the exchange$/);
  await live.reads("#banner", /^The server receives nothing from the exchange/);
  await live.reads("#book-note", /^Out of date: the server receives nothing/);
  await live.page.locator("#book[data-live=false]").waitFor();
  await live.page.locator("#view-market[data-live=false]").waitFor();
  await live.assertAccessible();
  await using late = await openPage(place.browser, ranger.publicUrl("/#/market/abcxyz/1m"));
  await late.reads("#state", /^No data from the exchange$/);
  await place.broker.restart();
  await ranger.consuming(2);
  await live.reads("#state", /^Live$/);
  await live.page.locator("#banner").waitFor({ state: "hidden" });
  await live.reads("#book-note", /^Out of date: waiting for the exchange's next snapshot/);
  assert.equal(await live.page.locator("#book").getAttribute("data-live"), "false");
  await using publisher = await connectPublisher(place.broker.url, place.exchange);
  await publisher.publish("public.abcxyz.ob-snap", { ...BOOK, bids: [["101", "1"]] });
  await live.reads("#spread", /^0\.50?$/);
  await publisher.publish("public.abcxyz.ob-inc", { bids: ["101.25", "1"], sequence: 2 });
  await live.reads("#spread", /^0\.25$/);
  await live.page.locator("#book[data-live=true]").waitFor();
  await live.page.locator("#book-note").waitFor({ state: "hidden" });
  await late.reads("#spread", /^0\.25$/);
  assert.deepEqual([...live.complaints, ...late.complaints], []);
}

async function offline(place: Place): Promise<void> {
  await using running = new AsyncDisposableStack();
  const ranger = running.use(await serve(place));
  await ranger.consuming();
  await using live = await openPage(place.browser, ranger.publicUrl("/#/market/abcxyz/1m"));
  await live.reads("#state", /^Live$/);
  await live.page.context().setOffline(true);
  // Chromium keeps open sockets of a page that is offline.
  await ranger.stop();
  await live.reads("#state", /^Offline$/);
  await live.reads("#banner", /^This device is offline/);
  await live.reads("#book-note", /^Waiting for the network…$/);
  const second = running.use(await serve(place));
  await live.page.context().setOffline(false);
  await second.consuming();
  await live.reads("#state", /^Live$/);
  assert.deepEqual(live.complaints.filter((complaint) => !isOutage(complaint)), []);
}

async function noBroker({ browser, key, port }: Place): Promise<void> {
  const nowhere = `amqp://127.0.0.1:${freePort()}`;
  await using ranger = await startRanger({
    args: ["--amqp-url", nowhere, "--jwt-public-key", key.publicPem, "--page", `--port=${port}`],
  });
  await using live = await openPage(browser, ranger.publicUrl("/#/market/abcxyz/1m"));
  await live.reads("#state", /^No data from the exchange$/);
  await live.reads("#banner", /^The server receives nothing from the exchange/);
  await live.reads("#book-note", /^The server receives nothing from the exchange yet\.$/);
  await live.assertAccessible();
  assert.deepEqual(live.complaints, []);
}
