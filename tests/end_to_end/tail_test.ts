import assert from "node:assert/strict";
import { eventJson, eventLine } from "../../src/cli/tail/event.ts";
import { freshWord, startExchange, step } from "../support/exchange.ts";
import { findExecutable } from "../../testing/executables.ts";
import { freePort } from "../../testing/ports.ts";
import { program, ROOT, runProgram } from "../../testing/program.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { startRanger } from "../../testing/ranger.ts";
import { runRanger, temporaryFolder } from "../support/run_ranger.ts";
import { Running } from "../support/running.ts";
import { makeKey } from "../../testing/tokens.ts";
import { until } from "../../testing/bounded.ts";

const broker = await sharedBroker();

Deno.test("tail follows streams in a terminal", async (t) => {
  await using exchange = await startExchange(broker);
  const url = exchange.ranger.url("/public");
  /** Publishes again and again, until somebody has seen it. */
  const publish = async (key: string, body: unknown, seen: () => unknown) => {
    await until(async () => {
      await exchange.publish(key, body);
      return seen() ? true : undefined;
    }, `${key} to be seen`);
  };

  await step(t, "a line an event, digits and order kept, until SIGINT", async () => {
    const market = freshWord();
    await using tail = new Running(["tail", `${market}.trades`, market, "--url", url]);
    const body = '{"trades":[{"price":"1.10","b":1.0,"a":1e400}]}';
    await publish(`public.${market}.trades`, body, () => tail.stdout.all.length > 0);
    const line = await tail.stdout.line(/trades/);
    assert.match(line.input, /^\d\d:\d\d:\d\d\.\d{3} {2}x\w+\.trades {2}\{/);
    assert.ok(line.input.endsWith(`${market}.trades  ${body}`), line.input);
    assert.equal((await tail.end("SIGINT")).code, 0);
    assert.deepEqual(tail.stderr.all, []);
  });

  await step(
    t,
    "--json: the message in one line each, answers left out; --count ends it",
    async () => {
      const market = freshWord();
      const args = ["tail", `${market}.a`, `${market}.b`, "--url", url, "--json", "--count", "3"];
      await using tail = new Running(args);
      await publish(`public.${market}.a`, '{"n":\n 1.0}', () => tail.stdout.all.length > 0);
      for (let n = 0; n < 5; n++) await exchange.publish(`public.${market}.b`, { n });
      assert.equal((await tail.end()).code, 0);
      assert.equal(tail.stdout.all.length, 3);
      assert.equal(tail.stdout.all[0], `{"${market}.a":{"n":  1.0}}`);
      for (const line of tail.stdout.all) JSON.parse(line);
    },
  );

  await step(t, "own events with a token, from a file as well; SIGTERM ends it, too", async () => {
    await using folder = await temporaryFolder();
    const token = await exchange.key.token({ uid: "ID7" });
    const file = await folder.write("token.jwt", `${token}\n`);
    for (const given of [token, `@${file}`]) {
      await using tail = new Running(["tail", "order", "--url", url, "--token", given, "--json"]);
      await publish("private.ID7.order", { id: 1 }, () => tail.stdout.all.length > 0);
      assert.equal(tail.stdout.all[0], '{"order":{"id":1}}');
      assert.equal((await tail.end("SIGTERM")).code, 0);
    }
  });

  await step(t, "--last: recent events first", async () => {
    const market = freshWord();
    for (const n of [1, 2, 3]) await exchange.publish(`public.${market}.trades`, { n });
    await exchange.settled();
    const args = ["tail", `${market}.trades`, "--url", url, "--json", "--last", "2"];
    await using tail = new Running([...args, "--count", "3"]);
    await tail.stdout.line(/"n":3/);
    await exchange.publish(`public.${market}.trades`, { n: 4 });
    assert.equal((await tail.end()).code, 0);
    const name = `${market}.trades`;
    assert.deepEqual(tail.stdout.all, [2, 3, 4].map((n) => `{"${name}":{"n":${n}}}`));
  });

  await step(t, "--resume: goes on where the last run ended, and says what it did", async () => {
    await using folder = await temporaryFolder();
    const uid = freshWord();
    const token = await exchange.key.token({ uid });
    for (
      const [key, stream] of [[`public.${uid}.trades`, `${uid}.trades`], [
        `private.${uid}.order`,
        "order",
      ]] as const
    ) {
      const file = `${folder.path}/${stream}`;
      const args = ["tail", stream, "--url", url, "--json", "--token", token, "--resume", file];
      const numbers = ({ stdout }: Running) =>
        stdout.all.map((line) => Number(/"n":(\d+)/.exec(line)![1]));
      let next = 0;
      {
        await using tail = new Running(args);
        await publish(key, { n: 0 }, () => tail.stdout.all.length > 0);
        await exchange.publish(key, { n: ++next });
        await tail.stdout.line(/"n":1/);
        assert.equal((await tail.end("SIGINT")).code, 0);
        assert.deepEqual(tail.stderr.all, []);
      }
      for (const [ending, flags] of [["SIGTERM", []], ["count", ["--count", "2"]]] as const) {
        await exchange.publish(key, { n: ++next });
        await exchange.publish(key, { n: ++next });
        await exchange.publish(key, { n: next + 1 });
        await exchange.settled();
        await using tail = new Running([...args, ...flags]);
        if (ending === "SIGTERM") await tail.stdout.line(new RegExp(`"n":${++next}`));
        assert.equal((await tail.end(ending === "SIGTERM" ? ending : undefined)).code, 0);
        const from = ending === "SIGTERM" ? next - 2 : next - 1;
        assert.deepEqual(
          numbers(tail),
          Array.from({ length: next - from + 1 }, (_, at) => from + at),
        );
        if (ending === "SIGTERM") {
          assert.deepEqual(tail.stderr.all, [`ranger: resumed from ${file}`]);
        }
      }
      await Deno.writeTextFile(file, "1-aaaaaaaaaaa");
      await using tail = new Running(args);
      await tail.stderr.line(
        new RegExp(`^ranger: cannot resume from .*: events of ${stream} may be missing$`),
      );
      await exchange.publish(key, { n: 1000 });
      await tail.stdout.line(/"n":1000/);
      // Written while it runs, too.
      const written = await until(async () => {
        const text = await Deno.readTextFile(file);
        return text.startsWith("1-aaaaaaaaaaa") ? undefined : text;
      }, "the position");
      assert.match(written, /^[\w-]{1,40}\n$/);
      assert.equal((await tail.end("SIGINT")).code, 0);
    }
  });

  await step(t, "a token that is refused: 77, whatever is followed", async () => {
    const wrong = await (await makeKey()).token();
    for (const stream of ["order", "global.tickers"]) {
      const { code, output } = await runRanger(["tail", stream, "--url", url, "--token", wrong]);
      assert.equal(code, 77, output);
      assert.match(output, /^ranger: .*refused the token \(Authentication failed\.\)/);
      assert.ok(!output.includes(wrong));
    }
  });

  await step(t, "a file's token that is refused is read again, for a while", async () => {
    await using folder = await temporaryFolder();
    const wrong = await (await makeKey()).token();
    const args = ["tail", "order", "--url", url, "--json", "--token"];
    const given = runRanger([...args, `@${await folder.write("never.jwt", wrong)}`]);
    await using tail = new Running([...args, `@${await folder.write("token.jwt", wrong)}`]);
    await tail.stderr.line(/refused the token .*reading .*token\.jwt again/);
    await folder.write("token.jwt", await exchange.key.token({ uid: "ID8" }));
    await publish("private.ID8.order", { id: 2 }, () => tail.stdout.all.length > 0);
    assert.equal(tail.stdout.all[0], '{"order":{"id":2}}');
    assert.equal((await tail.end("SIGINT")).code, 0);
    const refusals = tail.stderr.all.filter((line) => line.includes("refused the token"));
    assert.equal(refusals.length, 1, "said once");
    const { code, output } = await given;
    assert.equal(code, 77, output);
    assert.equal(output.match(/refused the token/g)?.length, 2, "at the first and at the last");
  });

  await step(t, "a refused stream is reported; without any other: 77", async () => {
    const token = await exchange.key.token({ role: "member" });
    const args = ["tail", "admin.btcusd.orders", "--url", url, "--token", token];
    const alone = await runRanger(args);
    assert.equal(alone.code, 77, alone.output);
    assert.match(alone.output, /refused "admin\.btcusd\.orders"/);
    const market = freshWord();
    await using tail = new Running([...args, `${market}.update`]);
    await publish(`public.${market}.update`, {}, () => tail.stdout.all.length > 0);
    await tail.stderr.line(/refused "admin\.btcusd\.orders"/);
    assert.equal((await tail.end("SIGINT")).code, 0);
  });

  await step(t, "--for ends it after its time", async () => {
    const { code, output } = await runRanger(["tail", "x.y", "--url", url, "--for", "1s"]);
    assert.equal(code, 0, output);
    assert.equal(output, "");
  });

  await step(t, "| head -1 ends it, without an error", async () => {
    const market = freshWord();
    const command = [...program(), "tail", `${market}.update`, "--json", "--url", url];
    const script = 'set -o pipefail; "$@" | head -1';
    let done = false;
    const piped = runProgram(["bash"], ["-c", script, "bash", ...command])
      .finally(() => done = true);
    await publish(`public.${market}.update`, { n: 1 }, () => done);
    const { code, stdout, stderr } = await piped;
    assert.equal(code, 0, stderr);
    assert.equal(stdout, `{"${market}.update":{"n":1}}\n`);
    assert.equal(stderr, "");
  });

  await step(t, "--book: without a terminal, a line at each change", async () => {
    const market = freshWord();
    const asks = [["11.0", "2.50"], ["12.0", "0.25"]];
    await exchange.publish(`public.${market}.ob-snap`, {
      asks,
      bids: [["10.0", "1"]],
      sequence: 1,
    });
    await exchange.settled();
    await using plain = new Running(["tail", "--book", market, "--url", url]);
    await using json = new Running(["tail", "--book", market, "--url", url, "--json", "--depth=1"]);
    await plain.stdout.line(/sequence 1 /);
    await json.stdout.line(/"sequence":1,/);
    await exchange.publish(`public.${market}.ob-inc`, { asks: ["11.0", ""], sequence: 2 });
    assert.equal(
      (await plain.stdout.line(/sequence 2 /)).input,
      `${market}  live  sequence 2  bid 10.0 × 1  ask 12.0 × 0.25  spread 2.0`,
    );
    assert.deepEqual(JSON.parse((await json.stdout.line(/"sequence":2,/)).input), {
      ...{ market, live: true, sequence: 2, spread: "2.0" },
      asks: [{ price: "12.0", amount: "0.25", total: "0.25" }],
      bids: [{ price: "10.0", amount: "1", total: "1" }],
    });
    assert.equal((await plain.end("SIGINT")).code, 0);
    assert.equal((await json.end("SIGINT")).code, 0);
  });

  await step(t, "removals are printed as they were published", async () => {
    const market = freshWord();
    const [key, name] = [`public.${market}.ob-inc`, `${market}.ob-inc`];
    await exchange.publish(`public.${market}.ob-snap`, { asks: [["15.0", "22.1"]], sequence: 1 });
    await exchange.settled();
    await using plain = new Running(["tail", name, "--url", url]);
    await using json = new Running(["tail", name, "--url", url, "--json"]);
    await Promise.all([plain.stdout.line(/ob-snap/), json.stdout.line(/ob-snap/)]);
    const bodies = [
      '{"asks":["15.0",""],"sequence":2}',
      '{"bids":[["14.0",null],["13.0","2.0"]],"sequence":3}',
    ];
    for (const [at, body] of bodies.entries()) {
      await exchange.publish(key, body);
      const number = new RegExp(`"sequence":${at + 2}\\b`);
      assert.ok((await plain.stdout.line(number)).input.endsWith(`  ${name}  ${body}`));
      assert.equal((await json.stdout.line(number)).input, `{"${name}":${body}}`);
    }
  });

  await step(t, "--book: a book that cannot be read is said once, and comes back", async () => {
    const market = freshWord();
    const asks = [["11.0", "2.50", "3"]];
    await exchange.publish(`public.${market}.ob-snap`, { asks, bids: [], sequence: 1 });
    await exchange.settled();
    await using book = new Running(["tail", "--book", market, "--url", url]);
    await book.stderr.line(new RegExp(`^ranger: The order book of ${market} could not be read`));
    await exchange.publish(`public.${market}.ob-snap`, { asks: [], bids: [], sequence: 2 });
    await book.stdout.line(/ live {2}sequence 2 /);
    assert.equal((await book.end("SIGINT")).code, 0);
    assert.equal(book.stderr.all.filter((line) => line.includes("could not be read")).length, 1);
  });

  await step(t, "--book: says what it waits for, and which books there are", async () => {
    const market = freshWord();
    await exchange.publish(`public.${market}.ob-snap`, { asks: [], bids: [], sequence: 1 });
    const mistyped = `${market.slice(0, -1)}-`;
    await using book = new Running(["tail", "--book", mistyped, "--url", url]);
    const { input } = await book.stderr.line(/^ranger: no snapshot of /);
    assert.match(input, /'s order book within 5 s; still waiting\. Does the market exist\?/);
    assert.match(input, /The server has order books of /);
    assert.ok(input.endsWith(`; did you mean ${market}?`), input);
    assert.deepEqual(book.stdout.all, []);
    assert.equal((await book.end("SIGINT")).code, 0);
    assert.equal(book.stderr.all.length, 1);
  });

  await step(t, "says of which streams no event came, and which there are", async () => {
    const market = freshWord();
    const [quiet, mistyped] = [`${market}.trades`, `${market}.trade`];
    const other = `${freshWord()}.trades`;
    for (const name of [quiet, other]) await exchange.publish(`public.${name}`, { trades: [] });
    await exchange.settled();
    // Of two that exist, one has an event: nothing is to be said.
    await using calm = new Running(["tail", quiet, other, "--url", url]);
    await publish(`public.${quiet}`, { trades: [] }, () => calm.stdout.all.length > 0);
    await using wrong = new Running(["tail", mistyped, quiet, "--url", url]);
    await using right = new Running(["tail", quiet, "--url", url]);
    await using busy = new Running(["tail", quiet, mistyped, "--last", "1", "--url", url]);
    const waiting = (name: string) => `ranger: no event of ${name} within 5 s; still waiting`;
    const hint = `. Does the stream exist? The server has had events of ${quiet}; ` +
      `did you mean ${quiet}?`;
    assert.equal((await wrong.stderr.line(/no event/)).input, waiting(mistyped) + hint);
    assert.equal(
      (await right.stderr.line(/no event/)).input,
      `${waiting(quiet)} for the next one`,
    );
    assert.equal((await busy.stderr.line(/no event/)).input, waiting(mistyped) + hint);
    for (const tail of [wrong, right, busy]) {
      assert.equal((await tail.end("SIGINT")).code, 0);
      assert.equal(tail.stderr.all.length, 1);
    }
    assert.deepEqual(wrong.stdout.all, []);
    assert.equal((await calm.end("SIGINT")).code, 0);
    assert.deepEqual(calm.stderr.all, []);
  });

  await step(t, "--book: a ladder says it only as long as it is so", async () => {
    const pty = findExecutable("script", ["/usr/bin", "/bin"]);
    if (pty === undefined) return;
    const market = freshWord();
    const asks = [["11.0", "2.50", "3"]];
    await exchange.publish(`public.${market}.ob-snap`, { asks, bids: [], sequence: 1 });
    await exchange.settled();
    const command = [...program(), "tail", "--book", market, "--url", url, "--count", "1"];
    const quoted = command.map((word) => `'${word}'`).join(" ");
    await using ladder = new Running(["-qec", quoted, "/dev/null"], [pty]);
    await ladder.stdout.line(/could not be read/);
    await exchange.publish(`public.${market}.ob-snap`, { asks: [], bids: [], sequence: 2 });
    assert.equal((await ladder.end()).code, 0);
    const last = ladder.stdout.all.join("\n").split("\x1b[H").at(-1)!;
    assert.match(last, new RegExp(`^${market}  live  sequence 2`));
  });

  await step(
    t,
    "--book: a ladder that redraws in a terminal, and leaves it as it was",
    async () => {
      const pty = findExecutable("script", ["/usr/bin", "/bin"]);
      if (pty === undefined) return;
      const market = freshWord();
      const asks = [["11.0", "2.50"], ["12.0", "0.25"]];
      await exchange.publish(`public.${market}.ob-snap`, {
        asks,
        bids: [["10.0", "1"]],
        sequence: 1,
      });
      await exchange.settled();
      const command = [...program(), "tail", "--book", market, "--url", url, "--count", "2"];
      const quoted = command.map((word) => `'${word}'`).join(" ");
      await using ladder = new Running(["-qec", quoted, "/dev/null"], [pty]);
      await ladder.stdout.line(/12\.0 +0\.25 +2\.75/);
      await exchange.publish(`public.${market}.ob-inc`, { bids: ["10.5", "3"], sequence: 2 });
      assert.equal((await ladder.end()).code, 0);
      const screens = ladder.stdout.all.join("\n").split("\x1b[H");
      assert.ok(screens[0]!.includes("\x1b[?1049h\x1b[?25l"), "the second screen, no cursor");
      const [last, left] = screens.at(-1)!.split("\x1b[?25h\x1b[?1049l");
      assert.match(last!, /sequence 2 {2}spread 0\.5/);
      // Asks above, best at the bottom; bids below, best on top; and so it stays on the first screen.
      for (const picture of [last!, left!]) {
        // deno-lint-ignore no-control-regex
        const prices = [...picture.matchAll(/^(?:\x1b\[\d+m)? *(\d+\.\d) {2}/gm)].map(([, one]) =>
          one
        );
        assert.deepEqual(prices, ["12.0", "11.0", "10.5", "10.0"], picture);
      }
    },
  );
});

Deno.test("tail comes back when the server does, and tells of it on standard error", async () => {
  const port = freePort();
  const start = () => startRanger({ command: "demo", args: ["--port", String(port), "--quiet"] });
  await using first = await start();
  const url = first.url("/public");
  await using tail = new Running(["tail", "btcusd.ob-inc", "--url", url, "--json"]);
  await using book = new Running(["tail", "--book", "btcusd", "--url", url]);
  await Promise.all([tail.stdout.line(/ob-snap/), book.stdout.line(/live/)]);
  await first.stop();
  await Promise.all([tail.stderr.line(/trying again/), book.stderr.line(/trying again/)]);
  await book.stdout.line(/stale/);
  const [had, hadLines] = [tail.stdout.all.length, book.stdout.all.length];
  await using _second = await start();
  await tail.stderr.line(/^ranger: connected to ws:\/\/127\.0\.0\.1:\d+\/public again$/);
  await tail.stdout.line(/ob-snap/, had);
  await book.stdout.line(/live/, hadLines);
  assert.equal((await tail.end("SIGINT")).code, 0);
  assert.equal((await book.end("SIGINT")).code, 0);
});

Deno.test("a server that is not there, or does not answer: 69 within the time", async () => {
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  for (const port of [freePort(), silent.addr.port]) {
    const url = `ws://user:secret@127.0.0.1:${port}/public?stream=x`;
    const { code, output } = await runRanger(["tail", "x.y", "--url", url, "--timeout", "1s"]);
    assert.equal(code, 69, output);
    assert.match(output, /^ranger: cannot connect to ws:\/\/127\.0\.0\.1:\d+\/public within 1 s: /);
    assert.ok(!output.includes("secret"));
  }
});

Deno.test("what cannot be meant is refused before anything is connected: 78", async () => {
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /an argument is missing/],
    [["x.y", "--url", "nowhere"], /--url is not the URL of a WebSocket server; expected ws:/],
    [["order"], /private streams need a token: --token/],
    [["a b"], /Invalid stream name/],
    [["x.y", "--count", "0"], /--count is "0"; expected a whole number/],
    [["x.y", "--last", "1001"], /--last is "1001"; expected a whole number from 1 to 1000/],
    [["x.y", "--resume", "/nowhere/file"], /--resume: \/nowhere\/file cannot be written/],
    [["x.y", "--resume", `${ROOT}README.md`], /--resume: .*README\.md has no cursor in it/],
    [["--book", "btcusd", "--last", "5"], /--last and --resume are for streams/],
    [["x.y", "--for", "soon"], /--for is "soon"; expected seconds/],
    [["x.y", "--token", "@/nowhere/token"], /--token: \/nowhere\/token cannot be read/],
    [["x.y", "--token="], /--token is empty/],
    [["--book", "btcusd", "ethusd"], /--book shows one market/],
    [["--book", "btcusd", "--depth", "many"], /--depth is "many"/],
  ];
  await Promise.all(wrong.map(async ([args, message]) => {
    const { code, output } = await runRanger(["tail", ...args]);
    assert.equal(code, 78, `${args}: ${output}`);
    assert.match(output, message);
  }));
});

Deno.test("what is published cannot give orders to a terminal", () => {
  const text = '{"a.b":{"x":"\u009b2J\u007f","y":"\\u001b[2J"}}';
  assert.equal(eventJson(text), '{"a.b":{"x":"\\u009b2J\\u007f","y":"\\u001b[2J"}}');
  assert.deepEqual(JSON.parse(eventJson(text)!), JSON.parse(text));
  assert.match(eventLine(text, new Date())!, / {2}a\.b {2}\{"x":"\\u009b2J/);
  assert.equal(eventJson('{"success":{"message":"subscribed","streams":[]}}'), undefined);
  assert.equal(eventJson("pong"), undefined);
});

const BIDIRECTIONAL = [
  ..."\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
];

Deno.test("what is published cannot turn the direction of what is shown", async () => {
  const others = ["\u0000", "\u0007", "\u0085", "\u2028", "\u2029", "\ufeff", "\u{e0001}"];
  for (const character of [...BIDIRECTIONAL, ...others]) {
    const text = `{"a.b":{"x":"1${character}2"}}`;
    const json = eventJson(text)!;
    assert.ok(!json.includes(character) && !eventLine(text, new Date())!.includes(character));
    assert.match(json, /^\{"a\.b":\{"x":"1(\\u[0-9a-f]{4}){1,2}2"\}\}$/);
    assert.equal(JSON.parse(json)["a.b"].x, `1${character}2`);
  }
  await using exchange = await startExchange(broker, { auth: false });
  const url = exchange.ranger.url("/public");
  const market = freshWord();
  const payload = { price: `1${BIDIRECTIONAL.join("")}2`, word: "ü→é" };
  for (const flags of [[], ["--json"]]) {
    await using tail = new Running(["tail", `${market}.trades`, "--url", url, ...flags]);
    await until(async () => {
      await exchange.publish(`public.${market}.trades`, payload);
      return tail.stdout.all.length > 0 || undefined;
    }, "a trade to be seen");
    const [line = ""] = tail.stdout.all;
    for (const character of BIDIRECTIONAL) assert.ok(!line.includes(character), line);
    assert.ok(line.includes('"1\\u061c\\u200e') && line.includes("ü→é"), line);
    assert.equal((await tail.end("SIGINT")).code, 0);
  }
});

Deno.test("tail needs no permission but to connect, and run's own to see the environment", async () => {
  await using demo = await startRanger({ command: "demo", args: ["--quiet"] });
  const { code, stdout, stderr } = await runProgram(
    [Deno.execPath(), "run", "--quiet", "--no-prompt", "--allow-net", "--allow-env"],
    [
      `--config=${ROOT}deno.json`,
      `${ROOT}main.ts`,
      ...["tail", "btcusd.trades", "--count", "1", "--url", demo.url("/public")],
    ],
  );
  assert.equal(code, 0, stderr);
  assert.match(stdout, /btcusd\.trades/);
});
