import axe from "axe-core";
import assert from "node:assert/strict";
import { until } from "../../testing/bounded.ts";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";

/** The live page in a new tab, and every error that the browser reported. */
export interface LivePage extends AsyncDisposable {
  readonly page: Page;
  /** What it wrote into the console as warnings and errors, and what nobody caught. */
  readonly complaints: string[];
  /** The text of an element: `text("#spread")`. */
  text(selector: string): Promise<string>;
  /** Resolves when an element's text is like that. */
  reads(selector: string, pattern: RegExp): Promise<void>;
  /** Resolves when an expression is true in the page, whose policy forbids Playwright's own way. */
  holds(expression: string): Promise<void>;
  /** Asserts that nothing is cut off in what is shown of these elements: each is as wide as its text. */
  assertWhole(selector: string): Promise<void>;
  /** Asserts that axe finds nothing serious in what is shown. */
  assertAccessible(): Promise<void>;
}

/**
 * Opens the live page.
 *
 * @param url with the view: `http://127.0.0.1:8080/#/streams`
 * @param received called with each text message that its WebSockets receive
 *
 * @example
 * ```ts
 * import { type Browser } from "playwright-core";
 * declare const browser: Browser;
 * await using live = await openPage(browser, "http://127.0.0.1:8080/#/market/btcusd");
 * await live.reads("#market-title", /^BTC\/USD$/);
 * ```
 */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
  received?: (text: string) => void,
): Promise<LivePage> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error.stack)));
  if (received) {
    page.on("websocket", (socket) => {
      socket.on("framereceived", ({ payload }) => received(String(payload)));
    });
  }
  await page.goto(url);
  return {
    page,
    complaints,
    text: (selector) => page.locator(selector).first().innerText(),
    async reads(selector, pattern) {
      await page.locator(selector).filter({ hasText: pattern }).first().waitFor();
    },
    async holds(expression) {
      await until(async () => (await page.evaluate(expression)) || undefined, `${expression}`);
    },
    async assertWhole(selector) {
      const shown = await page.evaluate(
        `[...document.querySelectorAll(${JSON.stringify(selector)})]
          .filter((element) => element.checkVisibility()).map((element) => ({
            text: element.innerText,
            cut: element.scrollWidth > element.clientWidth,
          }))`,
      ) as { text: string; cut: boolean }[];
      assert.ok(shown.length > 0, `there is no ${selector}`);
      const size = JSON.stringify(page.viewportSize());
      assert.deepEqual(shown.filter(({ cut }) => cut).map(({ text }) => text), [], size);
    },
    async assertAccessible() {
      // Playwright's own way in: the page's policy is about the page's scripts.
      const found = await page.evaluate(`${axe.source}; axe.run()`) as axe.AxeResults;
      const serious = found.violations.filter(({ impact }) =>
        impact === "serious" || impact === "critical"
      );
      const told = serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`);
      assert.deepEqual(told, []);
    },
    async [Symbol.asyncDispose]() {
      await context.close();
    },
  };
}

/** Whether a complaint is no more than that the server was away. */
export function isOutage(complaint: string): boolean {
  return /WebSocket connection to|Failed to load resource: net::/.test(complaint);
}
