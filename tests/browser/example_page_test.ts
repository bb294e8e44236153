import assert from "node:assert/strict";
import { until } from "../../testing/bounded.ts";
import { launchChromium } from "../../testing/browser.ts";
import { ROOT } from "../../testing/program.ts";
import { startRanger } from "../../testing/ranger.ts";
import { openPage } from "../support/live_page.ts";

Deno.test("the example page shows a market's best prices and trades, from an address of this machine", async () => {
  const browser = await launchChromium();
  if (browser === undefined) return console.log("no Chromium here: not tried");
  try {
    await using demo = await startRanger({ command: "demo", args: ["--quiet", "--rate", "50"] });
    await using pages = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      async ({ url }) =>
        new URL(url).pathname === "/"
          ? new Response(await Deno.readTextFile(`${ROOT}examples/browser/index.html`), {
            headers: { "Content-Type": "text/html" },
          })
          : new Response(null, { status: 204 }),
    );
    // Ranger allows the page because it comes from this machine, as with the command that it names.
    const page = `http://localhost:${pages.addr.port}/?server=${demo.url("")}#ethusd`;
    await using live = await openPage(browser, page);
    await live.reads("#market", /^ethusd$/);
    await live.reads("#state", /^live$/);
    await live.reads("#trades tr:nth-child(10) td:nth-child(2)", /^\d+\.\d+$/);
    const seen = new Set<string>();
    await until(async () => {
      const [bid, ask] = [await live.text("#bid"), await live.text("#ask")];
      assert.ok(Number(bid) < Number(ask), `bid ${bid}, ask ${ask}`);
      seen.add(`${bid} ${ask}`);
      return seen.size >= 5 || undefined;
    }, "five best prices, one after the other");
    assert.deepEqual(live.complaints, []);

    await demo.stop();
    await live.reads("#state", /^connecting again$/);
  } finally {
    await browser.close();
  }
});
