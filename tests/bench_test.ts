import { AMQPClient } from "@cloudamqp/amqp-client";
import { deepEqual, equal, ok } from "node:assert/strict";
import { buildTools } from "../bench/harness/build.ts";
import type { LoadReport } from "../bench/harness/load.ts";
import type { PublishReport } from "../bench/harness/publisher.ts";
import { search } from "../bench/harness/search.ts";
import { lastNumbers, oneStream, usersOwn } from "../bench/harness/traffic.ts";
import { OrderBook } from "../src/hub/order_book.ts";
import { until } from "./support/bounded.ts";
import { findExecutable } from "./support/executables.ts";
import { freePort } from "./support/ports.ts";
import { sharedBroker } from "./support/rabbitmq.ts";

/** The one key that the load generator sends has this answer (RFC 6455, 1.3). */
const ACCEPTED = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n" +
  "Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
const PATH = "/?stream=usdbtc.trades";

const compiler = findExecutable("cc", (Deno.env.get("PATH") ?? "").split(":"));
if (compiler === undefined) {
  console.error("skipped: tests of the load generator, because there is no C compiler (cc)");
}

const broker = compiler === undefined ? undefined : await sharedBroker();
const tools = compiler === undefined ? undefined : buildTools();

function test(name: string, run: () => Promise<void>): void {
  Deno.test({ name: `load generator: ${name}`, ignore: compiler === undefined, fn: run });
}

/** A server's frame: `head` is FIN, reserved bits and opcode. */
function frame(payload: string, head = 0x81, masked = false): Uint8Array {
  const bytes = new TextEncoder().encode(payload);
  const bit = masked ? 0x80 : 0;
  const length = bytes.length < 126
    ? [bit | bytes.length]
    : [bit | 126, bytes.length >> 8, bytes.length & 0xff];
  return new Uint8Array([head, ...length, ...(masked ? [0, 0, 0, 0] : []), ...bytes]);
}

function event(seq: number, stream = "usdbtc.trades"): string {
  return `{"${stream}":{"seq":${seq},"ts":1,"trades":[],"pad":"${"x".repeat(120)}"}}`;
}

/** Serves one connection: answers the handshake, writes the pieces, and waits for the goodbye. */
async function serveOnce(
  listener: Deno.TcpListener,
  pieces: readonly Uint8Array[],
): Promise<string> {
  const connection = await listener.accept();
  connection.setNoDelay(true);
  const buffer = new Uint8Array(4096);
  const request = new TextDecoder().decode(buffer.subarray(0, await connection.read(buffer) ?? 0));
  for (const piece of [new TextEncoder().encode(ACCEPTED), ...pieces]) {
    for (let at = 0; at < piece.length;) at += await connection.write(piece.subarray(at));
  }
  for (;;) {
    const read = await connection.read(buffer);
    // a pong may come first
    if (read === null || buffer.subarray(0, read).includes(0x88)) break;
  }
  connection.close();
  return request;
}

/** What the load generator says of a server that sends these pieces to one connection. */
async function judge(
  pieces: readonly Uint8Array[],
  flags: readonly string[] = [],
  path = PATH,
): Promise<{ report: LoadReport; code: number; request: string }> {
  const { wsload } = await tools!;
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const served = serveOnce(listener, pieces);
  const { stdout, code } = await new Deno.Command(wsload, {
    args: [
      ...["--from", "1", "--warmup", "0", ...flags],
      ...["127.0.0.1", `${listener.addr.port}`, path, "1", "0.05"],
    ],
    stderr: "null",
  }).output();
  const request = await served;
  listener.close();
  return { report: JSON.parse(new TextDecoder().decode(stdout)), code, request };
}

/** The kinds of violation counted, without the zeros. */
function counted(report: LoadReport): Record<string, number> {
  return Object.fromEntries(Object.entries(report.violations).filter(([, n]) => n > 0));
}

test("finds nothing to say against a server that does it right", async () => {
  const { report, code } = await judge([
    frame('{"success":{"message":"subscribed","streams":["usdbtc.trades"]}}'),
    frame("", 0x89),
    frame(event(1)),
    frame(event(2)),
  ]);
  deepEqual(counted(report), {});
  equal(report.frames_total, 2);
  equal(report.missing, 0);
  equal(report.answers, 1);
  equal(report.pings, 1);
  equal(report.open_at_end, 1);
  equal(code, 0);
});

