import { until } from "../../testing/bounded.ts";
import { startRanger } from "../../testing/ranger.ts";
import { PlainBrowser } from "../harness/plain_browser.ts";
import type { Place } from "../peers/peer.ts";

/** Of the simulator: what happens in each market a second; it changes the book about as often. */
const RATE = 1000;
const SIZE = { width: 1360, height: 850 };
/** Of each of them: the machine is never the same for long. */
const TURNS = 3;

/** What is looked at. */
const VIEWS = ["empty", "market", "streams"] as const;
type View = typeof VIEWS[number];

/** What a view came to. */
export interface Drawing {
  readonly view: View;
  /** A second. */
  readonly frames: number;
  /** Milliseconds between two frames that only one gap in a hundred exceeds. */
  readonly p99: number;
  /** Of the book, a second. */
  readonly updates: number;
}

/** One turn of a view. */
interface Turn {
  /** Milliseconds between two frames each. */
  readonly gaps: readonly number[];
  readonly updates: number;
  readonly seconds: number;
}

/** What is measured with, and for how long. */
export interface FramesOptions {
  readonly executablePath: string;
  readonly flags: readonly string[];
  readonly place: Place;
  /** Of each view, all turns together. */
  readonly seconds: number;
}

/** Counts updates of the book on the page's sockets: another socket would double the load. */
const COUNT_UPDATES = `globalThis.updates = 0;
globalThis.WebSocket = class extends WebSocket {
  constructor(...given) {
    super(...given);
    this.addEventListener("message", ({ data }) => {
      if (data.startsWith('{"btcusd.ob-inc"')) updates++;
    });
  }
};`;

/** The least that a page can do with the same book. */
const EMPTY = `{
  new WebSocket("public/?stream=btcusd.ob-inc");
  const number = document.createElement("p");
  document.body.replaceChildren(number);
  const frame = () => {
    number.textContent = String(updates);
    requestAnimationFrame(frame);
  };
  frame();
}`;

/** Follows the book in the inspector. */
const FOLLOW = `{
  const name = document.getElementById("stream-name");
  name.value = "btcusd.ob-inc";
  name.form.requestSubmit();
}`;

const COUNT_FRAMES = (seconds: number) =>
  `new Promise((resolve) => {
  const gaps = [];
  const [begin, before] = [performance.now(), updates];
  let last;
  const frame = (now) => {
    if (last !== undefined) gaps.push(now - last);
    last = now;
    const seconds = (performance.now() - begin) / 1000;
    if (seconds < ${seconds}) return requestAnimationFrame(frame);
    resolve({ gaps, seconds, updates: updates - before });
  };
  requestAnimationFrame(frame);
})`;

/** How many frames each view draws while the book changes, and an empty page beside them. */
export async function measureFrames(options: FramesOptions): Promise<Drawing[]> {
  const { executablePath, flags, place, seconds } = options;
  await using demo = await startRanger({
    command: "demo",
    args: ["--quiet", "--rate", String(RATE)],
  });
  await using browser = await PlainBrowser.start(executablePath, flags);
  await pin(browser.pid, place.loadCore);
  await pin(demo.pid, place.serverCore);
  const turns = new Map<View, Turn[]>(VIEWS.map((view) => [view, []]));
  for (let turn = 0; turn < TURNS; turn++) {
    for (const view of VIEWS) {
      await show[view](browser, demo.publicUrl());
      turns.get(view)!.push(await browser.evaluate(COUNT_FRAMES(seconds / TURNS)) as Turn);
    }
  }
  return [...turns].map(([view, all]) => drawingOf(view, all));
}

const show: Record<View, (browser: PlainBrowser, url: string) => Promise<void>> = {
  async empty(browser, url) {
    // Any of the server's, so that the socket is one to the same host.
    await browser.open(`${url}asyncapi.json`, { ...SIZE, before: COUNT_UPDATES });
    await holds(browser, `document.readyState === "complete" && location.href !== "about:blank"`);
    await browser.evaluate(EMPTY);
    await holds(browser, "updates > 0");
  },
  async market(browser, url) {
    await browser.open(`${url}#/market/btcusd`, { ...SIZE, before: COUNT_UPDATES });
    await holds(browser, `/\\d/.test(document.getElementById("candle")?.textContent)`);
    await holds(browser, "updates > 0");
  },
  async streams(browser, url) {
    await browser.open(`${url}#/streams`, { ...SIZE, before: COUNT_UPDATES });
    await holds(browser, `document.getElementById("line-state")?.textContent === "Live"`);
    await browser.evaluate(FOLLOW);
    await holds(browser, `updates > 0 && document.querySelectorAll("#messages li").length > 1`);
  },
};

function drawingOf(view: View, turns: readonly Turn[]): Drawing {
  const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0);
  const gaps = turns.flatMap((turn) => turn.gaps).sort((a, b) => a - b);
  return {
    view,
    frames: gaps.length / (sum(gaps) / 1000),
    p99: gaps[Math.floor(gaps.length * 0.99)]!,
    updates: sum(turns.map(({ updates }) => updates)) / sum(turns.map((turn) => turn.seconds)),
  };
}

async function holds(browser: PlainBrowser, expression: string): Promise<void> {
  await until(async () => (await browser.evaluate(expression)) || undefined, expression);
}

/** Puts a process, its threads and its children on one core; what they start goes there as well. */
async function pin(pid: number, core: number): Promise<void> {
  for (const process of descendants(pid)) {
    const args = ["-a", "-p", "-c", String(core), String(process)];
    await new Deno.Command("taskset", { args, stdout: "null", stderr: "null" }).output();
  }
}

function descendants(pid: number): number[] {
  const children = [...Deno.readDirSync(`/proc/${pid}/task`)].flatMap(({ name }) =>
    Deno.readTextFileSync(`/proc/${pid}/task/${name}/children`).split(" ").filter(Boolean)
  );
  return [pid, ...children.flatMap((child) => descendants(Number(child)))];
}
