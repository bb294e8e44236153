import assert from "node:assert/strict";
import { until } from "../../testing/bounded.ts";
import { launchChromium } from "../../testing/browser.ts";
import { startExchange } from "../support/exchange.ts";
import { type LivePage, openPage } from "../support/live_page.ts";
import { type BookSnapshot, ModelBook, type ModelLevel, scaled } from "../support/model_book.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { play } from "../support/simulator.ts";

const broker = await sharedBroker();

const MARKET = "btcusd";
/** Milliseconds of each of the simulator's steps: a minute in all. */
const STEPS_MS = Array<number>(1200).fill(50);
/** What the depth chart shows to either side of the middle, unless another window is chosen. */
const WINDOW_PERCENT = 1;
/** How often the page is compared on the way. */
const COMPARISONS = 6;

/** What the page shows of a book: numbers, however many zeros they are written with. */
interface ShownBook {
  readonly asks: readonly string[];
  readonly bids: readonly string[];
  readonly spread: string;
  readonly depth: readonly string[];
}

Deno.test("the page's book is the exchange's after a minute of its events", async () => {
  await using browser = await launchChromium();
  if (!browser) return console.log("no Chromium here: not tried");
  const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
  console.log(`the simulator's seed: ${seed}`);
  const events = (await play({ seed }, STEPS_MS)).filter(({ key }) => key.includes(`.${MARKET}.`));
  await using exchange = await startExchange(broker, { args: ["--page"] });
  const url = exchange.ranger.publicUrl(`/#/market/${MARKET}/1m`);

  const model = new ModelBook();
  const [snapshot, ...rest] = events.slice(events.findIndex(({ key }) => key.endsWith(".ob-snap")));
  await exchange.publish(snapshot!.key, snapshot!.text);
  await exchange.settled();
  model.replace(JSON.parse(snapshot!.text));
  const received: string[] = [];
  await using page = await openPage(browser, url, {}, (text) => received.push(text));
  await shows(page, model.snapshot());
  const increments: string[] = [];
  for (const [at, { key, text }] of rest.entries()) {
    await exchange.publish(key, text);
    if (key.endsWith(".ob-inc")) {
      model.apply(JSON.parse(text));
      increments.push(text);
    }
    if (at % Math.ceil(rest.length / COMPARISONS) === 0) await shows(page, model.snapshot());
  }
  await shows(page, model.snapshot());
  const of = (event: string) => {
    const start = `{"${MARKET}.${event}":`;
    return received.filter((text) => text.startsWith(start))
      .map((text) => text.replace(/,"cursor":"[\w-]+"\}$/, "}").slice(start.length, -1));
  };
  assert.equal(of("ob-snap").length, 1, "a page that is in step receives one snapshot");
  assert.deepEqual(of("ob-inc"), increments, "and each increment as it was published");
  const removals = increments.filter((text) => text.includes(',""]')).length;
  assert.ok(removals > 100, `${removals} removals in ${increments.length} increments`);

  await using late = await openPage(browser, url);
  await shows(late, model.snapshot());
  assert.deepEqual([...page.complaints, ...late.complaints], []);
});

/** Waits until a page shows a book. */
async function shows(live: LivePage, book: BookSnapshot): Promise<void> {
  const levels = await live.page.locator("#bids tr").count();
  const expected = expectedOf(book, levels);
  let shown: ShownBook | undefined;
  await until(
    async () => {
      shown = await shownBy(live);
      return JSON.stringify(shown) === JSON.stringify(expected) || undefined;
    },
    () => `the page to show ${JSON.stringify(expected)}, not ${JSON.stringify(shown)}`,
  );
}

/** The rows of each side, best price first; the spread; what the depth chart says of both sides. */
async function shownBy(live: LivePage): Promise<ShownBook> {
  const read = await live.page.evaluate(`(() => {
    const rows = (id) => [...document.getElementById(id).rows]
      .map((row) => [...row.cells].map((cell) => cell.innerText.trim()));
    const text = (id) => document.getElementById(id).innerText;
    return {
      asks: rows("asks").reverse(),
      bids: rows("bids"),
      spread: text("spread"),
      depth: text("depth-legend"),
    };
  })()`) as { asks: string[][]; bids: string[][]; spread: string; depth: string };
  const side = (rows: string[][]) =>
    rows.filter(([price]) => price !== "").map((cells) => cells.map(worth).join(" "));
  const depth = /^bids (\S+) · asks (\S+)$/.exec(read.depth)?.slice(1) ?? [];
  return {
    asks: side(read.asks),
    bids: side(read.bids),
    spread: worth(read.spread),
    depth: depth.map(worth),
  };
}

/** @param levels rows per side of the table */
function expectedOf({ asks, bids }: BookSnapshot, levels: number): ShownBook {
  const [ask, bid] = [asks[0], bids[0]];
  const middle = ask && bid ? (Number(ask[0]) + Number(bid[0])) / 2 : NaN;
  const reach = middle * WINDOW_PERCENT / 100 * 1.000001;
  const within = (side: readonly ModelLevel[]) =>
    String(sum(side.filter(([price]) => Math.abs(Number(price) - middle) <= reach)));
  return {
    asks: rowsOf(asks, levels),
    bids: rowsOf(bids, levels),
    spread: String(scaled(ask![0]) - scaled(bid![0])),
    depth: [within(bids), within(asks)],
  };
}

function rowsOf(side: readonly ModelLevel[], levels: number): string[] {
  return side.slice(0, levels).map(([price, amount], at) =>
    `${scaled(price)} ${scaled(amount)} ${sum(side.slice(0, at + 1))}`
  );
}

function sum(levels: readonly ModelLevel[]): bigint {
  return levels.reduce((total, [, amount]) => total + scaled(amount), 0n);
}

/** A number that is shown, by what it is worth. */
function worth(text: string): string {
  return /^\d/.test(text) ? String(scaled(text)) : text;
}
