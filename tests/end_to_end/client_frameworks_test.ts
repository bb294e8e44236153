/** The typed client's hooks and stores in the frameworks themselves, against the real server. */
import assert from "node:assert/strict";
import type { ReactNode } from "react";
import type { Root } from "react-dom/client";
import { connect, type Ranger } from "../../client/src/mod.ts";
import {
  RangerProvider,
  useBook,
  useRanger,
  useRangerState,
  useStream,
} from "../../client/src/react.ts";
import { bookStore, type Store } from "../../client/src/store.ts";
import { bounded, until } from "../../testing/bounded.ts";
import { ROOT } from "../../testing/program.ts";
import { type RangerProcess, startRanger } from "../../testing/ranger.ts";
import { openPage } from "../support/dom.ts";
import { subscribed, unsubscribed } from "../support/exchange.ts";
import { liveClient } from "../support/live_client.ts";

// They look for a page when they are loaded.
const newElement = openPage();
const { createElement: h, StrictMode } = await import("react");
const { createRoot, hydrateRoot } = await import("react-dom/client");
const { flushSync } = await import("react-dom");
const { renderToString } = await import("react-dom/server");
const vue = await import("vue");

function demo(): Promise<RangerProcess> {
  return startRanger({ command: "demo", args: ["--quiet"] });
}

/** What React reports as warnings and errors. */
function complaints(): { readonly all: string[] } & Disposable {
  const all: string[] = [];
  const { error, warn } = console;
  console.error = console.warn = (...args: unknown[]) => all.push(args.map(String).join(" "));
  return {
    all,
    [Symbol.dispose]: () => Object.assign(console, { error, warn }),
  };
}

function render(root: Root, ranger: Ranger | undefined, ...children: ReactNode[]): void {
  const app = h(RangerProvider, { ranger }, ...children);
  flushSync(() => root.render(h(StrictMode, null, app)));
}

function unmount(root: Root): void {
  flushSync(() => root.unmount());
}

/** Shows a book. */
function Book(
  { market, depth = 3 }: { readonly market: string; readonly depth?: number },
) {
  const { live, asks, bids, spread } = useBook(market, depth);
  return h(
    "p",
    null,
    `${market} ${live ? "live" : "stale"} ${asks.length}/${bids.length} ${spread}`,
  );
}

function shows(element: { textContent: string | null }, pattern: RegExp): Promise<true> {
  return until(
    () => pattern.test(element.textContent ?? "") || undefined,
    () => `${pattern} in ${element.textContent}`,
  );
}

Deno.test("React's Strict mode leaves one subscription, and none after unmounting", async () => {
  await using server = await demo();
  await using client = liveClient(server.url("/public"));
  await client.status("open");
  using complained = complaints();
  const element = newElement();
  const root = createRoot(element as never);
  render(
    root,
    client.ranger,
    h(Book, { market: "btcusd" }),
    h(Book, { market: "btcusd", depth: 1 }),
  );
  await shows(element, /^btcusd live 3\/3 \d+\.\d+btcusd live 1\/1 \d+\.\d+$/);
  unmount(root);
  await client.seen(() => client.messages.find((text) => text === unsubscribed()), "the end");
  const answers = client.messages.filter((text) => text.startsWith('{"success"'));
  assert.deepEqual(answers, [subscribed(), subscribed("btcusd.ob-inc"), unsubscribed()]);
  assert.deepEqual(client.ranger.streams, []);
  assert.deepEqual(complained.all, []);
});

Deno.test("components that come and go a hundred times leave nothing behind in React", async () => {
  await using server = await demo();
  await using client = liveClient(server.url("/public"));
  await client.status("open");
  using complained = complaints();
  const element = newElement();
  for (let time = 0; time < 100; time++) {
    const root = createRoot(element as never);
    const market = time % 2 ? "btcusd" : "ethusd";
    render(root, client.ranger, h(Book, { market }), h(Trades, { market }));
    // Not all of them before the client sends anything.
    if (time % 10 === 0) await client.ranger.ping();
    unmount(root);
  }
  assert.deepEqual(client.ranger.streams, []);
  const listed = () => client.messages.findLast((text) => text.startsWith('{"success"'));
  await until(() => listed() === unsubscribed() || undefined, () => `the end, not ${listed()}`);

  const root = createRoot(element as never);
  render(root, client.ranger, h(Book, { market: "btcusd" }), h(Trades, { market: "btcusd" }));
  await shows(element, /^btcusd live 3\/3 [\d.]+.*btcusd\.trades [1-9]/);
  unmount(root);
  assert.deepEqual([complained.all, client.errors], [[], []]);
});

function Trades({ market }: { readonly market: string }) {
  const events = useStream(`${market}.trades`, { keep: 5 });
  return h("p", null, `${market}.trades ${events.length}`);
}