test("puts frames together that arrive in pieces", async () => {
  const bytes = [1, 2, 3, 4].flatMap((seq) => [...frame(event(seq))]);
  const pieces = [1, 2, 3, 150, 151, 152, 400].map((end, i, ends) =>
    new Uint8Array(bytes.slice(ends[i - 1] ?? 0, end))
  );
  const { report } = await judge([...pieces, new Uint8Array(bytes.slice(400))]);
  deepEqual(counted(report), {});
  equal(report.frames_total, 4);
});

test("counts a gap, and how many frames are missing", async () => {
  const { report, code } = await judge([1, 2, 4, 5, 8].map((seq) => frame(event(seq))));
  deepEqual(counted(report), { gap: 2 });
  equal(report.missing, 3);
  equal(code, 3);
  ok(report.first_violation.startsWith("gap: 4 after 2"), report.first_violation);
});

test("counts a beginning that is missing", async () => {
  const { report } = await judge([frame(event(3))]);
  equal(report.missing, 2);
});

test("counts an event that comes again", async () => {
  const { report } = await judge([1, 2, 2, 1, 3].map((seq) => frame(event(seq))));
  deepEqual(counted(report), { repeated: 2 });
});

for (
  const [what, kind, bytes] of [
    ["a masked frame", "masked", frame(event(1), 0x81, true)],
    ["a stream that was not asked for", "envelope", frame(event(1, "usdeth.trades"))],
    ["an envelope that is not closed", "envelope", frame(event(1).slice(0, -1) + " ")],
    ["a reserved bit", "reserved", frame(event(1), 0xc1)],
    ["a binary frame", "opcode", frame(event(1), 0x82)],
    ["a fragment", "fragmented", frame(event(1), 0x01)],
    ["an unknown control frame", "control", frame("", 0x8b)],
    ["an event without a number", "unnumbered", frame('{"usdbtc.trades":{"ts":1}}')],
    ["a length in more bytes than it needs", "length", new Uint8Array([0x89, 126, 0, 0])],
  ] as const
) {
  test(`counts ${what}`, async () => {
    const { report, code } = await judge([bytes]);
    deepEqual(counted(report), { [kind]: 1 });
    equal(code, 3);
  });
}

const BOOK = "/?stream=m1.ob-inc,m1.kline-1m";
const snapshot = (sequence: number) =>
  frame(`{"m1.ob-snap":{"asks":[["1.0","2.0"]],"bids":[],"sequence":${sequence}}}`);
const increment = (seq: number) =>
  frame(`{"m1.ob-inc":{"seq":${seq},"ts":1,"asks":["1.0","3.0"],"sequence":${seq}}}`);

test("takes increments from where their snapshot is", async () => {
  const { report, code } = await judge([snapshot(7), increment(8), increment(9)], [], BOOK);
  deepEqual(counted(report), {});
  equal(report.snapshots, 1);
  equal(report.served, 1);
  equal(report.frames_total, 2);
  equal(code, 0);
});

test("counts an increment that does not follow its snapshot", async () => {
  const { report } = await judge([snapshot(7), increment(9)], [], BOOK);
  deepEqual(counted(report), { gap: 1 });
  equal(report.missing, 1);
});

test("counts a snapshot that is sent to someone in step", async () => {
  const { report } = await judge([snapshot(7), increment(8), snapshot(8)], [], BOOK);
  deepEqual(counted(report), { resync: 1 });
});

test("numbers klines by their time", async () => {
  const kline = (n: number) => frame(`{"m1.kline-1m":[${1_500_000_000 + 60 * n},1.0,1.0]}`);
  const right = await judge([kline(1), kline(2)], [], BOOK);
  deepEqual(counted(right.report), {});
  const wrong = await judge([kline(1), kline(3)], [], BOOK);
  deepEqual(counted(wrong.report), { gap: 1 });
});

test("sends each connection's token", async () => {
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, "first.token\nsecond.token\n");
  const { request } = await judge([], ["--tokens", file]);
  await Deno.remove(file);
  ok(request.includes("\r\nAuthorization: Bearer first.token\r\n"), request);
});

