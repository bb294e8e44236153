/** Clients as they were written against the servers before this one, unchanged. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { WebSocket } from "ws";
import { bounded, until } from "./support/bounded.ts";
import { type Exchange, startExchange } from "./support/exchange.ts";
import { sharedBroker } from "./support/rabbitmq.ts";

const broker = await sharedBroker();

/** The message as these clients read it: the library's answer to whatever came. */
function onText(socket: WebSocket, read: (text: string) => void): void {
  socket.on("message", (data: unknown) => read(String(data)));
}

async function ended(socket: WebSocket): Promise<void> {
  if (socket.readyState === WebSocket.CLOSED) return;
  const closed = once(socket, "close");
  socket.close();
  await bounded(closed, "the server to close");
}

/**
 * The example client of 2018: streams in the query, the token as the first message, arrays are
 * events, everything else is an answer, and an error ends the program.
 */
class ExampleOf2018 implements AsyncDisposable {
  readonly log: string[] = [];
  readonly failures: string[] = [];
  readonly #socket: WebSocket;

  constructor(host: string, streams: readonly string[], jwt: string | undefined) {
    const query = streams.map((stream) => `stream=${stream}`).join("&");
    this.#socket = new WebSocket(`ws://${host}?${query}`);
    this.#socket.on("open", () => {
      if (jwt !== undefined) this.#socket.send(JSON.stringify({ jwt: `Bearer ${jwt}` }));
    });
    this.#socket.on("error", (error: unknown) => this.failures.push(String(error)));
    onText(this.#socket, (text) => {
      const data = JSON.parse(text);
      if (Array.isArray(data)) this.log.push(`${data[0]} ${JSON.stringify(data[1])}`);
      else if (data.success) this.log.push(data.success.message);
      else this.failures.push(data.error.message);
    });
  }

  async logged(line: string): Promise<void> {
    await until(() => this.log.includes(line) || undefined, () => `${line} in ${this.log}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await ended(this.#socket);
  }
}

Deno.test("the example client of 2018 follows its markets and its user", async () => {
  await using exchange = await startExchange(broker, { args: ["--envelope", "tuple"] });
  const host = `127.0.0.1:${exchange.ranger.port}`;
  const streams = ["global.tickers", "usdbtc.update", "order", "trade"];
  const token = await exchange.key.token({ uid: "IDME" });
  await using client = new ExampleOf2018(host, streams, token);
  await using anonymous = new ExampleOf2018(host, streams, undefined);
  await using wrong = new ExampleOf2018(host, streams, "wrong");
  await client.logged("Authenticated.");
  await anonymous.logged("subscribed");
  await until(() => wrong.failures[0], "the wrong token's answer");

  await exchange.publish("private.IDOTHER.order", { id: 1 });
  await exchange.publish("private.IDME.order", { id: 2, at: 1526477700, price: "1.0" });
  await exchange.publish("private.IDOTHER.trade", { id: 3 });
  await exchange.publish("private.IDME.trade", { id: 4 });
  await exchange.publish("private.IDME.deposit_address", { id: 5 });
  await exchange.publish("public.usdbtc.update", { asks: [["1.0", "2.0"]], bids: [] });
  await exchange.publish("public.global.tickers", {});
  for (const one of [client, anonymous, wrong]) await one.logged("global.tickers {}");

  const update = 'usdbtc.update {"asks":[["1.0","2.0"]],"bids":[]}';
  assert.deepEqual([...client.log].sort(), [
    "Authenticated.",
    "global.tickers {}",
    'order {"id":2,"at":1526477700,"price":"1.0"}',
    "subscribed",
    'trade {"id":4}',
    update,
  ]);
  assert.deepEqual(client.log.slice(0, 2), ["subscribed", "Authenticated."]);
  assert.deepEqual(client.failures, []);
  assert.deepEqual(anonymous.log, ["subscribed", update, "global.tickers {}"]);
  assert.deepEqual(wrong.failures, ["Authentication failed."]);
});

Deno.test("a client of peatio-core's gem: token in the header, subscriptions by message", async () => {
  await using exchange = await startExchange(broker);
  const url = exchange.ranger.url("/?stream=eurusd.trades");
  const refused = new WebSocket(url, { headers: { authorization: "Bearer wrong" } });
  const [, response] = await bounded(
    once(refused.on("error", () => {}), "unexpected-response"),
    "the refusal",
  );
  assert.equal(response.statusCode, 401);
  refused.terminate();

  const authorization = `Bearer ${await exchange.key.token({ uid: "IDME" })}`;
  const socket = new WebSocket(url, { headers: { authorization } });
  const messages: string[] = [];
  onText(socket, (text) => messages.push(text));
  const next = async () => {
    await until(() => messages[0], "a message");
    return JSON.parse(messages.shift()!);
  };
  const answer = (message: string, ...streams: string[]) => ({ success: { message, streams } });
  await once(socket, "open");
  assert.deepEqual(await next(), answer("subscribed", "eurusd.trades"));

  await exchange.publish("public.eurusd.ob-inc", { asks: ["15.0", "1.0"], sequence: 1 });
  await exchange.publish("public.eurusd.ob-snap", {
    asks: [["15.0", "21.7068"]],
    bids: [["10.95", "21.7068"]],
    sequence: 2,
  });
  await exchange.publish("public.eurusd.ob-inc", { asks: ["15.0", "22.1257"], sequence: 3 });
  await exchange.publish("public.eurusd.ob-inc", { bids: ["10.95", "0"], sequence: 4 });
  await exchange.settled();

  socket.send(JSON.stringify({ event: "subscribe", streams: ["eurusd.ob-inc", "order"] }));
  assert.deepEqual(
    await next(),
    answer("subscribed", "eurusd.trades", "eurusd.ob-inc", "order"),
  );
  assert.deepEqual(await next(), {
    "eurusd.ob-snap": { asks: [["15.0", "22.1257"]], bids: [], sequence: 4 },
  });
  await exchange.publish("public.eurusd.ob-inc", { bids: ["9.0", "1"], sequence: 5 });
  assert.deepEqual(await next(), { "eurusd.ob-inc": { bids: ["9.0", "1"], sequence: 5 } });

  await exchange.publish("private.IDOTHER.order", { id: 1 });
  await exchange.publish("private.IDME.order", { id: 2 });
  assert.deepEqual(await next(), { order: { id: 2 } });

  socket.send(JSON.stringify({ event: "unsubscribe", streams: ["eurusd.ob-inc"] }));
  assert.deepEqual(await next(), answer("unsubscribed", "eurusd.trades", "order"));
  await exchange.publish("public.eurusd.ob-inc", { bids: ["9.0", "2"], sequence: 6 });
  await exchange.publish("public.eurusd.trades", { trades: [] });
  assert.deepEqual(await next(), { "eurusd.trades": { trades: [] } });
  socket.send("ping");
  await until(() => messages[0], "the pong");
  assert.deepEqual(messages, ["pong"]);
  await ended(socket);
});

/**
 * An exchange's web page as it was written for Rango: one path for guests and one for users, the
 * streams in the query, and every key of every message is a stream's name.
 */
class RangoPage implements AsyncDisposable {
  readonly subscriptions: string[][] = [];
  readonly events: [name: string, payload: unknown][] = [];
  /** What the page would have reconnected for. */
  readonly complaints: string[] = [];
  readonly #socket: WebSocket;
  #sequence: number | undefined;

  constructor(base: string, streams: readonly string[], headers: Record<string, string>) {
    const query = [...streams].sort().join("&stream=");
    this.#socket = new WebSocket(`${base}/?stream=${query}`, { headers });
    this.#socket.on("error", (error: unknown) => this.complaints.push(String(error)));
    onText(this.#socket, (text) => {
      for (const [name, event] of Object.entries(JSON.parse(text))) this.#take(name, event);
    });
  }

  #take(name: string, event: unknown): void {
    if (name === "success") {
      const { message, streams } = event as { message: string; streams: string[] };
      if (message === "subscribed" || message === "unsubscribed") this.subscriptions.push(streams);
      else this.complaints.push(message);
      return;
    }
    this.events.push([name, event]);
    const { sequence } = (event ?? {}) as { sequence?: number };
    if (name.endsWith(".ob-snap")) this.#sequence = sequence;
    if (name.endsWith(".ob-inc")) {
      if (this.#sequence === undefined) this.complaints.push("increment before snapshot");
      else if (this.#sequence + 1 !== sequence) this.complaints.push("bad sequence");
      this.#sequence = sequence;
    }
  }

  write(event: "subscribe" | "unsubscribe", ...streams: string[]): void {
    this.#socket.send(JSON.stringify({ event, streams }));
  }

  async subscribed(times: number): Promise<string[]> {
    return await until(() => this.subscriptions[times - 1], `answer number ${times}`);
  }

  /** The names of what came, once a certain one has come. */
  async namesUpTo(last: string): Promise<string[]> {
    const names = () => this.events.map(([name]) => name);
    await until(() => names().includes(last) || undefined, () => `${last} in ${names()}`);
    return names();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await ended(this.#socket);
  }
}

async function gateway(exchange: Exchange, uid: string, role: string) {
  return { Authorization: `Bearer ${await exchange.key.token({ uid, role })}` };
}

Deno.test("a page written for Rango works for guests, users and administrators", async () => {
  await using exchange = await startExchange(broker, {
    env: { RANGO_RBAC_ADMIN: "admin,superadmin", API_CORS_ORIGINS: "https://trade.example.com" },
  });
  const base = exchange.ranger.url("/api/v2/ranger");
  const Origin = "https://trade.example.com";
  const market = ["btcusd.trades", "btcusd.ob-inc"];
  const mine = ["order", "trade", "deposit_address", "balances"];

  await exchange.publish("public.btcusd.ob-snap", { asks: [], bids: [], sequence: 1 });
  await exchange.settled();
  await using guest = new RangoPage(`${base}/public`, ["global.tickers", ...market], {
    Origin,
    // Gateways pass on what the browser has, expired or not.
    Authorization: "Bearer expired",
  });
  const headers = { Origin, ...await gateway(exchange, "IDME", "member") };
  const all = ["global.tickers", ...market, ...mine];
  await using user = new RangoPage(`${base}/private`, all, headers);
  await using admin = new RangoPage(`${base}/private`, ["admin.btcusd.orders"], {
    Origin,
    ...await gateway(exchange, "IDADMIN", "admin"),
  });
  assert.deepEqual(await guest.subscribed(1), ["btcusd.ob-inc", "btcusd.trades", "global.tickers"]);
  assert.deepEqual(await user.subscribed(1), [...all].sort());
  assert.deepEqual(await admin.subscribed(1), ["admin.btcusd.orders"]);

  user.write("subscribe", "admin.btcusd.orders", "btcusd.kline-1m");
  assert.deepEqual(await user.subscribed(2), [...[...all].sort(), "btcusd.kline-1m"]);
  assert.deepEqual(user.complaints.splice(0), ["cannot subscribe to admin.btcusd.orders"]);

  await exchange.publish("public.btcusd.ob-inc", { asks: ["2.0", "1.0"], sequence: 2 });
  await exchange.publish("public.btcusd.trades", { trades: [] });
  await exchange.publish("public.btcusd.kline-1m", [1537370580, 1, 2, 3, 4, 5]);
  await exchange.publish("admin.btcusd.orders", { uid: "IDME" });
  await exchange.publish("private.IDME.order", { id: 1 });
  await exchange.publish("private.IDOTHER.order", { id: 2 });
  await exchange.publish("private.IDADMIN.order", { id: 3 });
  await exchange.publish("private.IDME.balances", { usd: ["1.0", "0.0"] });
  await exchange.publish("public.btcusd.ob-inc", { asks: ["2.0", "0.0"], sequence: 3 });
  await exchange.publish("global.tickers", {});

  const guestNames = ["btcusd.ob-snap", "btcusd.ob-inc", "btcusd.trades", "btcusd.ob-inc"];
  assert.deepEqual(await guest.namesUpTo("global.tickers"), [...guestNames, "global.tickers"]);
  assert.deepEqual(
    (await user.namesUpTo("global.tickers")).sort(),
    [
      "balances",
      "btcusd.kline-1m",
      ...[...guestNames].sort(),
      "global.tickers",
      "order",
    ].sort(),
  );
  assert.deepEqual(user.events.find(([name]) => name === "order"), ["order", { id: 1 }]);
  await admin.namesUpTo("btcusd.orders");
  assert.deepEqual(admin.events, [["btcusd.orders", { uid: "IDME" }]]);

  guest.write("unsubscribe", ...market);
  assert.deepEqual(await guest.subscribed(2), ["global.tickers"]);
  for (const page of [guest, user, admin]) assert.deepEqual(page.complaints, []);
});
