import { chromium } from "playwright-core";
import { pageAssets } from "../../src/http/page_assets.ts";
import { findChromium } from "../../testing/chromium.ts";
import { startRanger } from "../../testing/ranger.ts";
import { count, kilobytes, type Table } from "../harness/format.ts";
import { type Drawing, measureFrames } from "./page_frames.ts";
import { median, type Scenario, target } from "./scenario.ts";

const PAINTS = 7;

const FLAGS = [
  ...(Deno.uid() === 0 ? ["--no-sandbox"] : []),
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
];

interface Size {
  readonly path: string;
  readonly bytes: number;
  readonly gzipped: number;
}

/** Milliseconds of one visit, with nothing in the cache. */
interface Paint {
  readonly paint: number;
  readonly book: number;
}

/** The live page in a real Chromium, served by `ranger demo`. */
export const page: Scenario = {
  name: "page",
  about: "the live page in Chromium: its size as sent, its first paint, the frames that it draws " +
    "while the order book changes 1,000 times a second",
  async run({ place, effort, say }) {
    // Frames come and go with the collector: it takes some seconds to see its share.
    const seconds = 5 * effort.seconds;
    const sizes = measureSizes();
    const executablePath = findChromium();
    if (executablePath === undefined) {
      say("  left out: paint and frames: Chromium is missing (Debian: apt-get install chromium)");
    }
    const paints = executablePath ? await measurePaints(executablePath) : [];
    const drawings: Drawing[] = executablePath
      ? await measureFrames({ executablePath, flags: FLAGS, place, seconds })
      : [];
    const views = drawings.filter(({ view }) => view !== "empty");
    const empty = drawings.find(({ view }) => view === "empty");
    const all = sizes.reduce((sum, { gzipped }) => sum + gzipped, 0);
    const middle = (name: keyof Paint) =>
      paints.length ? median(paints.map((one) => one[name])) : undefined;
    return {
      name: page.name,
      about: page.about,
      figures: { sizes, paints, drawings },
      tables: [sizeTable(sizes, all), paintTable(paints, middle), frameTable(drawings, seconds)],
      notes: [
        "Without a graphics card: the core that the page runs on paints as well. The browser and " +
        "all its processes share the load's core, the server has its own. The empty page follows " +
        "the same book by a bare socket, and writes one number a frame: what this browser draws at " +
        "most on that core, at that time. All three take turns.",
      ],
      summary: `${kilobytes(all)} KB; ` +
        drawings.map(({ view, frames }) => `${view} ${frames.toFixed(1)} frames/s`).join(", "),
      targets: [
        target(
          "page, all files, gzipped",
          "under 120 KB",
          all,
          (bytes) => `${kilobytes(bytes)} KB`,
          (
            bytes,
          ) => bytes < 120 * 1024,
        ),
        target(
          "page, first contentful paint",
          "under 1 s",
          middle("paint"),
          (ms) => `${ms.toFixed(0)} ms`,
          (ms) => ms < 1000,
        ),
        ...views.map(({ view, frames, updates }) =>
          target(
            `page, frames a second (${view}, ${count(updates)} book updates a second)`,
            "60",
            frames,
            (a) => `${a.toFixed(1)}; an empty page ${empty?.frames.toFixed(1)}`,
            // What a screen of 60 Hz shows, give or take the measuring.
            (a) => a >= 59.5,
          )
        ),
      ],
      integrity: true,
    };
  },
};

/** The files as they are sent. */
function measureSizes(): Size[] {
  return [...pageAssets()].map(([path, { body, gzipped }]) => ({
    path,
    bytes: body.length,
    gzipped: gzipped.length,
  }));
}

async function measurePaints(executablePath: string): Promise<Paint[]> {
  await using demo = await startRanger({ command: "demo", args: ["--quiet"] });
  await using browser = await chromium.launch({ executablePath, args: FLAGS });
  const paints: Paint[] = [];
  while (paints.length < PAINTS) {
    // A new context has an empty cache.
    await using context = await browser.newContext();
    const visited = await context.newPage();
    await visited.goto(demo.publicUrl("/#/market/btcusd"));
    await visited.locator("#spread").filter({ hasText: /\d/ }).waitFor();
    const book = await visited.evaluate("performance.now()") as number;
    const paint = await visited.evaluate(
      `performance.getEntriesByName("first-contentful-paint")[0].startTime`,
    ) as number;
    paints.push({ paint, book });
  }
  return paints;
}

function sizeTable(sizes: readonly Size[], all: number): Table {
  return {
    title: "Files as they are sent",
    head: ["file", "bytes", "gzipped"],
    rows: [
      ...sizes.map(({ path, bytes, gzipped }) => [path, count(bytes), count(gzipped)]),
      ["all", "", count(all)],
    ],
  };
}

function paintTable(
  paints: readonly Paint[],
  middle: (name: keyof Paint) => number | undefined,
): Table {
  const row = (what: string, name: keyof Paint) => [
    what,
    (middle(name) ?? NaN).toFixed(0),
    Math.max(...paints.map((one) => one[name])).toFixed(0),
  ];
  return {
    title: `Visits with an empty cache, ${PAINTS} of them`,
    head: ["until", "median ms", "most ms"],
    rows: paints.length === 0
      ? []
      : [row("the first contentful paint", "paint"), row("the order book is there", "book")],
  };
}

function frameTable(drawings: readonly Drawing[], seconds: number): Table {
  return {
    title: `Frames over ${seconds} seconds of each`,
    head: ["view", "book updates/s", "frames/s", "p99 of the gaps, ms"],
    rows: drawings.map(({ view, updates, frames, p99 }) => [
      view,
      count(updates),
      frames.toFixed(1),
      p99.toFixed(1),
    ]),
  };
}
