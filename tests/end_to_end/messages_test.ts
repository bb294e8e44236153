import assert from "node:assert/strict";
import { parseMessage } from "../../src/session/messages.ts";
import { joined } from "../support/bytes.ts";
import {
  AUTHENTICATED,
  AUTHENTICATION_FAILED,
  freshName,
  freshWord,
  MESSAGE_ERROR,
  startExchange,
  step,
  subscribed,
  TOKEN_TYPE_INVALID,
  unsubscribed,
} from "../support/exchange.ts";
import { encodeFrame, Opcode, RawClient } from "../../testing/raw_client.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";

const broker = await sharedBroker();

/** Messages that are answered with an error and nothing else. */
const BAD = [
  "hello",
  "Ping",
  " Ping",
  "\ufeffping",
  " \ufeff ping",
  "x ping",
  "{",
  '{"event":"subscribe","streams":["a.b"]',
  "null",
  "true",
  "1",
  '"ping"',
  '["subscribe"]',
  "{}",
  '{"streams":["a.b"]}',
  '{"event":"publish","streams":["a.b"]}',
  '{"event":"Subscribe","streams":["a.b"]}',
  '{"event":"auth"}',
  '{"event":null,"streams":["a.b"]}',
  '{"event":["subscribe"],"streams":["a.b"]}',
  '{"event":"subscribe"}',
  '{"event":"subscribe","streams":null}',
  '{"event":"subscribe","streams":"a.b"}',
  '{"event":"subscribe","streams":{"0":"a.b"}}',
  '{"event":"subscribe","streams":["a.b",1]}',
  '{"event":"subscribe","streams":["a.b",["c.d"]]}',
  '{"event":"unsubscribe","streams":[null]}',
  "\u0000",
];

Deno.test("a message is read for what it asks", async (t) => {
  const streams = ["a.b", "c"];
  const token = { token: "x.y.z" };
  const request = { kind: "request", jwt: undefined, event: undefined, id: undefined };
  const invalid = (reason: string) => ({ kind: "invalid", reason });
  const rows: [text: string, expected: unknown][] = [
    ["ping", { kind: "ping" }],
    ["ping 1", { kind: "ping" }],
    ["pingpong", { kind: "ping" }],
    [" ping", { kind: "ping" }],
    ["\r\n\tping\n", { kind: "ping" }],
    ["\u00a0\u2003\v\fping", { kind: "ping" }],
    [" ".repeat(40) + "ping", { kind: "ping" }],
    ["\ufeffping", invalid("the message is not a JSON object")],
    [" pong", invalid("the message is not a JSON object")],
    ["[]", invalid("the message is not a JSON object")],
    ["", { kind: "nothing" }],
    [" \t\r\n", { kind: "nothing" }],
    ['{"jwt":"Bearer x.y.z"}', { ...request, jwt: token }],
    [' {"jwt":"Bearer   x.y.z  "}\n', { ...request, jwt: token }],
    ['{"event":"auth","jwt":"Bearer x.y.z"}', { ...request, jwt: token }],
    ['{"jwt":"x.y.z"}', { ...request, jwt: "invalid" }],
    ['{"jwt":"Bearer "}', { ...request, jwt: "invalid" }],
    ['{"event":"auth","jwt":null}', { ...request, jwt: "invalid" }],
    [
      '{"event":"subscribe","streams":["a.b","c"]}',
      { ...request, event: { kind: "subscribe", streams } },
    ],
    [
      '{"event":"subscribe","streams":["a.b","c"],"cursor":"1z-k3j9x0q1z7d","last":50}',
      { ...request, event: { kind: "subscribe", streams, cursor: "1z-k3j9x0q1z7d", last: 50 } },
    ],
    [
      '{"event":"subscribe","streams":["a.b","c"],"cursor":7,"last":"50"}',
      { ...request, event: { kind: "subscribe", streams } },
    ],
    [
      '{"event":"subscribe","streams":["a.b","c"],"last":9999}',
      { ...request, event: { kind: "subscribe", streams, last: 1000 } },
    ],
    [
      '{"event":"unsubscribe","streams":["a.b","","c"],"id":7}',
      { ...request, event: { kind: "unsubscribe", streams }, id: "7" },
    ],
    [
      '{"event":"subscribe","streams":["a.b","c"],"jwt":"Bearer x.y.z"}',
      { ...request, jwt: token, event: { kind: "subscribe", streams } },
    ],
    ['{"event":"x","jwt":"Bearer x.y.z"}', {
      ...request,
      jwt: token,
      event: invalid('unknown event "x"'),
    }],
    ['{"event":"subscribe","streams":[1]}', {
      ...request,
      event: invalid("streams is not an array of texts"),
    }],
    ['{"event":"list"}', { ...request, event: { kind: "list" } }],
    [
      '{"__proto__":{"jwt":"Bearer x.y.z"}}',
      { ...invalid("the message has neither event nor jwt"), id: undefined },
    ],
  ];
  for (const [text, expected] of rows) {
    await t.step(JSON.stringify(text), () => assert.deepEqual(parseMessage(text), expected));
  }
});

