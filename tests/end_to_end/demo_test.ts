import assert from "node:assert/strict";
import { decodeJwt } from "jose";
import { MarketView } from "../../src/cli/demo/view.ts";
import { bounded, until } from "../../testing/bounded.ts";
import { freePort } from "../../testing/ports.ts";
import { endProcess } from "../../testing/processes.ts";
import { cleanEnvironment, program, runRanger } from "../../testing/program.ts";
import { type RangerProcess, startRanger } from "../../testing/ranger.ts";
import { RawClient } from "../../testing/raw_client.ts";

const UID = "IDDEMO000001";

/** A running `ranger demo`, and what it prints, line by line. */
class Demo implements AsyncDisposable {
  readonly process: Deno.ChildProcess;
  readonly lines: string[] = [];
  readonly errors: Promise<string>;
  #arrived = Promise.withResolvers<void>();
  readonly #reading: Promise<void>;

  constructor(...flags: string[]) {
    const [file, ...first] = program();
    this.process = new Deno.Command(file, {
      args: [...first, "demo", "--port", "0", "--management-port", "0", ...flags],
      clearEnv: true,
      env: cleanEnvironment(),
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.errors = new Response(this.process.stderr).text();
    this.#reading = this.#read();
  }

  /** The first line, printed or to come, that the pattern finds something in. */
  line(pattern: RegExp): Promise<RegExpExecArray> {
    // One bound for all of it: the live line goes on for ever.
    return bounded(
      this.#find(pattern),
      () => `a line like ${pattern}; there was\n${this.lines.join("\n")}`,
    );
  }

  /** Sends a signal, and waits for the end. */
  async end(signal: "SIGINT" | "SIGTERM"): Promise<Deno.CommandStatus> {
    this.process.kill(signal);
    return await bounded(this.process.status, `the demo to end after ${signal}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await endProcess(this.process, "SIGKILL");
    await Promise.all([this.errors, this.#reading]);
  }

  async #find(pattern: RegExp): Promise<RegExpExecArray> {
    for (let at = 0;;) {
      for (; at < this.lines.length; at++) {
        const found = pattern.exec(this.lines[at]!);
        if (found !== null) return found;
      }
      await this.#arrived.promise;
    }
  }

  async #read(): Promise<void> {
    let rest = "";
    for await (const text of this.process.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      this.lines.push(...lines);
      this.#arrived.resolve();
      this.#arrived = Promise.withResolvers();
    }
  }
}

type Message = Record<string, unknown>;
type Order = { id: number } | undefined;

/** A client that keeps every message. */
class Client implements AsyncDisposable {
  readonly messages: Message[] = [];
  readonly closed: Promise<number>;
  readonly #socket: WebSocket;
  #arrived = Promise.withResolvers<void>();

  constructor(url: string, headers: Record<string, string> = {}) {
    this.#socket = new WebSocket(url, { headers });
    this.#socket.onmessage = ({ data }) => this.#keep(JSON.parse(data));
    const closed = Promise.withResolvers<number>();
    this.closed = closed.promise;
    this.#socket.onclose = ({ code }) => closed.resolve(code);
    this.#socket.onerror = (event) => this.#keep({ failed: (event as ErrorEvent).message });
  }

  /** The first message, had or to come, that the test is true of. */
  async first(what: string, test: (message: Message) => boolean): Promise<Message> {
    for (let at = 0;;) {
      for (; at < this.messages.length; at++) {
        if (test(this.messages[at]!)) return this.messages[at]!;
      }
      await bounded(
        this.#arrived.promise,
        () => `${what}; there was ${JSON.stringify(this.messages).slice(0, 2_000)}`,
      );
    }
  }

  /** The first event of a stream. */
  async event(stream: string): Promise<Record<string, unknown>> {
    const message = await this.first(`an event of ${stream}`, (message) => stream in message);
    return message[stream] as Record<string, unknown>;
  }

  send(message: unknown): void {
    this.#socket.send(JSON.stringify(message));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await bounded(this.closed, "the client's connection to close");
  }

  #keep(message: Message): void {
    this.messages.push(message);
    this.#arrived.resolve();
    this.#arrived = Promise.withResolvers();
  }
}

/** Which user's token, stream and page the demo says to paste. */
async function printed(demo: Demo) {
  const page = (await demo.line(/^ {2}Page {2,}(\S+)$/))[1]!;
  const stream = (await demo.line(/^ {2}Stream {2,}(\S+)$/))[1]!;
  const token = (await demo.line(/^ {2}Token {2,}(\S+)$/))[1]!;
  const publicLine = await demo.line(/^ {2}npx wscat -c "(\S+)"$/);
  const privateLine = await demo.line(/^ {2}npx wscat -c "(\S+)" -H "(\S+): (\S+ \S+)"$/);
  return { page, stream, token, publicUrl: publicLine[1]!, privateLine };
}

Deno.test("what the demo prints to paste works, twice", async () => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    await using demo = new Demo();
    const { page, stream, token, publicUrl, privateLine } = await printed(demo);
    assert.match(
      stream,
      /^ws:\/\/127\.0\.0\.1:\d+\/public\/\?stream=btcusd\.trades,btcusd\.ob-inc$/,
    );
    assert.equal(publicUrl, stream);
    const claims = decodeJwt(token);
    assert.equal(claims.uid, UID);
    assert.equal(claims.sub, "session");
    assert.equal(claims.exp! - claims.iat!, 24 * 60 * 60);
    assert.ok(typeof claims.jti === "string" && typeof claims.role === "string");

    const response = await fetch(page, { headers: { accept: "text/html" } });
    assert.equal(response.status, 200);
    assert.match(await response.text(), /<title>Ranger<\/title>/);

    {
      await using market = new Client(publicUrl);
      const { asks, bids } = await market.event("btcusd.ob-snap");
      assert.ok(Array.isArray(asks) && Array.isArray(bids) && asks.length > 0 && bids.length > 0);
      assert.ok(Number.isInteger((await market.event("btcusd.ob-inc")).sequence));
      assert.ok(Array.isArray((await market.event("btcusd.trades")).trades));
      // An anonymous client sees nothing of anybody's orders.
      assert.ok(!market.messages.some((message) => "order" in message || "trade" in message));
    }

    const [, privateUrl, header, value] = privateLine;
    assert.equal(value, `Bearer ${token}`);
    await using own = new Client(privateUrl!, { [header!]: value! });
    assert.equal((await own.event("order")).ord_type !== undefined, true);
    assert.equal((await own.event("trade")).order_id !== undefined, true);

    const status = await demo.end(signal);
    assert.equal(status.code, 0);
    assert.equal(await bounded(own.closed, "the client to be closed"), 1001);
    assert.equal(await demo.errors, "");
  }
});

Deno.test("a client gets the demo user's orders and trades, and nobody else's", async () => {
  await using demo = new Demo("--quiet", "--rate", "200");
  const { privateLine, publicUrl, token } = await printed(demo);
  await using own = new Client(privateLine[1]!, { Authorization: `Bearer ${token}` });
  await using anyone = new Client(publicUrl.replace(/stream=.*/, "stream=btcusd&stream=order"));
  const { order_id } = await own.event("trade");
  await own.first("the order that traded", ({ order }) => (order as Order)?.id === order_id);
  // Everybody's trades are public, and tell how much there is that must not be seen: a thousand
  // acts a second by eight others, against less than two by the demo's user.
  let trades = 0;
  await anyone.first("two hundred public trades", (message) => {
    return "btcusd.trades" in message && ++trades === 200;
  });
  const orders = new Set(own.messages.map(({ order }) => (order as Order)?.id));
  assert.ok(orders.size < 30, `${orders.size} orders of one user in a few seconds`);
  assert.ok(!anyone.messages.some((message) => "order" in message));

  // The same user by message: from there on both get the same.
  anyone.send({ jwt: `Bearer ${token}` });
  await anyone.first("the answer to the token", ({ success }) => {
    return (success as { message?: string })?.message === "Authenticated.";
  });
  const { id } = await anyone.event("order");
  await own.first("the same order", ({ order }) => (order as Order)?.id === id);
});

Deno.test("the live line shows what went all the way to a client", async () => {
  await using demo = new Demo();
  const { publicUrl } = await printed(demo);
  await using _client = new Client(publicUrl);
  const [, last, bid, ask, rate] = await demo.line(
    /^btcusd {2}(\d+\.\d+) [▲▼ ] {2}bid (\d+\.\d+) {2}ask (\d+\.\d+) {2}(\d+) events\/s {2}1 client$/,
  );
  assert.ok(Number(bid) < Number(ask));
  assert.ok(Math.abs(Number(last) / Number(bid) - 1) < 0.01);
  assert.ok(Number(rate) > 0);
  assert.equal((await demo.end("SIGINT")).code, 0);
});

Deno.test("the live line's book follows snapshots and increments, also after a reconnect", async () => {
  const sockets: WebSocket[] = [];
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => {
      const { socket, response } = Deno.upgradeWebSocket(request);
      socket.onopen = () => void sockets.push(socket);
      return response;
    },
  );
  const view = new MarketView(`ws://127.0.0.1:${server.addr.port}`, "btcusd");
  const connection = (number: number) => until(() => sockets[number], `connection ${number}`);
  /** Sends, and waits until all of it has been seen. */
  const tell = async (socket: WebSocket, ...events: unknown[]) => {
    const sum = view.state.messages + events.length;
    for (const event of events) socket.send(JSON.stringify(event));
    const state = () => view.state.messages === sum ? view.state : undefined;
    const { last, bid, ask, direction } = await until(state, "the view to see every message");
    return { last, bid, ask, direction };
  };

  const first = await connection(0);
  const asks = [["9.5", "1.0"], ["10.0", "2.0"]];
  const bids = [["9.0", "1.0"], ["8.5", "1.0"]];
  assert.deepEqual(
    await tell(first, { "btcusd.ob-snap": { asks, bids, sequence: 1 } }),
    { last: undefined, bid: "9.0", ask: "9.5", direction: 0 },
  );
  assert.deepEqual(
    await tell(
      first,
      { "btcusd.ob-inc": { asks: ["9.5", ""], sequence: 2 } },
      { "btcusd.ob-inc": { bids: ["9.25", "1.0"], sequence: 3 } },
      { "btcusd.trades": { trades: [{ price: "9.25" }] } },
      { "btcusd.trades": { trades: [{ price: "9.5" }, { price: "9.0" }] } },
    ),
    { last: "9.0", bid: "9.25", ask: "10.0", direction: -1 },
  );
  first.close();
  const second = await connection(1);
  assert.deepEqual(
    await tell(second, { "btcusd.ob-snap": { asks: [["7.5", "1.0"]], bids: [], sequence: 9 } }),
    { last: "9.0", bid: undefined, ask: "7.5", direction: -1 },
  );
  await view.close();
  assert.equal(view.state.connected, false);
});

Deno.test("--quiet turns the live line off", async () => {
  await using demo = new Demo("--quiet");
  const { publicUrl } = await printed(demo);
  await using client = new Client(publicUrl);
  let events = 0;
  await client.first("a second's worth of events", () => ++events > 30);
  assert.equal((await demo.end("SIGTERM")).code, 0);
  assert.ok(!demo.lines.some((line) => line.startsWith("btcusd")));
});

Deno.test("--no-auth serves the markets and prints no token", async () => {
  await using demo = new Demo("--quiet", "--no-auth");
  await demo.line(/^Ctrl-C/);
  assert.ok(!demo.lines.some((line) => /Token|Bearer/.test(line)));
  await using client = new Client((await demo.line(/Stream +(\S+)/))[1]!);
  await client.event("btcusd.trades");
});

Deno.test("an app that is served elsewhere on this machine may connect, unless origins are named", async () => {
  const statuses = async (ranger: RangerProcess, ...origins: string[]) => {
    const found: number[] = [];
    for (const origin of origins) {
      using client = await RawClient.connect(ranger.port);
      const options = { headers: { Origin: origin } };
      found.push((await client.handshake(ranger.url("/public"), options)).status);
    }
    return found;
  };
  const app = "http://localhost:5173";
  {
    await using demo = await startRanger({ command: "demo", args: ["--quiet"] });
    const own = `http://127.0.0.1:${demo.port}`;
    const others = ["https://127.0.0.1", "http://[::1]:3000", "https://evil.example"];
    assert.deepEqual(await statuses(demo, app, own, ...others), [101, 101, 101, 101, 403]);
  }
  const args = ["--quiet", "--origins", "trade.example.com"];
  await using demo = await startRanger({ command: "demo", args });
  assert.deepEqual(await statuses(demo, app, "https://trade.example.com"), [403, 101]);
});

Deno.test("a port in use is said with the flag that changes it", async () => {
  const port = freePort();
  using _listener = Deno.listen({ hostname: "127.0.0.1", port });
  const args = ["demo", "--port", String(port), "--management-port", "0"];
  const { code, stdout, stderr } = await runRanger(args);
  assert.equal(code, 69);
  assert.equal(stdout, "");
  assert.match(stderr, new RegExp(`127\\.0\\.0\\.1:${port} .*--port`));
});

Deno.test("a seed or rate that is not a number is refused by name", async () => {
  for (const flag of ["--seed", "--rate"]) {
    const { code, stderr } = await runRanger(["demo", flag, "many"]);
    assert.equal(code, 78);
    assert.match(stderr, new RegExp(`${flag} is "many"; expected`));
  }
});
