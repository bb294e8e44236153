/** Server-sent events: the same streams, tokens and limits as on a WebSocket (protocol, section 12). */
import assert from "node:assert/strict";
import { bounded, until } from "../../testing/bounded.ts";
import { connectPublisher, randomExchange } from "../../testing/amqp.ts";
import { startRanger } from "../../testing/ranger.ts";
import { temporaryFolder } from "../support/run_ranger.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { EventStreamClient, type EventStreamRequest } from "../support/event_stream_client.ts";
import { type Exchange, startExchange, subscribed } from "../support/exchange.ts";
import { RawClient } from "../../testing/raw_client.ts";

const broker = await sharedBroker();

const answer = (data: string, lastEventId = "") => ({ type: "answer", data, lastEventId });
const trade = (n: number) => `{"usdbtc.trades":{"n":${n}}}`;

function resumed(...streams: readonly string[]): string {
  return `{"success":{"message":"resumed","streams":${JSON.stringify(streams)}}}`;
}

function cannotResume(...streams: readonly string[]): string {
  return `{"error":{"message":"Cannot resume.","streams":${JSON.stringify(streams)}}}`;
}

/** Opens a response, and takes its first answer, which lists the streams. */
async function openEvents(
  { ranger }: Exchange,
  path: string,
  request: EventStreamRequest = {},
): Promise<EventStreamClient> {
  const client = await EventStreamClient.open(ranger.publicUrl(path), request);
  const names = new URL(path, "http://localhost").searchParams.getAll("stream");
  const first = await client.next();
  assert.deepEqual([first.type, first.data], ["answer", subscribed(...names)]);
  return client;
}

async function publishTrades(exchange: Exchange, from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n++) await exchange.publish("public.usdbtc.trades", { n });
  await exchange.settled();
}

async function takeData(client: EventStreamClient, count: number): Promise<string[]> {
  return (await client.take(count)).map(({ data }) => data);
}

Deno.test("events come with their cursors as ids, answers without", async () => {
  await using exchange = await startExchange(broker);
  using client = await openEvents(exchange, "/public?stream=usdbtc.trades");
  assert.equal(client.headers.get("content-type"), "text/event-stream");
  assert.equal(client.headers.get("cache-control"), "no-store");
  assert.equal(client.headers.get("x-accel-buffering"), "no");
  assert.equal(client.headers.get("connection"), "close");
  assert.equal(client.retry, "1000");
  await publishTrades(exchange, 1, 2);
  await using other = await exchange.connect("/public?stream=usdbtc.trades&cursor");
  const [one, two] = await client.take(2);
  assert.deepEqual([one!.data, two!.data], [trade(1), trade(2)]);
  assert.deepEqual([one!.type, two!.type], ["message", "message"]);
  assert.notEqual(one!.lastEventId, two!.lastEventId);
  // The cursor is the one of a WebSocket.
  await publishTrades(exchange, 3, 3);
  const { data, lastEventId } = await client.next();
  assert.equal(await other.next(), `${data.slice(0, -1)},"cursor":"${lastEventId}"}`);
});

Deno.test("payloads of several lines, in either envelope, are the same JSON for the client", async () => {
  await using exchange = await startExchange(broker);
  using object = await openEvents(exchange, "/public?stream=usdbtc.trades");
  using tuple = await openEvents(exchange, "/public?stream=usdbtc.trades&envelope=tuple");
  const note = "žluťoučký 🚀 \\n";
  const body = `{\r\n  "n": 1,\r"note":\n\n "${note}"\n}\r\n`;
  await exchange.publish("public.usdbtc.trades", body);
  const lines = `{\n  "n": 1,\n"note":\n\n "${note}"\n}\n`;
  assert.equal((await object.next()).data, `{"usdbtc.trades":${lines}}`);
  assert.equal((await tuple.next()).data, `["usdbtc.trades",${lines}]`);
  // The same from the history.
  using late = await openEvents(exchange, "/public?stream=usdbtc.trades&last=1");
  assert.equal((await late.next()).data, `{"usdbtc.trades":${lines}}`);
});