Deno.test("messages and their answers", async (t) => {
  await using exchange = await startExchange(broker, { args: ["--limits-message-rate=0"] });

  await step(t, "ping is answered pong, whatever follows the word", async () => {
    await using client = await exchange.connect("/public");
    for (
      const ping of [
        "ping",
        " ping",
        "\n\t ping",
        "ping\n",
        "ping 42",
        "pingpong",
        'ping{"event":"x"}',
      ]
    ) {
      assert.equal(await client.ask(ping), "pong");
    }
  });

  await step(t, "an empty message and one of white space are not answered", async () => {
    await using client = await exchange.connect("/public");
    for (const blank of ["", " ", "\n", " \t\r\n "]) await client.send(blank);
    assert.equal(await client.ask("ping"), "pong");
  });

  await step(t, "every stream held is listed, in the order subscribed, each once", async () => {
    await using client = await exchange.connect("/public?stream=b.b&stream=a.a", {
      holds: ["b.b", "a.a"],
    });
    const rows: [message: unknown, answer: string][] = [
      [{ event: "subscribe", streams: ["c.c", "a"] }, subscribed("b.b", "a.a", "c.c", "a")],
      [{ event: "subscribe", streams: ["a.a"] }, subscribed("b.b", "a.a", "c.c", "a")],
      [{ event: "subscribe", streams: [] }, subscribed("b.b", "a.a", "c.c", "a")],
      [{ event: "subscribe", streams: ["", "d", "d"] }, subscribed("b.b", "a.a", "c.c", "a", "d")],
      [{ event: "unsubscribe", streams: ["a.a", "no.such"] }, unsubscribed("b.b", "c.c", "a", "d")],
      [{ event: "unsubscribe", streams: [] }, unsubscribed("b.b", "c.c", "a", "d")],
      [{ event: "subscribe", streams: ["a.a"] }, subscribed("b.b", "c.c", "a", "d", "a.a")],
      [{ event: "unsubscribe", streams: ["a", "d", "c.c", "b.b", "a.a"] }, unsubscribed()],
      [{ event: "subscribe", streams: ['ü"quoted"'] }, subscribed('ü"quoted"')],
    ];
    for (const [message, answer] of rows) assert.equal(await client.ask(message), answer);
  });

  await step(t, "what is subscribed comes, and what is unsubscribed does not", async () => {
    const [kept, dropped] = [freshName("trades"), freshName("trades")];
    await using client = await exchange.connect("/public");
    await client.ask({ event: "subscribe", streams: [kept, dropped] });
    await exchange.publish(`public.${dropped}`, 1);
    assert.equal(await client.next(), `{"${dropped}":1}`);
    assert.equal(
      await client.ask({ event: "unsubscribe", streams: [dropped] }),
      unsubscribed(kept),
    );
    await exchange.publish(`public.${dropped}`, 2);
    await exchange.publish(`public.${kept}`, 3);
    assert.equal(await client.next(), `{"${kept}":3}`);
    await exchange.assertOwedNothing(client);
  });

  await step(t, "the word before the dot unsubscribes a market that was held whole", async () => {
    const market = freshWord();
    await using client = await exchange.connect(`/public?stream=${market}`);
    await exchange.publish(`public.${market}.trades`, 1);
    assert.equal(await client.next(), `{"${market}.trades":1}`);
    assert.equal(await client.ask({ event: "unsubscribe", streams: [market] }), unsubscribed());
    await exchange.publish(`public.${market}.trades`, 2);
    await exchange.assertOwedNothing(client);
  });

  await step(t, "what cannot be done is answered with an error, and changes nothing", async () => {
    await using client = await exchange.connect("/public?stream=kept.trades");
    for (const message of BAD) {
      assert.equal(await client.ask(message), MESSAGE_ERROR, message);
    }
    assert.equal(
      await client.ask({ event: "subscribe", streams: [] }),
      subscribed("kept.trades"),
    );
  });

  await step(t, "a binary message is read as the text that it is", async () => {
    const market = freshWord();
    await using client = await exchange.connect("/public");
    const ask = async (payload: string | Uint8Array) => {
      await client.raw.send({ opcode: Opcode.binary, payload });
      return await client.next();
    };
    assert.equal(await ask("ping"), "pong");
    assert.equal(await ask(" \nping 1"), "pong");
    const subscribe = (...streams: string[]) => JSON.stringify({ event: "subscribe", streams });
    assert.equal(await ask(subscribe(`${market}.ž🚀`)), subscribed(`${market}.ž🚀`));
    await exchange.publish(`public.${market}.ž🚀`, { n: 1 });
    assert.equal(await client.next(), `{"${market}.ž🚀":{"n":1}}`);
    const jwt = `Bearer ${await exchange.key.token({ uid: freshWord() })}`;
    assert.equal(await ask(JSON.stringify({ jwt })), AUTHENTICATED);
    assert.equal(await ask(JSON.stringify({ jwt: "x" })), TOKEN_TYPE_INVALID);
    for (const message of BAD) assert.equal(await ask(message), MESSAGE_ERROR, message);
    for (const blank of ["", " ", "\n"]) {
      await client.raw.send({ opcode: Opcode.binary, payload: blank });
    }
    assert.equal(await client.ask("ping"), "pong", "blank ones are not answered");
  });

  await step(t, "a binary message that is not UTF-8 is an error, and closes nothing", async () => {
    await using client = await exchange.connect("/public?stream=kept.trades");
    const good = new TextEncoder().encode('{"event":"subscribe","streams":["x.y"]}');
    const wrong = [
      [0xff],
      [0xc0, 0x80],
      [0xed, 0xa0, 0x80],
      [0xf4, 0x90, 0x80, 0x80],
      [...good, 0xe2, 0x82],
      [0x70, 0x69, 0x6e, 0x67, 0xff],
      [0x1f, 0x8b, 0x08, 0x00],
    ];
    for (const bytes of wrong) {
      await client.raw.send({ opcode: Opcode.binary, payload: new Uint8Array(bytes) });
      assert.equal(await client.next(), MESSAGE_ERROR, bytes.join(" "));
    }
    assert.equal(
      await client.ask({ event: "subscribe", streams: [] }),
      subscribed("kept.trades"),
    );
  });

  await step(t, "a token and an event in one message: the token first", async () => {
    const uid = freshWord();
    const jwt = `Bearer ${await exchange.key.token({ uid })}`;
    await using client = await exchange.connect("/public");
    await client.send({ event: "subscribe", streams: ["order"], jwt });
    assert.deepEqual(await client.take(2), [AUTHENTICATED, subscribed("order")]);
    await client.send({ event: "unsubscribe", streams: ["order"], jwt: "Bearer wrong" });
    assert.deepEqual(await client.take(2), [AUTHENTICATION_FAILED, unsubscribed()]);
    await client.send({ event: "subscribe", streams: ["trade"], jwt: 7 });
    assert.deepEqual(await client.take(2), [TOKEN_TYPE_INVALID, subscribed("trade")]);
    await client.send({ event: "nonsense", jwt });
    assert.deepEqual(await client.take(2), [AUTHENTICATED, MESSAGE_ERROR]);
    await client.send({ event: "auth", jwt });
    assert.equal(await client.next(), AUTHENTICATED);
    await client.send({ event: "auth", jwt: "wrong" });
    assert.equal(await client.next(), TOKEN_TYPE_INVALID);
    await exchange.assertOwedNothing(client);
  });

  await step(t, "messages in one segment are answered in order while tokens verify", async () => {
    const jwt = `Bearer ${await exchange.key.token({ uid: freshWord() })}`;
    await using client = await exchange.connect("/public");
    const rows: [message: string | undefined, answers: string[]][] = [
      ["ping", ["pong"]],
      [JSON.stringify({ jwt }), [AUTHENTICATED]],
      ["ping", ["pong"]],
      ['{"event":"subscribe","streams":["one.trades"]}', [subscribed("one.trades")]],
      [JSON.stringify({ jwt: "Bearer wrong" }), [AUTHENTICATION_FAILED]],
      ["", []],
      ["nonsense", [MESSAGE_ERROR]],
      [
        JSON.stringify({ jwt, event: "subscribe", streams: ["order"] }),
        [AUTHENTICATED, subscribed("one.trades", "order")],
      ],
      [undefined, ["pong"]],
      ['{"jwt":""}', [TOKEN_TYPE_INVALID]],
      ['{"event":"unsubscribe","streams":["one.trades"]}', [unsubscribed("order")]],
      ["ping", ["pong"]],
    ];
    const frames = rows.map(([message]) =>
      message === undefined
        ? encodeFrame({ opcode: Opcode.binary, payload: "ping" })
        : encodeFrame({ opcode: Opcode.text, payload: message })
    );
    const expected = rows.flatMap(([, answers]) => answers);
    for (let round = 0; round < 5; round++) {
      await client.raw.write(joined(...frames));
      assert.deepEqual(await client.take(expected.length), expected);
      assert.equal(await client.ask({ event: "unsubscribe", streams: ["order"] }), unsubscribed());
    }
  });

  await step(t, "messages that come with the handshake are answered after its answer", async () => {
    using client = await RawClient.connect(exchange.ranger.port);
    const request =
      "GET /public?stream=a.b HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n" +
      "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    const ping = encodeFrame({ opcode: Opcode.text, payload: "ping" });
    await client.write(joined(new TextEncoder().encode(request), ping, ping));
    assert.equal((await client.response()).status, 101);
    for (const answer of [subscribed("a.b"), "pong", "pong"]) {
      assert.equal(new TextDecoder().decode((await client.frame()).payload), answer);
    }
  });

  await step(t, "a stream that is named twice is answered once", async () => {
    await using client = await exchange.connect("/public");
    await client.send({ event: "subscribe", streams: ["a.b.c", "d", "a.b.c", "d"] });
    assert.deepEqual(await client.take(2), [
      '{"success":{"message":"cannot subscribe to a.b.c"}}',
      subscribed("d"),
    ]);
    assert.equal(await client.ask({ event: "unsubscribe", streams: ["d", "d"] }), unsubscribed());
    assert.equal(await client.ask("ping"), "pong");
  });

  await step(t, "a client that leaves while its token verifies leaves nothing behind", async () => {
    const before = (await exchange.stats()).hub;
    const jwt = `Bearer ${await exchange.key.token({ uid: freshWord() })}`;
    const client = await exchange.connect("/public");
    const request = { jwt, event: "subscribe", streams: [freshName("trades"), freshWord()] };
    await client.raw.write(
      joined(
        encodeFrame({ opcode: Opcode.text, payload: JSON.stringify(request) }),
        encodeFrame({ opcode: Opcode.close }),
      ),
    );
    assert.equal(await client.raw.ended(), "end");
    client.raw.close();
    await exchange.settled();
    const { streams, users } = (await exchange.stats()).hub;
    assert.deepEqual({ streams, users }, { streams: before.streams, users: before.users });
  });
});

