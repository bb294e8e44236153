import assert from "node:assert/strict";
import { startExchange } from "../support/exchange.ts";
import { freePort } from "../../testing/ports.ts";
import { cleanEnvironment, program } from "../../testing/program.ts";
import { bounded, until } from "../../testing/bounded.ts";
import { type Client, connectClient } from "../support/client.ts";
import { connectPublisher, randomExchange } from "../../testing/amqp.ts";
import { closePayload, Opcode } from "../../testing/raw_client.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { makeKey, type TestKey } from "../../testing/tokens.ts";
import { type RangerProcess, startRanger } from "../../testing/ranger.ts";
import { temporaryFolder } from "../support/run_ranger.ts";

const broker = await sharedBroker();

/** Text that begins another line where a log writes it unchanged, and clears the screen. */
const FORGERY = "\u001b[2J\n12:00:00.000 INFO    server   all is well";

/** Does what leaves lines in the log, with secrets in it, and gives the secrets. */
async function stir(url: string, key: TestKey): Promise<string[]> {
  const token = await key.token({ uid: "ID1" });
  const stranger = await (await makeKey()).token({ uid: "ID2" });
  const expired = await key.token({ exp: 1 });
  const clients: Client[] = [];
  clients.push(await connectClient(`${url}private?stream=order`, { token }));
  const client = await connectClient(`${url}public`);
  clients.push(client);
  await client.next();
  for (const each of [stranger, expired, token]) await client.ask({ jwt: `Bearer ${each}` });
  await client.ask({ jwt: "a-token-without-its-type" });
  await client.raw.send({
    opcode: Opcode.close,
    payload: closePayload(1000, FORGERY),
  });
  for (const each of clients) await each.close();
  await assert.rejects(connectClient(`${url}private`, { token: stranger }), /401/);
  // Where no token belongs: gateways and people put it there all the same.
  const misplaced = await key.token({ uid: "ID3" });
  const query = `jwt=${misplaced}&token=${misplaced}&access_token=Bearer%20${misplaced}`;
  const lost = await connectClient(`${url}public?${query}`);
  await lost.next();
  await lost.ask(`{"event":"subscribe","jwt":"${misplaced}"}`);
  await lost.ask(misplaced);
  await lost.close();
  const signatures = [token, stranger, expired, misplaced].map((each) => each.split(".")[2]!);
  return [...signatures, "a-token-without-its-type", new URL(broker.url).password];
}

