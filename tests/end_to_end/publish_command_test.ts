import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { fileURLToPath } from "node:url";
import { peatioRegistry } from "../../src/streams/peatio.ts";
import { parseRoutingKey } from "../../src/streams/routing_key.ts";
import { amqp, randomExchange } from "../../testing/amqp.ts";
import { bounded } from "../../testing/bounded.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { runRanger } from "../support/run_ranger.ts";

const { url } = await sharedBroker();

interface Received {
  readonly routingKey: string;
  readonly body: Uint8Array;
  readonly contentType: string | undefined;
}

/** Declares the exchange, and collects what is published to it. */
async function listen(exchange: string, declaration: { durable?: boolean } = {}) {
  const { client, channel } = await amqp(url);
  const received: Received[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  await channel.exchangeDeclare(exchange, "topic", { durable: false, ...declaration });
  const { name } = await channel.queueDeclare("", { exclusive: true, durable: false });
  await channel.queueBind(name, exchange, "#");
  await channel.basicConsume(name, { noAck: true }, ({ routingKey, body, properties }) => {
    assert.ok(body !== null);
    // The client reuses nothing of a body, but a copy is what a test can keep without a thought.
    received.push({ routingKey, body: body.slice(), contentType: properties.contentType });
    for (const { count, resolve } of waiting) if (received.length >= count) resolve();
  });
  return {
    /** The first `count` events; no more may have come by then. */
    async events(count: number): Promise<Received[]> {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push({ count, resolve });
      if (received.length >= count) resolve();
      await bounded(promise, () => `${count} events; ${received.length} came`);
      assert.equal(received.length, count);
      return received;
    },
    async [Symbol.asyncDispose]() {
      await channel.exchangeDelete(exchange);
      const gone = new Promise((resolve) => client.socket?.once("close", resolve));
      await client.close();
      await gone;
    },
  };
}

const to = (exchange: string) => ["--amqp-url", url, "--exchange", exchange];

/** `ranger publish KEY -`, fed with bytes. */
async function publishFrom(input: Uint8Array, args: readonly string[]) {
  const binary = Deno.env.get("RANGER_BIN");
  const main = fileURLToPath(new URL("../../main.ts", import.meta.url));
  const [program, start] = binary ? [binary, []] : [Deno.execPath(), ["run", "-A", main]];
  const child = new Deno.Command(program, {
    args: [...start, "publish", ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(input);
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  return { code, output: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

Deno.test("a body goes out exactly as it is given", async (t) => {
  const bodies = [
    '{"trades":[]}',
    ' { "price" : 1.10000000000000000001, "b":1,"a" :2,"a":3 }\t',
    '["\\u00e9", "é", "\\ud83d\\ude80", "🚀"]',
    '"text"',
    "1e999",
  ];
  const exchange = randomExchange();
  await using listener = await listen(exchange);
  for (const [index, body] of bodies.entries()) {
    await t.step(body, async () => {
      const done = await runRanger(["publish", "public.usdbtc.trades", body, ...to(exchange)]);
      assert.equal(done.code, 0, done.output);
      const last = (await listener.events(index + 1))[index];
      assert.equal(last?.routingKey, "public.usdbtc.trades");
      assert.equal(new TextDecoder().decode(last?.body), body);
      assert.equal(last?.contentType, "application/json");
    });
  }
  await t.step("from standard input, the last newline too, larger than a frame", async () => {
    const input = Buffer.from(`{"text": "${"x".repeat(300_000)}"}\n`);
    const done = await publishFrom(input, ["private.ID1.order", "-", ...to(exchange)]);
    assert.equal(done.code, 0, done.output);
    const last = (await listener.events(bodies.length + 1)).at(-1);
    assert.equal(last?.routingKey, "private.ID1.order");
    assert.ok(input.equals(last?.body ?? new Uint8Array()));
  });
});

Deno.test("a missing exchange is created as Peatio creates it, and a message without a queue is reported", async () => {
  const exchange = randomExchange();
  const done = await runRanger(["publish", "public.usdbtc.trades", "{}", ...to(exchange)]);
  assert.equal(done.code, 0, done.output);
  assert.match(done.stdout, /^public\.usdbtc\.trades .*no queue is bound/);
  // The broker refuses a declaration that differs in anything from what is there.
  await using listener = await listen(exchange);
  const again = await runRanger(["publish", "public.usdbtc.trades", "{}", ...to(exchange)]);
  assert.doesNotMatch(again.output, /no queue is bound/);
  await listener.events(1);
});

Deno.test("an exchange that was declared otherwise is used as it is", async () => {
  const exchange = randomExchange();
  await using listener = await listen(exchange, { durable: true });
  const done = await runRanger(["publish", "public.usdbtc.trades", "{}", ...to(exchange)]);
  assert.equal(done.code, 0, done.output);
  await listener.events(1);
});

Deno.test("--sample sends every kind of event, each as its stream is declared", async () => {
  const exchange = randomExchange();
  await using listener = await listen(exchange);
  const flags = ["--market", "usdeth", "--uid", "ID7"];
  const done = await runRanger(["publish", "--sample", ...flags, ...to(exchange)]);
  assert.equal(done.code, 0, done.output);
  const lines = done.stdout.trim().split("\n");
  const events = await listener.events(lines.length);
  const labels = new Set<string>();
  for (const [index, { routingKey, body }] of events.entries()) {
    assert.ok(lines[index]?.startsWith(`${routingKey}   ${body.length} bytes`));
    const route = parseRoutingKey(routingKey);
    assert.ok(route !== undefined && route.scope !== "prefixed", routingKey);
    if (route.scope === "private") assert.equal(route.uid, "ID7");
    else assert.ok(["usdeth", "global"].includes(route.id));
    const name = route.scope === "private" ? route.event : route.name;
    const kind = peatioRegistry.find(route.scope, name);
    assert.ok(kind !== undefined, `${name} is a registered stream`);
    const result = kind.payload.safeParse(JSON.parse(new TextDecoder().decode(body)));
    assert.ok(result.success, `${name}: ${result.error}`);
    labels.add(kind.label);
  }
  // What servers derive would take the place of what they derive.
  for (const { label, isDerived } of peatioRegistry.kinds) {
    assert.equal(labels.has(label), !isDerived, label);
  }

  const book = events.filter(({ routingKey }) => routingKey.includes(".ob-"))
    .map(({ routingKey, body }) =>
      `${routingKey.replace("public.usdeth.ob-", "")} ${new TextDecoder().decode(body)}`
    );
  assert.deepEqual(book, [
    'snap {"asks":[["1020.0","0.005"],["1026.0","0.03"]],' +
    '"bids":[["1000.0","0.25"],["999.0","0.001"]],"sequence":1}',
    'inc {"asks":["1020.0","0.004"],"sequence":2}',
    'inc {"bids":["998.0","0.3"],"sequence":3}',
    'snap {"asks":[["1020.0","0.004"],["1026.0","0.03"]],' +
    '"bids":[["1000.0","0.25"],["998.0","0.3"]],"sequence":3}',
    'inc {"bids":["999.0",""],"sequence":4}',
  ]);
});

Deno.test("what is wrong with the arguments is said before the broker is asked", async (t) => {
  // Nothing listens on port 1, so a connection to the broker would end with 69.
  const nowhere = ["--amqp-url", "amqp://127.0.0.1:1/"];
  const key = "public.usdbtc.trades";
  const cases: [string, string[], RegExp][] = [
    ["invalid JSON", [key, "{trades:[]}"], /the body given is not valid JSON in UTF-8/],
    ["an empty body", [key, ""], /the body given is empty/],
    ["an empty standard input", [key, "-"], /the body from standard input is empty/],
    ["two values", [key, "{} {}"], /not valid JSON/],
    ["one word", ["trades", "{}"], /does not deliver the routing key "trades"/],
    ["four words", ["public.a.b.c", "{}"], /does not deliver the routing key "public\.a\.b\.c"/],
    ["an empty word", ["public..trades", "{}"], /the routing key/],
    ["white space in a word", ["public.usd btc.trades", "{}"], /the routing key/],
    ["two words that are not public", ["private.order", "{}"], /the routing key/],
    ["too long a key", [`public.${"x".repeat(250)}.trades`, "{}"], /longer than 255 bytes/],
    ["no body", [key], /needs a JSON body after the routing key/],
    ["nothing", [], /needs a routing key and a JSON body, or --sample/],
    ["three arguments", [key, "{}", "{}"], /takes 2 arguments and no more/],
    ["samples with a key", ["--sample", key, "{}"], /--sample has its events already/],
    ["a market without samples", [key, "{}", "--market", "x"], /belong to --sample/],
    ["a market of two words", ["--sample", "--market", "a.b"], /--market is "a\.b"; .*one word/],
    ["an empty uid", ["--sample", "--uid", ""], /--uid is ""/],
  ];
  for (const [name, args, expected] of cases) {
    await t.step(name, async () => {
      const { code, stdout, stderr } = await runRanger(["publish", ...args, ...nowhere]);
      assert.equal(code, 78, stderr);
      assert.equal(stdout, "");
      assert.match(stderr, expected);
    });
  }
  await t.step("bytes that are no UTF-8", async () => {
    const { code, output } = await publishFrom(new Uint8Array([0x22, 0xff, 0x22]), [
      key,
      "-",
      ...nowhere,
    ]);
    assert.equal(code, 78);
    assert.match(output, /the body from standard input is not valid JSON in UTF-8/);
  });
});

Deno.test("a broker that is not there or lets nobody in ends with 69", async (t) => {
  const { port } = new URL(url);
  const stranger = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const answering = (async () => {
    for await (const connection of stranger) {
      // Looks like a frame of four gigabytes on channel 0xffff.
      await connection.write(new Uint8Array(4096).fill(0xff));
      connection.close();
    }
  })();
  const cases: [string, string, RegExp][] = [
    ["nobody there", "amqp://guest:hidden@127.0.0.1:1/", /nothing listens there/],
    ["a wrong password", `amqp://guest:hidden@127.0.0.1:${port}/`, /refused user or password/],
    ["no such virtual host", `${url}hidden-no-more`, /virtual host/],
    ["an unknown name", "amqp://guest:hidden@ranger.invalid/", /name cannot be resolved/],
    [
      "something that is not a broker",
      `amqp://guest:hidden@127.0.0.1:${stranger.addr.port}/`,
      /does not speak AMQP/,
    ],
  ];
  try {
    for (const [name, address, expected] of cases) {
      await t.step(name, async () => {
        const args = ["publish", "public.usdbtc.trades", "{}", "--amqp-url", address];
        const { code, stdout, stderr } = await runRanger(args);
        assert.equal(code, 69, stderr);
        assert.equal(stdout, "");
        assert.match(
          stderr,
          /^ranger: amqp\.url: cannot publish to peatio\.events\.ranger at amqp:/,
        );
        assert.match(stderr, expected);
        assert.ok(!stderr.includes(":hidden@"), stderr);
      });
    }
  } finally {
    stranger.close();
    await answering;
  }
});

Deno.test("a file for TLS that cannot be used is named with its setting and source", async () => {
  const args = ["publish", "public.usdbtc.trades", "{}", "--amqp-url", "amqps://127.0.0.1:1/"];
  const { code, output } = await runRanger(args, { RANGER_AMQP_CA: "/none/ca.pem" });
  assert.equal(code, 78);
  assert.match(
    output,
    /^ranger: amqp\.ca, from environment RANGER_AMQP_CA: the file \/none\/ca\.pem does not exist/,
  );
});
