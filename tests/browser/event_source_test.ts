/** The clients of server-sent events that people use: browsers', and npm's in Node and in a page. */
import assert from "node:assert/strict";
import { bounded } from "../../testing/bounded.ts";
import { launchChromium } from "../../testing/browser.ts";
import { endProcess } from "../../testing/processes.ts";
import { ROOT } from "../../testing/program.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { startExchange, step, subscribed } from "../support/exchange.ts";
import { Gate } from "../../testing/gate.ts";
import { findNode } from "../support/node.ts";
import { temporaryFolder } from "../support/run_ranger.ts";
import { linesOf } from "../support/text_lines.ts";

const broker = await sharedBroker();

/** Text of what every program does with its EventSource; `report` is the test's. */
const FOLLOW = `
  const see = ({ data }) => report(data);
  source.addEventListener("message", see);
  source.addEventListener("answer", see);
  source.onerror = () => { if (source.readyState === 2) report("given up"); };
`;

/** @returns the text of a module that has npm's EventSource in it, for any runtime with fetch */
async function bundle(): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["bundle", "--quiet", "--frozen", "--platform=browser"],
      "tests/support/event_source.ts",
    ],
    cwd: ROOT,
    stdin: "null",
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

Deno.test("an EventSource gets what it missed while the server was away", async (t) => {
  const module = bundle();
  await using site = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async ({ url }) =>
      url.endsWith("/source.js")
        ? new Response(await module, { headers: { "content-type": "text/javascript" } })
        : new Response("<!doctype html>", { headers: { "content-type": "text/html" } }),
  );
  // Pages of this address only.
  const args = [`--origins=http://127.0.0.1:${site.addr.port}`];
  await using exchange = await startExchange(broker, { args });
  const token = await exchange.key.token({ uid: "ID1" });

  /** Publishes what a client waits for, and takes the server away once. */
  async function assertResumes(
    path: string,
    routingKey: string,
    client: (url: string, report: (data: string) => Promise<void>) => Promise<void>,
  ): Promise<void> {
    await using gate = new Gate(exchange.ranger.publicUrl());
    await gate.open();
    const stream = new URL(path, "http://localhost").searchParams.get("stream")!;
    const event = (n: number) => `{"${stream}":{"n":${n}}}`;
    const resumed = `{"success":{"message":"resumed","streams":["${stream}"]}}`;
    const seen: string[] = [];
    const { promise: done, resolve, reject } = Promise.withResolvers<void>();
    const publish = async (n: number) => {
      await exchange.publish(routingKey, { n });
      await exchange.settled();
    };
    const react = async (data: string, count: number) => {
      if (count === 1) await publish(1);
      else if (data === event(1)) {
        await gate.shut();
        await publish(2);
        await gate.open();
      } else if (data === resumed) await publish(3);
      else if (data === event(3)) resolve();
      else if (data === "given up") reject(new Error(`the client gave up after ${seen}`));
    };
    // One after the other: an event can arrive before what published it has settled.
    let reacted = Promise.resolve();
    await client(new URL(path, gate.url).href, (data) => {
      const count = seen.push(data);
      return reacted = reacted.then(() => react(data, count)).catch(reject);
    });
    await bounded(done, () => `the last event; so far came ${seen.join(" ")}`, 60_000);
    const first = subscribed(stream);
    assert.deepEqual(seen, [first, event(1), first, event(2), resumed, event(3)]);
  }

  await step(t, "npm's eventsource in Node, with a token", async () => {
    const node = findNode();
    if (node === undefined) return console.log("no Node here: not tried");
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(await temporaryFolder());
    await folder.write("source.mjs", await module);
    await assertResumes("/private?stream=order", "private.ID1.order", async (url, report) => {
      const program = `import { sourceWithToken } from "./source.mjs";
        const source = sourceWithToken(${JSON.stringify(url)}, ${JSON.stringify(token)});
        const report = (data) => console.log(data);
        // Its timer for connecting again does not keep Node alive.
        setInterval(() => {}, 1000);
        ${FOLLOW}`;
      const child = new Deno.Command(node, {
        args: [await folder.write("program.mjs", program)],
        stdin: "null",
        stdout: "piped",
        stderr: "inherit",
      }).spawn();
      const reading = (async () => {
        for await (const line of linesOf(child.stdout)) await report(line);
      })();
      stack.defer(async () => {
        await endProcess(child, "SIGTERM");
        await reading;
      });
    });
  });

  const browser = await launchChromium();
  if (browser === undefined) return console.log("no Chromium here: not tried");
  try {
    const origin = `http://127.0.0.1:${site.addr.port}/`;

    await step(t, "Chromium's EventSource, in a page of another origin", async () => {
      const page = await browser.newPage();
      await page.goto(origin);
      const path = "/public?stream=usdbtc.trades";
      await assertResumes(path, "public.usdbtc.trades", async (url, report) => {
        await page.exposeFunction("report", report);
        await page.evaluate(
          `{ const source = new EventSource(${JSON.stringify(url)}); ${FOLLOW} }`,
        );
      });
      await page.close();
    });

    await step(
      t,
      "npm's eventsource in a page, whose token the browser asks about first",
      async () => {
        const page = await browser.newPage();
        await page.goto(origin);
        await assertResumes("/private?stream=order", "private.ID1.order", async (url, report) => {
          await page.exposeFunction("report", report);
          await page.evaluate(`import("/source.js").then(({ sourceWithToken }) => {
          const source = sourceWithToken(${JSON.stringify(url)}, ${JSON.stringify(token)});
          ${FOLLOW}
        })`);
        });
        await page.close();
      },
    );

    await step(t, "a page of an origin that is not allowed gets nothing", async () => {
      const page = await browser.newPage();
      await page.goto(origin.replace("127.0.0.1", "localhost"));
      const url = exchange.ranger.publicUrl("/public?stream=usdbtc.trades");
      const given = await page.evaluate(`new Promise((resolve) => {
        const source = new EventSource(${JSON.stringify(url)});
        source.addEventListener("answer", ({ data }) => resolve(data));
        source.onerror = () => resolve(source.readyState === 2 ? "given up" : "tries again");
      })`);
      assert.equal(given, "given up");
      await page.close();
    });
  } finally {
    await browser.close();
  }
});