Deno.test("each line of the JSON log is an object with time, level, logger and message", async () => {
  const key = await makeKey();
  let ranger: RangerProcess;
  let secrets: string[];
  {
    await using exchange = await startExchange(broker, { key, args: ["--log-level=debug"] });
    ranger = exchange.ranger;
    secrets = await stir(ranger.url(), key);
    await exchange.publish("no.routing.key.at.all", {});
    await exchange.settled();
    await ranger.log((line) => line.reason === FORGERY, "the reason of a client, as it gave it");
  }

  const lines = ranger.stderr.trimEnd().split("\n").map((line) => JSON.parse(line));
  for (const { time, level, logger, message } of lines) {
    assert.equal(new Date(time).toISOString(), time);
    assert.match(level, /^(debug|info|warning|error|fatal)$/);
    assert.match(logger, /^ranger\.\w+$/);
    assert.ok(typeof message === "string" && message !== "" && !/\{\w+\}/.test(message), message);
  }
  assert.match(ranger.stderr, /^\{"time":"[^"]+","level":"info","logger":"ranger\.server",/);
  const listening = lines.filter(({ listener }) => listener !== undefined);
  assert.deepEqual(
    listening.map(({ listener, host, port }) => ({ listener, host, port })),
    [
      { listener: "management", host: "127.0.0.1", port: ranger.managementPort },
      { listener: "public", host: "127.0.0.1", port: ranger.port },
    ],
  );
  const warning = lines.find(({ level }) => level === "warning");
  assert.equal(warning?.routingKey, "no.routing.key.at.all");
  for (const level of ["debug", "info", "warning"]) {
    assert.ok(lines.some((line) => line.level === level), `${level} is there`);
  }
  for (const secret of secrets) assert.ok(!ranger.stderr.includes(secret), secret);
});

Deno.test("a line of the text log is a line, whatever clients say in it", async () => {
  const key = await makeKey();
  await using publisher = await connectPublisher(broker.url, randomExchange());
  const port = freePort();
  const [file, ...first] = program();
  const child = new Deno.Command(file, {
    args: [
      ...first,
      "--config=/dev/null",
      "--host=127.0.0.1",
      `--port=${port}`,
      "--management-port=0",
      "--log-level=debug",
      "--log-format=text",
      `--amqp-url=${broker.url}`,
      `--exchange=${publisher.exchange}`,
      `--jwt-public-key=${key.publicBase64url}`,
    ],
    clearEnv: true,
    env: cleanEnvironment(),
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let output = "";
  const read = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of child.stderr) output += decoder.decode(chunk, { stream: true });
  })();
  const logged = (text: string) =>
    until(() => output.includes(text) || undefined, () => `${text} in\n${output}`);
  let secrets: string[] = [];
  try {
    await logged(`listening for clients on 127.0.0.1:${port}`);
    await logged("consuming from");
    secrets = await stir(`ws://127.0.0.1:${port}/`, key);
    await logged("\\u{1b}[2J\\u{a}12:00:00.000 INFO    server   all is well");
  } finally {
    child.kill("SIGTERM");
    await bounded(Promise.all([child.status, read]), "the server to end");
  }
  for (const line of output.trimEnd().split("\n")) {
    assert.match(line, /^\d\d:\d\d:\d\d\.\d{3} (DEBUG|INFO|WARNING)\s+\w+\s+\S[^\p{C}]*$/u);
  }
  for (const secret of secrets) assert.ok(!output.includes(secret), secret);
});

Deno.test("a flood of bad routing keys leaves some lines, and says how many more there were", async () => {
  let ranger: RangerProcess;
  {
    await using exchange = await startExchange(broker, { auth: false });
    ranger = exchange.ranger;
    for (let n = 0; n < 100; n++) await exchange.publish(`no.routing.key.at.all.${n}`, {});
    await exchange.settled();
  }
  assert.equal(ranger.logged((line) => line.routingKey !== undefined), 10);
  const rest = await ranger.log((line) => line.folded !== undefined, "how many more");
  assert.equal(rest.folded, 90);
  assert.equal(rest.level, "warning");
  assert.match(rest.message, /^… and 90 more in the last 60 s: Dropped an event: \{routingKey\}/);
});

Deno.test("a connection's lines have its number, from the first to the last", async () => {
  await using exchange = await startExchange(broker, { args: ["--log-level=debug"] });
  const { ranger } = exchange;
  const client = await exchange.connect("/public?stream=a.trades&stream=b.trades");
  const opened = await ranger.log((line) => line.count === 2, "the line of its beginning");
  await client.ask({ jwt: "Bearer nonsense" });
  await client.close();
  await ranger.log((line) => line.id === opened.id && line.code === 1000, "the line of its end");
  const lines = ranger.stderr.trimEnd().split("\n").map((line) => JSON.parse(line));
  const own = lines.filter((line) => line.id === opened.id).map((line) => line.message);
  assert.equal(own.length, 3);
  for (const message of own) assert.ok(message.startsWith(`connection ${opened.id}`), message);
});