Deno.test("a client resumes by Last-Event-ID, which wins over the cursor of its URL", async () => {
  await using exchange = await startExchange(broker);
  using first = await openEvents(exchange, "/public?stream=usdbtc.trades");
  await publishTrades(exchange, 1, 3);
  const [one, two] = await first.take(3);
  first.close();
  await publishTrades(exchange, 4, 4);
  using byCursor = await openEvents(
    exchange,
    `/public?stream=usdbtc.trades&cursor=${one!.lastEventId}`,
  );
  assert.deepEqual(await takeData(byCursor, 3), [2, 3, 4].map(trade));
  assert.equal((await byCursor.next()).data, resumed("usdbtc.trades"));

  const path = `/public?stream=usdbtc.trades&cursor=${one!.lastEventId}`;
  using byHeader = await openEvents(exchange, path, { lastEventId: two!.lastEventId });
  assert.deepEqual(await takeData(byHeader, 2), [3, 4].map(trade));
  const last = await byHeader.next();
  assert.deepEqual([last.type, last.data], ["answer", resumed("usdbtc.trades")]);
  await publishTrades(exchange, 5, 5);
  assert.equal((await byHeader.next()).data, trade(5));

  using stranger = await openEvents(exchange, path, { lastEventId: "1-aaaaaaaaaaa" });
  assert.deepEqual(await stranger.next(), answer(cannotResume("usdbtc.trades")));
  await publishTrades(exchange, 6, 6);
  assert.equal((await stranger.next()).data, trade(6));
});

Deno.test("private streams come to their user only, and resume with the token", async () => {
  await using exchange = await startExchange(broker);
  const token = await exchange.key.token({ uid: "ID1" });
  const path = "/private?stream=order&stream=usdbtc.trades";
  using first = await openEvents(exchange, path, { token });
  await exchange.publish("private.ID1.order", { n: 1 });
  await exchange.publish("private.ID2.order", { n: 2 });
  await publishTrades(exchange, 3, 3);
  const [order, public3] = await first.take(2);
  assert.deepEqual([order!.data, public3!.data], ['{"order":{"n":1}}', trade(3)]);
  first.close();
  await exchange.publish("private.ID1.order", { n: 4 });
  await exchange.publish("private.ID2.order", { n: 5 });
  await publishTrades(exchange, 6, 6);
  using second = await openEvents(exchange, path, { token, lastEventId: public3!.lastEventId });
  assert.deepEqual(await takeData(second, 2), ['{"order":{"n":4}}', trade(6)]);
  assert.equal((await second.next()).data, resumed("order", "usdbtc.trades"));

  const publicUrl = (path: string) => exchange.ranger.publicUrl(path);
  const { lastEventId } = public3!;
  using anonymous = await openEvents(exchange, path.replace("private", "public"), { lastEventId });
  assert.deepEqual(await takeData(anonymous, 2), [trade(6), resumed("usdbtc.trades")]);
  using stranger = await EventStreamClient.ask(publicUrl("/private"), { token: "x.y.z" });
  assert.equal(stranger.status, 401);
  using nobody = await EventStreamClient.ask(publicUrl("/private"));
  assert.equal(nobody.status, 401);
  assert.equal(nobody.headers.get("www-authenticate"), "Bearer");
  using ignored = await EventStreamClient.ask(publicUrl("/public"), { token: "x.y.z" });
  assert.equal(ignored.status, 200);
});

