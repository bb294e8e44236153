import assert from "node:assert/strict";
import {
  AUTHENTICATED,
  type Exchange,
  freshWord,
  MESSAGE_ERROR,
  startExchange,
  step,
  subscribed,
  unsubscribed,
} from "../support/exchange.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";

const broker = await sharedBroker();

/** Bodies that would look different if somebody read them and wrote them again. */
const BODIES = {
  "numbers keep their digits":
    '{"a":1.0,"b":1e3,"c":12345678901234567890,"d":0.10,"e":-0,"f":1E-7,"g":0.1e+1,"h":1e999}',
  "keys keep their order, also those that look like numbers": '{"b":1,"2":2,"a":3,"1":4}',
  "keys that come twice come twice": '{"a":1,"a":2,"__proto__":3}',
  "white space stays": ' {\t"a" :\r\n[ 1 , 2 ]\n, "b":{ } } \n',
  "escapes stay, characters too": '{"a":"\\u00fc\\/\\"\\n\\ud83d\\ude00","ü":"😀 \u2028</script>"}',
  "a lone surrogate stays": '["\\ud800"]',
  "text may hold what envelopes are made of": '{"}":"],[\\"{"}',
  "a payload may be deep": "[".repeat(500) + "]".repeat(500),
  "a payload may be long": JSON.stringify({ long: "x".repeat(70_000) }),
};

Deno.test("events and their envelopes", async (t) => {
  await using exchange = await startExchange(broker);

  for (const [what, body] of Object.entries(BODIES)) {
    await step(t, `in both envelopes at once: ${what}`, async () => {
      const [id, uid] = [freshWord(), freshWord()];
      const token = await exchange.key.token({ uid });
      const path = `/private?stream=${id}.any&stream=order`;
      await using object = await exchange.connect(path, { token });
      await using tuple = await exchange.connect(`${path}&envelope=tuple`, { token });
      await exchange.publish(`public.${id}.any`, body);
      assert.equal(await object.next(), `{"${id}.any":${body}}`);
      assert.equal(await tuple.next(), `["${id}.any",${body}]`);
      await exchange.publish(`private.${uid}.order`, body);
      assert.equal(await object.next(), `{"order":${body}}`);
      assert.equal(await tuple.next(), `["order",${body}]`);
    });
  }

  await step(t, "a name is written as JSON text", async () => {
    const name = 'x"y\\zü';
    const quoted = JSON.stringify(`${name}.a"b`);
    const path = `/public?stream=${encodeURIComponent(name)}.a%22b`;
    await using object = await exchange.connect(path);
    await using tuple = await exchange.connect(`${path}&envelope=tuple`);
    await exchange.publish(`public.${name}.a"b`, "1");
    assert.equal(await object.next(), `{${quoted}:1}`);
    assert.equal(await tuple.next(), `[${quoted},1]`);
  });

  await step(t, "a connection chooses by the query, and an unknown value is refused", async () => {
    const rows: [query: string, tuple: boolean][] = [
      ["", false],
      ["&envelope=object", false],
      ["&envelope=tuple", true],
      ["&envelope=%74uple", true],
      ["&envelope=tuple&envelope=object", true],
      ["&envelope=", false],
      ["&envelope=array", false],
      ["&Envelope=tuple", false],
    ];
    for (const [query, tuple] of rows) {
      const id = freshWord();
      await using client = await exchange.connect(`/public?stream=${id}.any${query}`);
      await exchange.publish(`public.${id}.any`, "1");
      assert.equal(await client.next(), tuple ? `["${id}.any",1]` : `{"${id}.any":1}`, query);
    }
  });

  await step(t, "answers stay objects in both", async () => {
    for (const envelope of ["object", "tuple"]) await assertAnswersAreObjects(exchange, envelope);
  });

  await step(
    t,
    "snapshots and increments of an order book come in the client's envelope",
    async () => {
      const id = freshWord();
      const snapshot = '{"asks":[["1020.0","0.005"]],"bids":[],"sequence":1}';
      const increment = '{"bids":["999.0","0.001"],"sequence":2}';
      await exchange.publish(`public.${id}.ob-snap`, snapshot);
      await exchange.settled();
      const path = `/public?stream=${id}.ob-inc`;
      await using object = await exchange.connect(path);
      await using tuple = await exchange.connect(`${path}&envelope=tuple`);
      await exchange.publish(`public.${id}.ob-inc`, increment);
      assert.deepEqual(await object.take(2), [
        `{"${id}.ob-snap":${snapshot}}`,
        `{"${id}.ob-inc":${increment}}`,
      ]);
      assert.deepEqual(await tuple.take(2), [
        `["${id}.ob-snap",${snapshot}]`,
        `["${id}.ob-inc",${increment}]`,
      ]);
    },
  );
});