Deno.test("React renders on a server without a subscription, and goes on in the browser", async () => {
  await using server = await demo();
  await using client = liveClient(server.url("/public"));
  await client.status("open");
  const children = [h(Book, { key: 1, market: "btcusd" }), h(State, { key: 2 })];
  const page = (ranger: Ranger | undefined) => h(RangerProvider, { ranger }, ...children);
  const html = renderToString(page(undefined));
  assert.match(html, /btcusd stale 0\/0 undefined.*connecting/);
  assert.equal(renderToString(page(client.ranger)), html, "a client makes no difference");
  assert.deepEqual(client.ranger.streams, []);

  using complained = complaints();
  const element = newElement();
  element.innerHTML = html;
  const root = hydrateRoot(element as never, page(client.ranger));
  await shows(element, /^btcusd live 3\/3 [\d.]+open$/);
  unmount(root);
  assert.deepEqual(complained.all, [], "what the server rendered fits");
});

function State() {
  return h("p", null, useRangerState().status);
}

Deno.test("React draws again only what has changed", async () => {
  await using server = await demo();
  await using client = liveClient(server.url("/public"));
  const views = new Set<unknown>();
  let drawn = 0;
  function Watch() {
    views.add(useBook("btcusd", 1));
    drawn++;
    return h("p", null, "");
  }
  const root = createRoot(newElement() as never);
  flushSync(() => root.render(h(RangerProvider, { ranger: client.ranger }, h(Watch))));
  let increments = 0;
  const stop = client.ranger.on("btcusd.ob-inc", () => void increments++);
  await until(() => views.size > 3 && increments > 50 || undefined, "a few changes of the best");
  assert.equal(drawn, views.size, "each time with another value");
  assert.ok(drawn < increments, `${drawn} times for ${increments} increments`);
  stop();
  unmount(root);
});

Deno.test("React shows a private stream once the user has signed in", async () => {
  await using server = await demo();
  const user: { token?: string } = {};
  await using client = liveClient(server.url("/public"), {
    token: () => user.token,
  });
  await client.status("open");
  const element = newElement();
  const root = createRoot(element as never);
  function Orders() {
    const state = useRangerState();
    const ranger = useRanger();
    assert.equal(ranger, client.ranger);
    const orders = useStream("order", { keep: 10 });
    const uid = state.status === "open" ? state.identity?.uid : undefined;
    return h("p", null, `${uid ?? "nobody"} ${orders.length}`);
  }
  render(root, client.ranger, h(Orders));
  await shows(element, /^nobody 0$/);
  const response = await fetch(server.publicUrl("/page/token?ttl=60"));
  user.token = await response.text();
  client.ranger.renewToken();
  await shows(element, /^IDDEMO000001 [1-9]/);
  unmount(root);
  await client.ranger.close();
  // A component that is mounted late has nothing to show, and does not fail.
  const late = createRoot(element as never);
  render(late, client.ranger, h(Orders), h(Book, { market: "btcusd" }));
  await shows(element, /^nobody 0btcusd stale 0\/0/);
  unmount(late);
});

Deno.test("a hook without a provider names what is missing", () => {
  assert.throws(() => renderToString(h(State)), /need a <RangerProvider>/);
});

/** The composable of the client's README. */
async function composable(): Promise<
  <T>(store: Store<T>) => { readonly value: T }
> {
  const readme = await Deno.readTextFile(`${ROOT}client/README.md`);
  const code = /```js\n(import [^`]*"vue";[^`]*)```/.exec(readme)?.[1];
  assert.ok(code, "there is none");
  assert.ok(code.trim().split("\n").length <= 12, code);
  const { useStore } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  return useStore;
}

Deno.test("the composable of the README shows a book in Vue, and ends with its component", async () => {
  const useStore = await composable();
  await using server = await demo();
  await using client = liveClient(server.url("/public"));
  await client.status("open");
  const element = newElement();
  const app = vue.createApp({
    setup() {
      const book = useStore(bookStore(client.ranger, "btcusd", 2));
      return () => vue.h("p", `${book.value.live} ${book.value.asks.length}`);
    },
  });
  app.mount(element as never);
  await shows(element, /^true 2$/);
  app.unmount();
  await client.seen(() => client.messages.find((text) => text === unsubscribed()), "the end");
  assert.deepEqual(client.ranger.streams, []);
});

Deno.test("the composable of the README subscribes to nothing on a server", async () => {
  const useStore = await composable();
  const { renderToString } = await import("vue/server-renderer");
  await using server = await demo();
  const ranger = connect(server.url("/public"));
  const app = vue.createSSRApp({
    setup() {
      const book = useStore(bookStore(ranger, "btcusd"));
      return () => vue.h("p", `${book.value.live}`);
    },
  });
  assert.equal(await bounded(renderToString(app), "Vue to render"), "<p>false</p>");
  assert.deepEqual(ranger.streams, []);
  await ranger.close();
});