Deno.test("states come first, and their id is a position from which nothing is skipped", async () => {
  await using exchange = await startExchange(broker);
  await exchange.publish("public.usdbtc.ob-snap", { asks: [["2.0", "1"]], bids: [], sequence: 1 });
  await publishTrades(exchange, 1, 2);
  const path = "/public?stream=usdbtc.ob-inc&stream=usdbtc.trades";
  using first = await openEvents(exchange, path);
  const state = await first.next();
  assert.match(state.data, /^\{"usdbtc\.ob-snap":/);
  await publishTrades(exchange, 3, 4);
  assert.deepEqual(await takeData(first, 2), [trade(3), trade(4)]);
  first.close();
  using second = await openEvents(exchange, path, { lastEventId: state.lastEventId });
  assert.deepEqual(await takeData(second, 3), [
    trade(3),
    trade(4),
    resumed("usdbtc.ob-inc", "usdbtc.trades"),
  ]);
  const again = await second.next();
  assert.match(again.data, /^\{"usdbtc\.ob-snap":/);
  await exchange.publish("public.usdbtc.ob-inc", { asks: ["2.0", "3"], sequence: 2 });
  const increment = '{"usdbtc.ob-inc":{"asks":["2.0","3"],"sequence":2}}';
  assert.equal((await second.next()).data, increment);
});

Deno.test("status messages come without being asked for", async () => {
  await using exchange = await startExchange(broker);
  using client = await openEvents(exchange, "/public?stream=usdbtc.ob-inc");
  const stale = '{"status":{"message":"stale","streams":["usdbtc.ob-inc"]}}';
  assert.deepEqual(await client.next(), answer(stale));
});

Deno.test("the limits of connections hold for both transports together", async () => {
  await using exchange = await startExchange(broker, {
    args: ["--limits-connections=3", "--limits-connections-per-user=1", "--limits-streams=2"],
  });
  const publicUrl = (path: string) => exchange.ranger.publicUrl(path);
  const token = await exchange.key.token({ uid: "ID1" });
  using user = await openEvents(exchange, "/private", { token });
  using again = await EventStreamClient.ask(publicUrl("/private"), { token });
  assert.equal(again.status, 429);
  using second = await EventStreamClient.open(publicUrl("/?stream=a.b,a.c,a.d"));
  assert.deepEqual(await takeData(second, 2), [
    '{"error":{"message":"Too many streams."}}',
    subscribed("a.b", "a.c"),
  ]);
  // With the exchange's observer these are three.
  using refused = await EventStreamClient.ask(publicUrl("/"));
  assert.equal(refused.status, 503);
  assert.ok(Number(refused.headers.get("retry-after")) > 0);
  user.close();
  await until(
    async () => {
      using next = await EventStreamClient.ask(publicUrl("/"));
      return next.status === 200 || undefined;
    },
    "the place of a client that left",
  );
});

Deno.test("clients of one address are counted whatever they speak", async () => {
  await using exchange = await startExchange(broker, {
    args: ["--limits-connections-per-address=2"],
  });
  using client = await openEvents(exchange, "/");
  using refused = await EventStreamClient.ask(exchange.ranger.publicUrl("/"));
  assert.equal(refused.status, 429);
  using upgrade = await RawClient.connect(exchange.ranger.port);
  assert.equal((await upgrade.handshake(exchange.ranger.url("/"))).status, 429);
  client.close();
});

Deno.test("pages of allowed origins get CORS headers, and others get 403", async () => {
  await using exchange = await startExchange(broker, { args: ["--origins=trade.example.com"] });
  const url = exchange.ranger.publicUrl("/private");
  const Origin = "https://trade.example.com";
  const token = await exchange.key.token({ uid: "ID1" });
  using good = await EventStreamClient.open(url, { token, headers: { Origin } });
  assert.equal(good.headers.get("access-control-allow-origin"), Origin);
  assert.equal(good.headers.get("access-control-allow-credentials"), "true");
  assert.equal(good.headers.get("vary"), "Origin");
  // A script may read why it was refused, when its page is allowed.
  using noToken = await EventStreamClient.ask(url, { headers: { Origin } });
  assert.equal(noToken.status, 401);
  assert.equal(noToken.headers.get("access-control-allow-origin"), Origin);
  const evil = { Origin: "https://evil.example" };
  using refused = await EventStreamClient.ask(url, { token, headers: evil });
  assert.equal(refused.status, 403);
  assert.equal(refused.headers.get("access-control-allow-origin"), null);
  assert.equal(refused.headers.get("vary"), "Origin");

  const preflight = async (origin: string) =>
    await fetch(url, {
      method: "OPTIONS",
      headers: {
        Origin: origin,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization,last-event-id",
      },
    });
  const allowed = await preflight(Origin);
  assert.equal(allowed.status, 204);
  assert.equal(allowed.headers.get("access-control-allow-origin"), Origin);
  const names = allowed.headers.get("access-control-allow-headers")!.toLowerCase().split(",");
  assert.ok(names.includes("authorization") && names.includes("last-event-id"), `${names}`);
  const other = await preflight(evil.Origin);
  assert.equal(other.headers.get("access-control-allow-origin"), null);
  // An OPTIONS without a browser's question is what it was.
  assert.equal((await fetch(url, { method: "OPTIONS" })).status, 405);
});

Deno.test("pages of any origin are not given what belongs to a cookie", async () => {
  await using exchange = await startExchange(broker, { args: ["--origins=*"] });
  const headers = { Origin: "https://anywhere.example" };
  using client = await EventStreamClient.open(exchange.ranger.publicUrl("/"), { headers });
  assert.equal(client.headers.get("access-control-allow-origin"), headers.Origin);
  assert.equal(client.headers.get("access-control-allow-credentials"), null);
});

Deno.test("what asks for events is a GET that accepts them; HEAD gets the same head", async () => {
  await using exchange = await startExchange(broker);
  const publicUrl = (path: string) => exchange.ranger.publicUrl(path);
  for (const Accept of ["text/event-stream, */*;q=0.1", "text/html, Text/Event-Stream; q=0.5"]) {
    using client = await EventStreamClient.ask(publicUrl("/public"), { headers: { Accept } });
    assert.equal(client.status, 200, Accept);
  }
  for (const Accept of ["*/*", "text/event-stream;q=0", "text/event-streams", ""]) {
    using client = await EventStreamClient.ask(publicUrl("/public"), { headers: { Accept } });
    assert.equal(client.status, 426, Accept);
  }
  const headers = { Accept: "text/event-stream" };
  const head = await fetch(publicUrl("/public"), { method: "HEAD", headers });
  assert.equal(head.status, 200);
  assert.equal(head.headers.get("content-type"), "text/event-stream");
  assert.equal((await fetch(publicUrl("/private"), { method: "HEAD", headers })).status, 401);
  const post = await fetch(publicUrl("/public"), { method: "POST", headers });
  assert.equal(post.status, 405);
  await post.body?.cancel();
  await until(
    async () => (await exchange.stats()).connections.open === 1 || undefined,
    "the places of HEAD and of clients that left",
  );
});

Deno.test("a request with a long body is answered, and takes no place", async () => {
  await using exchange = await startExchange(broker);
  const { port } = exchange.ranger;
  const ask = async (accept: string, body: string) => {
    using client = await RawClient.connect(port);
    await client.write(`GET /public HTTP/1.1\r\nHost: a\r\nAccept: ${accept}\r\n${body}`);
    return (await client.response()).status;
  };
  const counted = (length: number) => `Content-Length: ${length}\r\n\r\n${"x".repeat(length)}`;
  const chunked = `Transfer-Encoding: chunked\r\n\r\n800\r\n${"x".repeat(2048)}\r\n0\r\n\r\n`;
  for (const body of [counted(1025), counted(50_000), chunked]) {
    assert.equal(await ask("text/event-stream", body), 413, body.slice(0, 30));
    assert.equal(await ask("*/*", body), 426, body.slice(0, 30));
  }
  await until(
    async () => (await exchange.stats()).connections.open === 1 || undefined,
    "the places of clients that were refused",
  );
});

Deno.test("HEAD takes no place", async () => {
  // One of them is the exchange's observer's.
  await using exchange = await startExchange(broker, { args: ["--limits-connections=2"] });
  const url = exchange.ranger.publicUrl("/public");
  const headers = { Accept: "text/event-stream" };
  for (let n = 0; n < 3; n++) {
    assert.equal((await fetch(url, { method: "HEAD", headers })).status, 200);
  }
  using client = await EventStreamClient.ask(url);
  assert.equal(client.status, 200);
});

Deno.test("clients of HTTP/1.0, and those that offer another upgrade, are served as well", async () => {
  await using exchange = await startExchange(broker);
  using old = await openEvents(exchange, "/?stream=usdbtc.trades", { version: "1.0" });
  const headers = { Connection: "Upgrade, HTTP2-Settings", Upgrade: "h2c", "HTTP2-Settings": "AA" };
  using curl = await openEvents(exchange, "/?stream=usdbtc.trades", { headers });
  await publishTrades(exchange, 1, 1);
  assert.equal((await old.next()).data, trade(1));
  assert.equal((await curl.next()).data, trade(1));
});

Deno.test("what a client sends behind its request is ignored, and too much ends the response", async () => {
  await using exchange = await startExchange(broker);
  using client = await openEvents(exchange, "/?stream=usdbtc.trades");
  const next = "GET /public HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n";
  await client.write(`\r\n${next}`);
  await publishTrades(exchange, 1, 1);
  assert.equal((await client.next()).data, trade(1));
  assert.equal((await exchange.stats()).connections.open, 2);
  await client.write("x".repeat(2000));
  await client.untilEnd();

  // In one segment with the request.
  using pipelined = await EventStreamClient.open(exchange.ranger.publicUrl("/?stream=a.b"), {
    headers: { "X-Rest": `1\r\n\r\n${next}` },
  });
  assert.equal((await pipelined.next()).data, subscribed("a.b"));
  await exchange.publish("public.a.b", 1);
  assert.equal((await pipelined.next()).data, '{"a.b":1}');
  assert.equal((await exchange.stats()).connections.open, 2);
});

Deno.test("comments keep a quiet response open", async () => {
  await using exchange = await startExchange(broker, { args: ["--limits-ping-interval=1"] });
  using client = await openEvents(exchange, "/?stream=usdbtc.trades");
  for (let n = 0; n < 3; n++) assert.equal(await client.comment(), "");
  await publishTrades(exchange, 1, 1);
  assert.equal((await client.next()).data, trade(1));
});

Deno.test("a client that takes nothing for the idle timeout is cut, and one that reads is not", async () => {
  await using publisher = await connectPublisher(broker.url, randomExchange());
  const source = ["--amqp-url", broker.url, "--exchange", publisher.exchange, "--no-auth"];
  // So much may wait for it that it never counts as a slow reader.
  const limits = ["--limits-unsent-bytes=67108864", "--limits-ping-interval=1"];
  await using ranger = await startRanger({
    args: [...source, ...limits, "--limits-idle-timeout=3"],
  });
  await ranger.consuming();
  const url = ranger.publicUrl("/?stream=usdbtc.trades");
  using client = await EventStreamClient.open(url);
  using blocked = await EventStreamClient.open(url);
  await client.next();
  await blocked.next();
  // More than the kernel takes for a client that does not read.
  const filler = JSON.stringify("x".repeat(200_000));
  for (let n = 0; n < 80; n++) {
    await publisher.publish("public.usdbtc.trades", filler);
    assert.ok((await client.next()).data.length > filler.length);
  }
  await until(
    async () => {
      const { limitsHit } = await (await fetch(ranger.managementUrl("/stats"))).json();
      return limitsHit.idle_timeout === 1 || undefined;
    },
    "the client that takes nothing to be cut",
  );
  await blocked.untilEnd();
  await publisher.publish("public.usdbtc.trades", 1);
  assert.equal((await client.next()).data, '{"usdbtc.trades":1}');
});

const tokenExpired = '{"error":{"message":"Token expired."}}';

Deno.test("a response with private streams ends when its token expires, and nothing is skipped", async () => {
  await using exchange = await startExchange(broker);
  const exp = Math.floor(Date.now() / 1000) + 4;
  const token = await exchange.key.token({ uid: "ID1", exp });
  const path = "/private?stream=order&stream=usdbtc.trades";
  using client = await openEvents(exchange, path, { token });
  await exchange.publish("private.ID1.order", { n: 1 });
  const order = await client.next();
  assert.equal(order.data, '{"order":{"n":1}}');
  assert.deepEqual(await client.next(), answer(tokenExpired, order.lastEventId));
  await exchange.publish("private.ID1.order", { n: 2 });
  await publishTrades(exchange, 3, 3);
  assert.deepEqual(await client.untilEnd(), { events: [], end: "end" });
  assert.deepEqual(client.comments, ["token expired"]);
  using old = await EventStreamClient.ask(exchange.ranger.publicUrl(path), { token });
  assert.equal(old.status, 401);
  using next = await openEvents(exchange, path, {
    token: await exchange.key.token({ uid: "ID1" }),
    lastEventId: order.lastEventId,
  });
  assert.deepEqual(await takeData(next, 2), ['{"order":{"n":2}}', trade(3)]);
});

Deno.test("a response with public streams only goes on when its token expires", async () => {
  await using exchange = await startExchange(broker);
  const exp = Math.floor(Date.now() / 1000) + 4;
  const token = await exchange.key.token({ uid: "ID1", exp });
  using client = await openEvents(exchange, "/?stream=usdbtc.trades", { token });
  assert.deepEqual(await client.next(), answer(tokenExpired));
  await publishTrades(exchange, 1, 1);
  assert.equal((await client.next()).data, trade(1));
});

Deno.test("a shutdown ends the response behind everything that was owed", async () => {
  await using exchange = await startExchange(broker);
  using client = await openEvents(exchange, "/?stream=usdbtc.trades");
  await publishTrades(exchange, 1, 3);
  exchange.ranger.signal("SIGTERM");
  const { events, end } = await client.untilEnd();
  assert.deepEqual(events.map(({ data }) => data).slice(0, 3), [1, 2, 3].map(trade));
  assert.equal(end, "end");
  assert.deepEqual(client.comments, ["shutdown"]);
  client.close();
  assert.equal((await bounded(exchange.ranger.ended, "the server to end")).code, 0);
});

Deno.test("a revoked user's response ends", async () => {
  await using folder = await temporaryFolder();
  const revoked = await folder.write("revoked", "");
  await using exchange = await startExchange(broker, { args: ["--revoked", revoked] });
  const token = await exchange.key.token({ uid: "ID1" });
  using client = await openEvents(exchange, "/private?stream=order", { token });
  await folder.write("revoked", "uid ID1\n");
  exchange.ranger.signal("SIGHUP");
  assert.equal((await client.untilEnd()).end, "end");
  assert.deepEqual(client.comments, ["revoked"]);
  using again = await EventStreamClient.ask(exchange.ranger.publicUrl("/private"), { token });
  assert.equal(again.status, 401);
});

Deno.test("a client that reads slowly gets every event, once and in order", async () => {
  await using exchange = await startExchange(broker);
  using client = await openEvents(exchange, "/?stream=usdbtc.trades");
  const filler = "x".repeat(60_000);
  const count = 300;
  for (let n = 0; n < count; n++) {
    await exchange.publish("public.usdbtc.trades", { n, filler });
    if (n % 20 === 0) await exchange.settled();
  }
  await exchange.settled();
  assert.ok((await exchange.stats()).readers!.behind >= 1, "it is behind");
  const ids = new Set<string>();
  for (let n = 0; n < count; n++) {
    const { data, lastEventId } = await client.next();
    assert.ok(data.startsWith(`{"usdbtc.trades":{"n":${n},`), data.slice(0, 40));
    ids.add(lastEventId);
  }
  assert.equal(ids.size, count);
  await exchange.publish("public.usdbtc.trades", { n: count });
  assert.equal((await client.next()).data, trade(count));
});

Deno.test("figures tell the transports apart", async () => {
  await using exchange = await startExchange(broker);
  using client = await openEvents(exchange, "/?stream=usdbtc.trades");
  const { connections } = await exchange.stats() as { connections: Record<string, number> };
  assert.deepEqual([connections.open, connections.sse, connections.totalSse], [2, 1, 1]);
  client.close();
  await until(
    async () => {
      const text = await (await fetch(exchange.ranger.managementUrl("/metrics"))).text();
      return [
        'ranger_transport_connections_current{transport="sse"} 0',
        'ranger_transport_connections_current{transport="websocket"} 1',
        'ranger_transport_connections_total{transport="sse"} 1',
        'ranger_transport_connections_total{transport="websocket"} 1',
        'ranger_closes_total{by="client",code="1005"} 1',
      ].every((line) => text.includes(line)) || undefined;
    },
    "the metrics of a client that left",
  );
});
