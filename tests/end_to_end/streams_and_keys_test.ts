import assert from "node:assert/strict";
import {
  AUTHENTICATED,
  type Exchange,
  freshWord,
  startExchange,
  step,
  subscribed,
  unsubscribed,
} from "../support/exchange.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";

const broker = await sharedBroker();

/** What one of the server's counters grew by while something happened. */
async function growth(
  exchange: Exchange,
  counter: string,
  happening: () => Promise<void>,
): Promise<number> {
  const count = async () => {
    await exchange.settled();
    return (await exchange.stats()).events[counter] ?? NaN;
  };
  const before = await count();
  await happening();
  return await count() - before;
}

Deno.test("streams and routing keys", async (t) => {
  await using exchange = await startExchange(broker, {
    args: ["--rbac", "admin=superadmin"],
  });
  const bearer = async (uid: string, role: string | undefined) =>
    `Bearer ${await exchange.key.token({ uid, role })}`;

  await step(t, "public.<id>.<event> goes to the subscribers of <id>.<event>", async () => {
    const id = freshWord();
    await using anonymous = await exchange.connect(`/public?stream=${id}.trades`);
    await using user = await exchange.connect(`/private?stream=${id}.trades`, {
      token: await exchange.key.token({ uid: freshWord() }),
    });
    await using other = await exchange.connect(
      `/public?stream=${id}.update&stream=${id}.trade&stream=${id}.trades2&stream=x.${id}`,
    );
    await exchange.publish(`public.${id}.trades`, '{"trades":[]}');
    for (const client of [anonymous, user]) {
      assert.equal(await client.next(), `{"${id}.trades":{"trades":[]}}`);
      await exchange.assertOwedNothing(client);
    }
    await exchange.assertOwedNothing(other);
  });

  await step(t, "private.<uid>.<event> goes to that user's connections that hold it", async () => {
    const [event, uid, otherUid] = [freshWord(), freshWord(), freshWord()];
    const token = await exchange.key.token({ uid });
    const path = `/private?stream=${event}`;
    await using one = await exchange.connect(path, { token });
    await using two = await exchange.connect(path, { token });
    await using unsubscribed = await exchange.connect("/private?stream=x.y", { token });
    await using stranger = await exchange.connect(path, {
      token: await exchange.key.token({ uid: otherUid }),
    });
    await using anonymous = await exchange.connect(`/public?stream=${event}`);
    // Names that only look like it.
    await using guesser = await exchange.connect(
      `/private?stream=${uid}.${event}&stream=${uid}&stream=${event}.${uid}`,
      { token: await exchange.key.token({ uid: otherUid }) },
    );
    await exchange.publish(`private.${uid}.${event}`, { id: 7 });
    for (const client of [one, two]) {
      assert.equal(await client.next(), `{"${event}":{"id":7}}`);
      await exchange.assertOwedNothing(client);
    }
    for (const client of [unsubscribed, stranger, anonymous, guesser]) {
      await exchange.assertOwedNothing(client);
    }
  });

  await step(t, "a uid and an event may be any word", async () => {
    for (const [uid, event] of [["public", "private"], ["ID-1_ü", "a-b"], ["1", "__proto__"]]) {
      await using client = await exchange.connect(`/private?stream=${event}`, {
        token: await exchange.key.token({ uid: uid! }),
      });
      await exchange.publish(`private.${uid}.${event}`, 1);
      assert.equal(await client.next(), `{"${event}":1}`);
    }
  });

  await step(t, "<prefix>.<id>.<event> goes to roles that the prefix lists", async () => {
    const id = freshWord();
    const stream = `admin.${id}.orders`;
    await using client = await exchange.connect(`/private?stream=${stream}`, {
      headers: { Authorization: await bearer(freshWord(), "superadmin") },
    });
    await using everybody = await exchange.connect(
      `/public?stream=${id}.orders&stream=${id}&stream=admin&stream=orders&stream=admin.${id}`,
    );
    await exchange.publish(stream, { a: 1 });
    assert.equal(await client.next(), `{"${id}.orders":{"a":1}}`, "delivered without its prefix");
    await exchange.publish(`desk.${id}.orders`, 2);
    await exchange.publish(`public.${id}.orders`, 3);
    await exchange.assertOwedNothing(client);
    assert.equal(await everybody.next(), `{"${id}.orders":3}`);
    await exchange.assertOwedNothing(everybody);
    assert.equal(await client.ask({ event: "unsubscribe", streams: [stream] }), unsubscribed());
    await exchange.publish(stream, 4);
    await exchange.assertOwedNothing(client);
  });

  await step(t, "public.<event> and global.<event> go under the same two words", async () => {
    const event = freshWord();
    await using named = await exchange.connect(
      `/public?stream=public.${event}&stream=global.${event}`,
    );
    await using whole = await exchange.connect("/public?stream=global");
    await using bare = await exchange.connect(`/public?stream=${event}`);
    await exchange.publish(`public.${event}`, 1);
    await exchange.publish(`global.${event}`, 2);
    await exchange.publish(`public.global.${event}`, 3);
    assert.deepEqual(await named.take(3), [
      `{"public.${event}":1}`,
      `{"global.${event}":2}`,
      `{"global.${event}":3}`,
    ]);
    assert.deepEqual(await whole.take(2), [`{"global.${event}":2}`, `{"global.${event}":3}`]);
    for (const client of [named, whole, bare]) await exchange.assertOwedNothing(client);
  });

  await step(
    t,
    "keys of any other form are counted, dropped, and the first of them logged, each once",
    async () => {
      const word = freshWord();
      const malformed = [
        word,
        `private.${word}`,
        `admin.${word}`,
        `${word}.public`,
        `public.a.b.${word}`,
        `private.a.b.${word}`,
        `public..${word}`,
        `public.${word}.`,
        `.${word}.trades`,
        `..${word}`,
        `public.`,
        `.`,
        "",
      ];
      await using client = await exchange.connect(
        `/public?stream=${word}&stream=a&stream=b&stream=private.${word}&stream=${word}.public` +
          `&stream=admin.${word}&stream=public.a&stream=public`,
      );
      const grown = await growth(exchange, "malformedKeys", async () => {
        for (let times = 0; times < 3; times++) {
          for (const key of malformed) await exchange.publish(key, 1);
        }
      });
      assert.equal(grown, 3 * malformed.length);
      await exchange.assertOwedNothing(client);
      // Ten such lines a minute; the rest is folded into one.
      for (const key of malformed.slice(0, 10)) {
        const lines = exchange.ranger.logged((line) =>
          line.logger === "ranger.hub" && line.routingKey === key
        );
        assert.equal(lines, 1, `lines about ${JSON.stringify(key)}`);
      }
      const line = await exchange.ranger.log((line) => line.routingKey === word);
      assert.equal(line.level, "warning");
      assert.equal(line.message, `Dropped an event: ${word} is not a valid routing key.`);
    },
  );

  await step(t, "a body that is not UTF-8 or not JSON is counted and dropped", async () => {
    const [id, uid, event] = [freshWord(), freshWord(), freshWord()];
    const bytes = new TextEncoder();
    const bodies: (string | Uint8Array)[] = [
      "",
      " ",
      "hello",
      "{",
      '{"a":1}}',
      '{"a":1,}',
      "{'a':1}",
      "[1,2",
      "NaN",
      "01",
      '"a\nb"',
      "undefined",
      '{"a":1}\u0000',
      new Uint8Array([0xff]),
      new Uint8Array([...bytes.encode('{"a":"'), 0xc3, 0x28, ...bytes.encode('"}')]),
      new Uint8Array([...bytes.encode('"'), 0xed, 0xa0, 0x80, ...bytes.encode('"')]),
      new Uint8Array([...bytes.encode('"'), 0xc0, 0xaf, ...bytes.encode('"')]),
      new Uint8Array([0xef, 0xbb, 0xbf, ...bytes.encode("{}")]),
    ];
    await using client = await exchange.connect(
      `/private?stream=${id}.trades&stream=${event}&stream=${id}.ob-snap&stream=${id}.ob-inc`,
      { token: await exchange.key.token({ uid }) },
    );
    const keys = ["trades", "ob-snap", "ob-inc"].map((event) => `public.${id}.${event}`);
    keys.push(`private.${uid}.${event}`);
    const grown = await growth(exchange, "notJson", async () => {
      for (const body of bodies) {
        for (const key of keys) await exchange.publish(key, body);
      }
    });
    assert.equal(grown, bodies.length * keys.length);
    await exchange.assertOwedNothing(client);
    await exchange.publish(`public.${id}.trades`, '{"ok":true}');
    assert.equal(await client.next(), `{"${id}.trades":{"ok":true}}`);
    for (const key of keys) {
      const lines = exchange.ranger.logged((line) => line.routingKey === key);
      assert.equal(lines, 1, `lines about ${key}`);
    }
  });

  await step(t, "every JSON value is a payload", async () => {
    const id = freshWord();
    await using client = await exchange.connect(`/public?stream=${id}.any`);
    for (const body of ["null", "true", "0", '""', "[]", "{}", "-0.0e-7", " \n[ ]\t"]) {
      await exchange.publish(`public.${id}.any`, body);
      assert.equal(await client.next(), `{"${id}.any":${body}}`);
    }
  });

  await step(t, "a bare id is every public stream of that id, and nothing else", async () => {
    const id = freshWord();
    await using client = await exchange.connect(`/public?stream=${id}`);
    const events = ["update", "trades", "kline-1m", "never-heard-of"];
    for (const event of events) await exchange.publish(`public.${id}.${event}`, 1);
    assert.deepEqual(await client.take(4), events.map((event) => `{"${id}.${event}":1}`));
    await exchange.publish(`public.${id}x.trades`, 2);
    await exchange.publish(`public.x${id}.trades`, 2);
    await exchange.publish(`private.${id}.trades`, 2);
    await exchange.publish(`admin.${id}.trades`, 2);
    await exchange.publish(`public.x.${id}`, 2);
    await exchange.assertOwedNothing(client);
  });

  await step(t, "an event comes once, also when its stream and the whole id are held", async () => {
    const id = freshWord();
    await using client = await exchange.connect(`/public?stream=${id}.trades&stream=${id}`);
    await exchange.publish(`public.${id}.trades`, 1);
    await exchange.publish(`public.${id}.update`, 2);
    assert.deepEqual(await client.take(2), [`{"${id}.trades":1}`, `{"${id}.update":2}`]);
    await exchange.assertOwedNothing(client);
    // Each can be given up without the other.
    await client.ask({ event: "unsubscribe", streams: [id] });
    await exchange.publish(`public.${id}.update`, 3);
    await exchange.publish(`public.${id}.trades`, 4);
    assert.equal(await client.next(), `{"${id}.trades":4}`);
    await client.ask({ event: "subscribe", streams: [id] });
    assert.equal(await client.next(), `{"${id}.update":3}`, "the latest value");
    await client.ask({ event: "unsubscribe", streams: [`${id}.trades`] });
    await exchange.publish(`public.${id}.trades`, 5);
    assert.equal(await client.next(), `{"${id}.trades":5}`);
    await exchange.assertOwedNothing(client);
  });

  await step(t, "snapshots and increments come once each, however they are held", async () => {
    const id = freshWord();
    const snapshot = '{"asks":[],"bids":[],"sequence":1}';
    const increment = '{"asks":["2.0","1.0"],"sequence":2}';
    await using client = await exchange.connect(
      `/public?stream=${id}&stream=${id}.ob-snap&stream=${id}.ob-inc`,
    );
    await exchange.publish(`public.${id}.ob-snap`, snapshot);
    await exchange.publish(`public.${id}.ob-inc`, increment);
    assert.deepEqual(await client.take(2), [
      `{"${id}.ob-snap":${snapshot}}`,
      `{"${id}.ob-inc":${increment}}`,
    ]);
    await exchange.assertOwedNothing(client);
  });

  await step(t, "one word is a private event and a public id at once", async () => {
    const [word, uid] = [freshWord(), freshWord()];
    await using client = await exchange.connect(`/public?stream=${word}`, {
      token: await exchange.key.token({ uid }),
    });
    await exchange.publish(`private.${uid}.${word}`, 1);
    await exchange.publish(`public.${word}.trades`, 2);
    // What is the user's own may go first.
    assert.deepEqual(
      (await client.take(2)).sort(),
      [`{"${word}":1}`, `{"${word}.trades":2}`].sort(),
    );
  });

  await step(
    t,
    "an anonymous connection holds a private name, and has it with a token",
    async () => {
      const uid = freshWord();
      await using client = await exchange.connect("/public?stream=order&stream=trade");
      await exchange.publish(`private.${uid}.order`, 1);
      await exchange.assertOwedNothing(client);
      assert.equal(await client.ask({ jwt: await bearer(uid, "member") }), AUTHENTICATED);
      await exchange.publish(`private.${uid}.order`, 2);
      await exchange.publish(`private.${uid}.trade`, 3);
      assert.deepEqual(await client.take(2), ['{"order":2}', '{"trade":3}']);
    },
  );

  await step(t, "names that nothing can be published under are refused", async () => {
    const names = ["a.b.c.d", ".", "..", "a.", ".a", "a..b"];
    await using client = await exchange.connect("/public");
    await client.send({ event: "subscribe", streams: names });
    assert.deepEqual(await client.take(names.length + 1), [
      ...names.map((name) => `{"success":{"message":"cannot subscribe to ${name}"}}`),
      subscribed(),
    ]);
  });
});
