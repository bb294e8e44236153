/**
 * Takes the pictures of the live page in docs/page/: each view and each state that somebody may
 * find it in, in light and dark, on a desktop and a phone, of a demo that has run for a while and
 * then ends.
 *
 *     deno run -A scripts/page_screenshots.ts
 */
import type { Page } from "playwright-core";
import { launchChromium } from "../testing/browser.ts";
import { freePort } from "../testing/ports.ts";
import { startRanger } from "../testing/ranger.ts";

const OUT = new URL("../docs/page/", import.meta.url).pathname;
/** Milliseconds in which some candles form. */
const A_WHILE = 60_000;
/** Milliseconds in which something comes of each stream. */
const A_MOMENT = 10_000;
/** Seconds that the token is good for whose end is shown. */
const TTL = 30;

const DEVICES = {
  desktop: { width: 1440, height: 900 },
  phone: { width: 390, height: 844 },
};

/** Sizes of which there is a picture of the market only. */
const OTHER_SIZES = {
  wide: { width: 2560, height: 1440 },
  tablet: { width: 768, height: 1024 },
};

/** A page, and how to take its picture. */
interface Sitter {
  readonly page: Page;
  shoot(name: string): Promise<void>;
  /** Takes the pictures of the sizes that no sitter has. */
  shootOthers(name: string): Promise<void>;
}

await using browser = await launchChromium();
if (browser === undefined) {
  console.error("No Chromium here: apt-get install chromium");
  Deno.exit(69);
}
await Deno.mkdir(OUT, { recursive: true });
await using demo = await startRanger({ command: "demo", args: ["--quiet"] });
// Nothing listens there: a server whose exchange cannot be reached.
await using alone = await startRanger({
  args: ["--amqp-url", `amqp://127.0.0.1:${freePort()}`, "--no-auth", "--page"],
});
const sitters = await Promise.all(
  (["light", "dark"] as const).flatMap((scheme) =>
    Object.keys(DEVICES).map((device) => sit(device as keyof typeof DEVICES, scheme))
  ),
);
await Promise.all(sitters.map(whileItRuns));
await demo.stop();
await Promise.all(sitters.map(onceItIsGone));

async function sit(device: keyof typeof DEVICES, scheme: "light" | "dark"): Promise<Sitter> {
  const viewport = DEVICES[device];
  const context = await browser!.newContext({ colorScheme: scheme, viewport });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  const take = async (name: string, size: typeof viewport) => {
    await page.evaluate("scrollTo(0, 0)");
    // A narrow screen shows little at once: there all of it is taken.
    const height = size.width < 1000
      ? Number(await page.evaluate("document.documentElement.scrollHeight"))
      : size.height;
    // Playwright itself has no WebP, which is a third of the others' size.
    const { data } = await session.send("Page.captureScreenshot", {
      format: "webp",
      quality: 40,
      captureBeyondViewport: true,
      clip: { x: 0, y: 0, width: size.width, height, scale: 1 },
    });
    await Deno.writeFile(`${OUT}${name}-${scheme}.webp`, Uint8Array.fromBase64(data));
  };
  await page.goto(alone.publicUrl("/#/market/btcusd/5s"));
  await page.locator("#banner").waitFor();
  await take(`market-no-exchange-${device}`, viewport);
  await page.goto(demo.publicUrl("/"));
  return {
    page,
    shoot: (name) => take(`${name}-${device}`, viewport),
    async shootOthers(name) {
      for (const [other, size] of Object.entries(OTHER_SIZES)) {
        await page.setViewportSize(size);
        await page.waitForTimeout(A_MOMENT / 4);
        await take(`${name}-${other}`, size);
      }
      await page.setViewportSize(viewport);
    },
  };
}

async function whileItRuns({ page, shoot, shootOthers }: Sitter, at: number): Promise<void> {
  const view = (name: string) => page.locator(`[data-view=${name}]`).click();
  await page.waitForTimeout(A_WHILE);
  await shoot("market");
  // The first sitter of each scheme takes them.
  if (at % Object.keys(DEVICES).length === 0) await shootOthers("market");
  await view("streams");
  for (const stream of ["btcusd.trades", "btcusd.ob-inc", "ethusd.kline-1m"]) {
    await page.fill("#stream-name", stream);
    await page.keyboard.press("Enter");
  }
  await page.waitForTimeout(A_MOMENT);
  await shoot("streams");
  await page.click("#pause");
  await page.waitForTimeout(A_MOMENT / 2);
  await shoot("streams-paused");
  await page.click("#pause");

  await view("account");
  const token = String(
    await page.evaluate(`fetch("page/token?ttl=${TTL}").then((answer) => answer.text())`),
  );
  await page.fill("#token", token);
  await page.locator("#paste button").click();
  await page.waitForTimeout(A_MOMENT);
  await shoot("account-pasted");
  await page.locator("#account-problem").waitFor({ timeout: TTL * 1000 });
  await shoot("account-expired");
  await page.click("#demo button");
  await page.waitForTimeout(A_MOMENT);
  await shoot("account");
  await view("market");
  await page.waitForTimeout(A_MOMENT);
}

async function onceItIsGone({ page, shoot }: Sitter): Promise<void> {
  await page.locator("#banner").waitFor();
  await shoot("market-reconnecting");
  await page.locator("[data-view=streams]").click();
  await page.waitForTimeout(A_MOMENT);
  await shoot("streams-gone");
}