Deno.test("a message's id is in every answer to it, and errors say why", async (t) => {
  await using exchange = await startExchange(broker, { args: ["--limits-streams=2"] });
  await using client = await exchange.connect("/public");
  const error = (message: string, reason: string, id: string) =>
    `{"error":{"message":"${message}","reason":${JSON.stringify(reason)}},"id":${id}}`;
  const rows: [message: string, ...answers: string[]][] = [
    [
      '{"event":"subscribe","streams":["a.b"],"id":7}',
      '{"success":{"message":"subscribed","streams":["a.b"]},"id":7}',
    ],
    [
      '{"id":"x1","event":"unsubscribe","streams":["a.b"]}',
      '{"success":{"message":"unsubscribed","streams":[]},"id":"x1"}',
    ],
    [
      '{"event":"subscribe","streams":["admin.a.b","c.d","e.f"],"id":8}',
      '{"success":{"message":"cannot subscribe to admin.a.b"},"id":8}',
      error("Too many streams.", "the limit is 2 streams", "8"),
      '{"success":{"message":"subscribed","streams":["c.d"]},"id":8}',
    ],
    [
      '{"event":"publish","id":9}',
      error("Error while handling message.", 'unknown event "publish"', "9"),
    ],
    [
      '{"jwt":"Bearer nonsense","event":"list","id":10}',
      error("Authentication failed.", "the token does not verify", "10"),
      '{"success":{"message":"available","streams":[]},"id":10}',
    ],
    [
      '{"jwt":7,"id":11}',
      error(
        "Token type is not provided or invalid.",
        "jwt is not a text of the form Bearer <token>",
        "11",
      ),
    ],
    ['{"event":"publish"}', MESSAGE_ERROR],
    ['{"event":"publish","id":{}}', MESSAGE_ERROR],
  ];
  for (const [message, ...answers] of rows) {
    await step(t, message, async () => {
      await client.send(message);
      for (const answer of answers) assert.equal(await client.next(), answer);
    });
  }
  await step(t, "a token that has expired is said to have expired", async () => {
    const token = await exchange.key.token({ exp: 1_588_000_798 });
    await client.send(JSON.stringify({ jwt: `Bearer ${token}`, id: 12 }));
    assert.match(await client.next(), /"reason":"[^"]*exp[^"]*"\},"id":12\}$/);
  });
});

Deno.test("the streams of which events came in are listed, by message and by HTTP", async (t) => {
  await using exchange = await startExchange(broker);
  await using client = await exchange.connect("/public");
  const market = freshWord();
  const key = `public.${market}.trades`;
  await client.send(`{"event":"subscribe","streams":["${market}.trades"]}`);
  assert.equal(await client.next(), subscribed(`${market}.trades`));
  await exchange.publish(`private.ID1.order`, "{}");
  await exchange.publish(`admin.${market}.orders`, "{}");
  await exchange.publish(`public.${market}.ob-inc`, "{}");
  await exchange.publish(key, '{"trades":[]}');
  assert.equal(await client.next(), `{"${market}.trades":{"trades":[]}}`);
  const streams = [`${market}.ob-inc`, `${market}.trades`];
  await step(t, "by message", async () => {
    await client.send('{"event":"list","id":1}');
    assert.equal(
      await client.next(),
      JSON.stringify({ success: { message: "available", streams }, id: 1 }),
    );
  });
  await step(t, "by HTTP, for every page", async () => {
    const response = await fetch(exchange.ranger.publicUrl("/streams"));
    assert.deepEqual(await response.json(), { streams });
    assert.equal(response.headers.get("access-control-allow-origin"), "*");
  });
});