test("opens connections without waiting for one that is not answered", async () => {
  const { wsload } = await tools!;
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const child = new Deno.Command(wsload, {
    args: [
      ...["--control", "--warmup", "0", "--drain", "0"],
      ...["127.0.0.1", `${listener.addr.port}`, PATH, "3", "0"],
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  // All three ask before any is answered, and the last is answered first.
  const connections: Deno.TcpConn[] = [];
  while (connections.length < 3) connections.push(await listener.accept());
  const buffer = new Uint8Array(4096);
  for (const connection of connections) await connection.read(buffer);
  for (const connection of connections.toReversed()) {
    await connection.write(new TextEncoder().encode(ACCEPTED));
  }
  await child.stdin.close();
  const report: LoadReport = await new Response(child.stdout).json();
  await child.status;
  for (const connection of connections) connection.close();
  listener.close();
  equal(report.connected, 3);
});

test("says what a refused handshake was answered", async () => {
  const { wsload } = await tools!;
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response("no", { status: 401 }),
  );
  const { stdout, code } = await new Deno.Command(wsload, {
    args: ["--warmup", "0", "127.0.0.1", `${server.addr.port}`, PATH, "2", "0.05"],
    stderr: "null",
  }).output();
  await server.shutdown();
  const report: LoadReport = JSON.parse(new TextDecoder().decode(stdout));
  equal(report.connected, 0);
  equal(report.refusal, "HTTP/1.1 401 Unauthorized");
  equal(code, 1);
});

/** Events as NATS sends them, the messages lying across frames. */
function natsFrames(numbers: readonly number[]): Uint8Array[] {
  const messages = numbers.map((seq) => `{"seq":${seq},"ts":1,"pad":"MSG a 1 3"}`)
    .map((body) => `MSG usdbtc.trades 0 ${body.length}\r\n${body}\r\n`);
  const text = `INFO {"a":1}\r\nPONG\r\n${messages.join("")}`;
  const pieces = [text.slice(0, 40), text.slice(40, 41), text.slice(41)];
  return pieces.map((piece) => frame(piece, 0x82));
}

test("reads NATS inside of frames", async () => {
  const right = await judge(natsFrames([1, 2, 3]), ["--nats"]);
  deepEqual(counted(right.report), {});
  equal(right.report.frames_total, 3);
  const wrong = await judge(natsFrames([1, 3]), ["--nats"]);
  deepEqual(counted(wrong.report), { gap: 1 });
});

test("reads STOMP inside of frames", async () => {
  const message = (seq: number) =>
    frame(`MESSAGE\nsubscription:0\ndestination:/exchange/e/k\n\n{"seq":${seq},"ts":1}\0\n`);
  const ready = [frame("CONNECTED\nversion:1.2\n\n\0"), frame("RECEIPT\nreceipt-id:all\n\n\0")];
  const right = await judge([...ready, frame("\n"), message(1), message(2)], ["--stomp", "e"]);
  deepEqual(counted(right.report), {});
  equal(right.report.frames_total, 2);
  const wrong = await judge([...ready, message(2)], ["--stomp", "e"]);
  deepEqual(counted(wrong.report), { gap: 1 });
});

test("counts what the server still owes at the end", async () => {
  const { wsload } = await tools!;
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const served = serveOnce(listener, [frame(event(1)), frame(event(2))]);
  const child = new Deno.Command(wsload, {
    args: [
      ...["--control", "--from", "1", "--warmup", "0", "--drain", "0.2"],
      ...["127.0.0.1", `${listener.addr.port}`, PATH, "1", "0.05"],
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const input = child.stdin.getWriter();
  await input.write(new TextEncoder().encode("last usdbtc.trades 7\nend\n"));
  await input.close();
  const report: LoadReport = await new Response(child.stdout).json();
  await child.status;
  await served;
  listener.close();
  equal(report.missing, 5);
});

test("finds the floor's frames well-formed, at every batch size", async () => {
  const { wsload, wslimit } = await tools!;
  for (const batch of [0, 1, 7]) {
    const port = freePort();
    const floor = new Deno.Command(wslimit, {
      args: [port, 20, 700, 0.5, 200, batch, 0].map(String),
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    await floor.stderr.getReader().read(); // listening
    const { stdout } = await new Deno.Command(wsload, {
      args: ["--from", "1", "--warmup", "0", "127.0.0.1", `${port}`, PATH, "20", "0.4"],
      stderr: "null",
    }).output();
    const report: LoadReport = JSON.parse(new TextDecoder().decode(stdout));
    const made: { published: number } = await new Response(floor.stdout).json();
    floor.kill("SIGTERM");
    await floor.status;
    deepEqual(counted(report), {});
    equal(made.published, 350);
    equal(report.frames_total, 20 * 350);
    ok(report.latency.samples > 0);
  }
});

Deno.test({
  name: "publisher: order books' increments and snapshots fit together",
  ignore: compiler === undefined,
  async fn() {
    const { publish } = await tools!;
    const exchange = `ranger.bench.${crypto.randomUUID()}`;
    const books = [new OrderBook(), new OrderBook()];
    const seen: Record<string, number> = {};
    await using _consumer = await consumeAll(broker!.url, exchange, (key, payload) => {
      const [, id, event] = key.split(".");
      const book = books[Number(id?.slice(1))]!;
      const outcome = event === "ob-inc" ? book.apply(payload) : book.replace(payload);
      const what = `${event} ${outcome}`;
      seen[what] = (seen[what] ?? 0) + 1;
    });
    const { stdout, code } = await new Deno.Command(publish, {
      args: [
        ...["--from", "501", "--depth", "12", "--snap", "0.2"],
        ...[broker!.url, exchange, "900", "1", "ob_inc:0:1:2:public.m%d.ob-inc"],
      ],
    }).output();
    equal(code, 0);
    const { lines }: PublishReport = JSON.parse(new TextDecoder().decode(stdout));
    deepEqual(lines, [{ key: "public.m%d.ob-inc", count: 2, sent: 900 }]);
    await until(() => (seen["ob-inc applied"] === 900 ? true : undefined), () => show(seen));
    // Each book's first snapshot is news, every later one is where the increments led.
    const { "ob-snap in step": inStep = 0, ...rest } = seen;
    deepEqual(rest, { "ob-snap moved": 2, "ob-inc applied": 900 });
    ok(inStep >= 4, show(seen));
  },
});

function show(value: unknown): string {
  return JSON.stringify(value);
}

/** Everything that is published to an exchange, parsed. */
async function consumeAll(
  url: string,
  exchange: string,
  handle: (key: string, payload: unknown) => void,
): Promise<AsyncDisposable> {
  const connection = await new AMQPClient(url).connect();
  const channel = await connection.channel();
  await channel.exchangeDeclare(exchange, "topic", { durable: false, autoDelete: false });
  const queue = await channel.queueDeclare("", { exclusive: true });
  await channel.queueBind(queue.name, exchange, "#");
  await channel.basicConsume(queue.name, { noAck: true }, (message) => {
    handle(message.routingKey, JSON.parse(message.bodyString() ?? "null"));
  });
  return {
    async [Symbol.asyncDispose]() {
      await channel.exchangeDelete(exchange);
      await connection.close();
    },
  };
}

Deno.test("traffic: tells the last number of each stream, and of each user's", () => {
  const sent = (key: string, count: number, sent: number) => [{ key, count, sent }];
  const name = (key: string) => key.slice("public.".length);
  equal(
    lastNumbers(oneStream(9, 200), name, 11, sent("public.m%d.trades", 3, 7)),
    "last m0.trades 13\nlast m1.trades 12\nlast m2.trades 12\n",
  );
  // Of six users every second one is connected; the events reached the fourth.
  equal(
    lastNumbers(usersOwn(3, 6, "tokens"), name, 1, sent("private.U%d.order", 6, 4)),
    "last order 1 0\nlast order 1 1\nlast order 0 2\n",
  );
});

Deno.test("search: finds the highest rate that holds, from below and from above", async () => {
  for (const limit of [1, 7, 95, 100, 130, 3_000]) {
    const bounds = { start: 100, least: 1, most: 2_000, within: 1.1, probes: 30 };
    const found = await search(bounds, (rate) => Promise.resolve({ rate, holds: rate <= limit }));
    const best = found.best?.rate ?? 0;
    ok(best <= limit && best * 1.1 >= Math.min(limit, 2_000), `${best} for ${limit}`);
  }
});

Deno.test("search: says so when nothing holds, and keeps to its number of probes", async () => {
  const bounds = { start: 100, least: 10, most: 2_000, within: 1.1, probes: 30 };
  const none = await search(bounds, (rate) => Promise.resolve({ rate, holds: false }));
  equal(none.best, undefined);
  equal(none.failed?.rate, 10);
  const few = await search(
    { ...bounds, probes: 3 },
    (rate) => Promise.resolve({ rate, holds: rate < 130 }),
  );
  equal(few.probes.length, 3);
});
