/**
 * Takes the pictures of the live page in docs/page/: each view, in light and dark, on a desktop and
 * a phone, of a demo that has run for a while.
 *
 *     deno run -A scripts/page_screenshots.ts
 */
import type { Browser } from "playwright-core";
import { launchChromium } from "../tests/support/browser.ts";
import { startRanger } from "../tests/support/ranger.ts";

const OUT = new URL("../docs/page/", import.meta.url).pathname;
/** Milliseconds in which some candles form. */
const A_WHILE = 60_000;

const DEVICES = {
  desktop: { width: 1360, height: 900 },
  phone: { width: 390, height: 844 },
};

await using browser = await launchChromium();
if (browser === undefined) {
  console.error("No Chromium here: apt-get install chromium");
  Deno.exit(69);
}
await Deno.mkdir(OUT, { recursive: true });
await using demo = await startRanger({ command: "demo", args: ["--quiet"] });
const looks = (["light", "dark"] as const).flatMap((scheme) =>
  Object.entries(DEVICES).map(([device, viewport]) => ({ scheme, device, viewport }))
);
await Promise.all(looks.map((look) => take(browser, demo.publicUrl("/"), look)));

async function take(
  browser: Browser,
  url: string,
  { scheme, device, viewport }: (typeof looks)[number],
): Promise<void> {
  await using context = await browser.newContext({ colorScheme: scheme, viewport });
  const page = await context.newPage();
  const browserSession = await context.newCDPSession(page);
  const shoot = async (view: string) => {
    // Playwright itself has no WebP, which is a third of the others' size.
    const { data } = await browserSession.send("Page.captureScreenshot", {
      format: "webp",
      quality: 60,
    });
    const path = `${OUT}${view}-${device}-${scheme}.webp`;
    await Deno.writeFile(path, Uint8Array.fromBase64(data));
  };
  await page.goto(url);
  await page.waitForTimeout(A_WHILE);
  await shoot("market");
  await page.locator("[data-view=streams]").click();
  for (const stream of ["btcusd.trades", "btcusd.ob-inc", "ethusd.kline-1m"]) {
    await page.fill("#stream-name", stream);
    await page.keyboard.press("Enter");
  }
  await page.waitForTimeout(5_000);
  await shoot("streams");
  await page.locator("[data-view=account]").click();
  await page.click("#demo button");
  await page.waitForTimeout(15_000);
  await page.evaluate("scrollTo(0, 0)");
  await shoot("account");
}