Deno.test("in the journal each line begins with its priority, and nowhere else", async (t) => {
  for (const format of ["json", "text"]) {
    await t.step(format, async () => {
      await using folder = await temporaryFolder();
      const file = await folder.write("journal", "");
      const { dev, ino } = await Deno.stat(file);
      const args = [
        ...program(),
        ...["serve", "--config=/dev/null", "--no-auth", "--port=0", "--management-port=0"],
        ...["--host=127.0.0.1", "--amqp-url=amqp://127.0.0.1:1/", `--log-format=${format}`],
      ];
      const child = new Deno.Command("sh", {
        args: ["-c", 'exec "$@" 2>"$0"', file, ...args],
        clearEnv: true,
        env: { ...cleanEnvironment(), JOURNAL_STREAM: `${dev}:${ino}` },
        stdin: "null",
        stdout: "null",
      }).spawn();
      try {
        await until(
          async () => (await Deno.readTextFile(file)).includes("cannot consume") || undefined,
          "the warning",
        );
      } finally {
        child.kill("SIGTERM");
        await bounded(child.status, "the server to end");
      }
      const lines = (await Deno.readTextFile(file)).trimEnd().split("\n");
      for (const line of lines) {
        const priority = /"level":"warning"| WARNING /.test(line) ? 4 : 6;
        assert.match(line, new RegExp(`^<${priority}>[{\\d]`));
      }
      assert.ok(lines.some((line) => line.startsWith("<4>")));
    });
  }
  // The variable is inherited by what writes elsewhere.
  await using ranger = await startRanger({
    args: ["--no-auth", "--amqp-url=amqp://127.0.0.1:1/"],
    env: { JOURNAL_STREAM: "8:12345" },
  });
  assert.match(ranger.stderr, /^\{"time"/);
});

Deno.test("a level leaves out what is below it", async () => {
  await using ranger = await startRanger({
    args: [
      "--no-auth",
      "--log-level=info",
      `--amqp-url=${broker.url}`,
      `--exchange=${randomExchange()}`,
    ],
    env: { LOG_LEVEL: "debug" },
  });
  await ranger.consuming();
  await using client = await connectClient(ranger.url("/public"));
  await client.next();
  await client.close();
  await ranger.stop();
  assert.equal(ranger.logged((line) => line.level === "debug"), 0);
  assert.ok(ranger.logged((line) => line.level === "info") > 0);
});

Deno.test("at the default level no message and no event leaves a line", async () => {
  await using exchange = await startExchange(broker, { args: ["--limits-message-rate=0"] });
  const { ranger } = exchange;
  const token = await exchange.key.token({ uid: "ID1" });
  const streams = ["order", "a.trades", "a.ob-inc"];
  await using client = await exchange.connect(
    `/private?${streams.map((stream) => `stream=${stream}`).join("&")}`,
    { token },
  );
  await exchange.publish("public.a.ob-snap", { asks: [], bids: [], sequence: 0 });
  await client.next();
  const before = ranger.logged(() => true);

  const asked: readonly unknown[] = [
    "ping",
    { event: "subscribe", streams: ["a.update"] },
    { event: "unsubscribe", streams: ["a.update"] },
    { jwt: `Bearer ${token}` },
  ];
  for (let n = 0; n < 1000; n++) await client.ask(asked[n % asked.length]);
  let sequence = 0;
  const publish: readonly ((n: number) => Promise<void>)[] = [
    (n) => exchange.publish("public.a.trades", { n }),
    (n) => exchange.publish("private.ID1.order", { n }),
    (n) => exchange.publish("private.nobody.order", { n }),
    () => exchange.publish("public.a.ob-inc", { asks: ["1", "1"], sequence: ++sequence }),
  ];
  for (let n = 0; n < 1000; n++) await publish[n % publish.length]!(n);
  await client.take(750);
  await exchange.assertOwedNothing(client);

  // Lines are written in order: this one would be behind any of what was before.
  ranger.signal("SIGHUP");
  await ranger.log(({ message }) => message.startsWith("read the settings"), "the next line");
  assert.equal(ranger.logged(() => true) - before, 1, ranger.stderr.slice(-2000));
});