Deno.test("the order of what a client gets", async (t) => {
  await using exchange = await startExchange(broker, { args: ["--limits-message-rate=0"] });

  await step(t, "events of one stream come in the order published", async () => {
    const id = freshWord();
    await using client = await exchange.connect(`/public?stream=${id}.one&stream=${id}.two`);
    const published: Promise<void>[] = [];
    for (let number = 0; number < 500; number++) {
      published.push(exchange.publish(`public.${id}.one`, `${number}`));
      published.push(exchange.publish(`public.${id}.two`, `${number}`));
    }
    await Promise.all(published);
    const messages = await client.take(1000);
    for (const event of ["one", "two"]) {
      assert.deepEqual(
        messages.filter((message) => message.startsWith(`{"${id}.${event}":`)),
        Array.from({ length: 500 }, (_, number) => `{"${id}.${event}":${number}}`),
      );
    }
  });

  await step(t, "a user's own events come in order too, among many public ones", async () => {
    const [id, uid] = [freshWord(), freshWord()];
    await using client = await exchange.connect(`/private?stream=order&stream=${id}`, {
      token: await exchange.key.token({ uid }),
    });
    const published: Promise<void>[] = [];
    for (let number = 0; number < 300; number++) {
      published.push(exchange.publish(`public.${id}.any`, `${number}`));
      published.push(exchange.publish(`private.${uid}.order`, `${number}`));
    }
    await Promise.all(published);
    const messages = await client.take(600);
    for (const name of ["order", `${id}.any`]) {
      assert.deepEqual(
        messages.filter((message) => message.startsWith(`{"${name}":`)),
        Array.from({ length: 300 }, (_, number) => `{"${name}":${number}}`),
      );
    }
  });

  await step(t, "an answer to subscribe comes before the stream's first event", async () => {
    const id = freshWord();
    await using client = await exchange.connect("/public");
    await whilePublishing(exchange, `public.${id}.any`, () => "1", async () => {
      for (let round = 0; round < 30; round++) {
        const answer = await client.ask({ event: "subscribe", streams: [`${id}.any`] });
        assert.equal(answer, subscribed(`${id}.any`));
        assert.equal(await client.next(), `{"${id}.any":1}`);
        await client.send({ event: "unsubscribe", streams: [`${id}.any`] });
        while (await client.next() !== unsubscribed());
        assert.equal(await client.ask("ping"), "pong");
      }
    });
    await exchange.assertOwedNothing(client);
  });

  await step(t, "the answer to the query comes before the stream's first event", async () => {
    const id = freshWord();
    await whilePublishing(exchange, `public.${id}.any`, () => "1", async () => {
      for (let round = 0; round < 30; round++) {
        await using client = await exchange.connect(`/public?stream=${id}.any`);
        assert.equal(await client.next(), `{"${id}.any":1}`);
      }
    });
  });

  await step(
    t,
    "a snapshot comes right after the answer, and the increments go on from it",
    async () => {
      const [id, quiet] = [freshWord(), freshWord()];
      let sequence = 1;
      const snapshot = `{"asks":[],"bids":[],"sequence":1}`;
      await exchange.publish(`public.${id}.ob-snap`, snapshot);
      await exchange.publish(`public.${quiet}.ob-snap`, snapshot);
      await exchange.settled();
      const increment = () => `{"asks":["${1 + sequence % 7}.0","1.0"],"sequence":${++sequence}}`;
      await whilePublishing(exchange, `public.${id}.ob-inc`, increment, async () => {
        for (let round = 0; round < 30; round++) {
          await using client = await exchange.connect("/public");
          const streams = [`${quiet}.ob-inc`, `x.trades`, `${id}.ob-inc`];
          assert.equal(await client.ask({ event: "subscribe", streams }), subscribed(...streams));
          assert.equal(await client.next(), `{"${quiet}.ob-snap":${snapshot}}`);
          let last = sequenceOf(await client.next(), `${id}.ob-snap`);
          for (let more = 0; more < 5; more++) {
            const next = sequenceOf(await client.next(), `${id}.ob-inc`);
            assert.equal(next, last + 1);
            last = next;
          }
        }
      });
    },
  );
});

Deno.test("the default envelope is a setting", async () => {
  await using exchange = await startExchange(broker, { args: ["--envelope", "tuple"] });
  const rows: [query: string, tuple: boolean][] = [
    ["", true],
    ["&envelope=object", false],
    ["&envelope=tuple", true],
    ["&envelope=nonsense", true],
  ];
  for (const [query, tuple] of rows) {
    const id = freshWord();
    await using client = await exchange.connect(`/?stream=${id}.any${query}`);
    await exchange.publish(`public.${id}.any`, '{"a":1.0}');
    assert.equal(
      await client.next(),
      tuple ? `["${id}.any",{"a":1.0}]` : `{"${id}.any":{"a":1.0}}`,
    );
  }
  await assertAnswersAreObjects(exchange, "");
});

async function assertAnswersAreObjects(exchange: Exchange, envelope: string): Promise<void> {
  await using client = await exchange.connect(`/public?envelope=${envelope}`);
  assert.equal(await client.ask({ event: "subscribe", streams: ["a.b"] }), subscribed("a.b"));
  assert.equal(await client.ask({ event: "unsubscribe", streams: ["a.b"] }), unsubscribed());
  await client.send({ event: "subscribe", streams: ["admin.x.y"] });
  const refusal = '{"success":{"message":"cannot subscribe to admin.x.y"}}';
  assert.deepEqual(await client.take(2), [refusal, subscribed()]);
  assert.equal(await client.ask("nonsense"), MESSAGE_ERROR);
  assert.equal(await client.ask({ jwt: `Bearer ${await exchange.key.token()}` }), AUTHENTICATED);
  assert.equal(await client.ask("ping"), "pong");
}

function sequenceOf(message: string, name: string): number {
  const event: Record<string, { sequence: number } | undefined> = JSON.parse(message);
  const payload = event[name];
  assert.ok(payload, `${message} is no ${name}`);
  return payload.sequence;
}

/** Publishes one event after the other for as long as something takes. */
async function whilePublishing(
  exchange: Exchange,
  routingKey: string,
  body: () => string,
  something: () => Promise<void>,
): Promise<void> {
  let done = false;
  const publishing = (async () => {
    while (!done) await exchange.publish(routingKey, body());
  })();
  try {
    await something();
  } finally {
    done = true;
    await publishing;
  }
}
