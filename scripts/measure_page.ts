/**
 * Measures the live page in a real Chromium, served by a real Ranger on this machine:
 *
 *     deno task page:measure
 *
 * Sizes as sent; first paint in a fresh profile, several times; frames a second while the simulated
 * exchange changes the book so often, with the browser and all its processes on one core. Needs
 * Chromium, and `taskset` for the one core.
 */
import { chromium, type Page } from "playwright-core";
import { pageAssets } from "../src/http/page_assets.ts";
import { findChromium } from "../tests/support/chromium.ts";
import { startRanger } from "../tests/support/ranger.ts";

const PAINTS = 7;
const SECONDS = 10;
/** Of the simulator: what happens in each market a second; more than half of it changes the book. */
const RATE = 1000;

const executablePath = findChromium();
if (executablePath === undefined) {
  console.error("No Chromium here: apt-get install chromium");
  Deno.exit(69);
}
const FLAGS = [
  ...(Deno.uid() === 0 ? ["--no-sandbox"] : []),
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
];

/** Counts in the page: what it draws, and what it is sent. */
const COUNT = (seconds: number) =>
  `new Promise((resolve) => {
  const gaps = [];
  let last;
  const socket = new WebSocket("public/?stream=btcusd.ob-inc");
  let updates = 0;
  socket.onmessage = () => updates++;
  const begin = performance.now();
  const frame = (now) => {
    if (last !== undefined) gaps.push(now - last);
    last = now;
    if (now - begin < ${seconds} * 1000) return requestAnimationFrame(frame);
    socket.close();
    gaps.sort((a, b) => a - b);
    resolve({
      frames: gaps.length / (gaps.reduce((sum, gap) => sum + gap, 0) / 1000),
      p99: gaps[Math.floor(gaps.length * 0.99)],
      updates: updates / ((now - begin) / 1000),
    });
  };
  requestAnimationFrame(frame);
})`;

console.log(sizes());
console.log(await firstPaint());
console.log(await frames());

/** A table of the files as they are sent. */
function sizes(): string {
  let total = 0;
  const rows = [...pageAssets()].map(([path, { body, gzipped }]) => {
    total += gzipped.length;
    return `| \`${path}\` | ${body.length} | ${gzipped.length} |`;
  });
  return ["| file | bytes | gzipped |", "| --- | --- | --- |", ...rows, `| all | | ${total} |`, ""]
    .join("\n");
}

async function firstPaint(): Promise<string> {
  await using demo = await startRanger({ command: "demo", args: ["--quiet"] });
  await using browser = await chromium.launch({ executablePath: executablePath!, args: FLAGS });
  const times: { paint: number; book: number }[] = [];
  for (let n = 0; n < PAINTS; n++) {
    // A context of its own has nothing in its cache.
    await using context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(demo.publicUrl("/#/market/btcusd"));
    await page.locator("#spread").filter({ hasText: /\d/ }).waitFor();
    const book = await page.evaluate("performance.now()") as number;
    const paint = await page.evaluate(
      `performance.getEntriesByName("first-contentful-paint")[0].startTime`,
    ) as number;
    times.push({ paint, book });
  }
  const line = (name: "paint" | "book") => {
    const sorted = times.map((time) => time[name]).sort((a, b) => a - b);
    return `median ${sorted[PAINTS >> 1]!.toFixed(0)} ms, worst ${sorted.at(-1)!.toFixed(0)} ms`;
  };
  return `First contentful paint: ${line("paint")}; the order book is there: ${line("book")}.`;
}

async function frames(): Promise<string> {
  await using demo = await startRanger({
    command: "demo",
    args: ["--quiet", "--rate", String(RATE)],
  });
  const server = await chromium.launchServer({ executablePath: executablePath!, args: FLAGS });
  try {
    const last = navigator.hardwareConcurrency - 1;
    const pinned = await pin(server.process().pid!, last);
    // Not in the browser's way, where there is another core.
    await pin(demo.pid, 0);
    await using browser = await chromium.connect(server.wsEndpoint());
    const page = await browser.newPage({ viewport: { width: 1360, height: 850 } });
    const results: string[] = [];
    for (const view of ["market", "streams"]) {
      await page.goto(demo.publicUrl(`/#/${view}/${view === "market" ? "btcusd" : ""}`));
      if (view === "streams") await follow(page, "btcusd.ob-inc");
      else await page.locator("#spread").filter({ hasText: /\d/ }).waitFor();
      const { frames, p99, updates } = await page.evaluate(COUNT(SECONDS)) as Record<
        "frames" | "p99" | "updates",
        number
      >;
      results.push(
        `${view}: ${
          frames.toFixed(1)
        } frames a second, the 99th hundredth of the gaps between them ` +
          `${p99.toFixed(1)} ms, at ${updates.toFixed(0)} book updates a second`,
      );
    }
    return `${pinned ? "On one core" : "On all cores (there is no taskset)"}: ${
      results.join("; ")
    }.`;
  } finally {
    await server.close();
  }
}

async function follow(page: Page, stream: string): Promise<void> {
  await page.fill("#stream-name", stream);
  await page.keyboard.press("Enter");
  await page.locator("#messages li").first().waitFor();
}

/** Puts a process, its threads and what it will start on one core. */
async function pin(pid: number, core: number): Promise<boolean> {
  const children = async (parent: number): Promise<number[]> => {
    const { stdout } = await new Deno.Command("pgrep", { args: ["-P", String(parent)] }).output();
    const found = new TextDecoder().decode(stdout).split("\n").filter(Boolean).map(Number);
    return [parent, ...(await Promise.all(found.map(children))).flat()];
  };
  try {
    for (const process of await children(pid)) {
      const args = ["-a", "-p", "-c", String(core), String(process)];
      await new Deno.Command("taskset", { args, stdout: "null", stderr: "null" }).output();
    }
    return true;
  } catch {
    return false;
  }
}
