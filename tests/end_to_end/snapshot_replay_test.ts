import assert from "node:assert/strict";
import { freshWord, startExchange, step } from "../support/exchange.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";

const broker = await sharedBroker();

Deno.test("other states than order books", async (t) => {
  await using exchange = await startExchange(broker, {
    args: ["--streams-replay-increments", "3", "--rbac", "desk=trader"],
  });

  await step(
    t,
    "the last snapshot and the increments since are replayed as published",
    async () => {
      const id = freshWord();
      await using early = await exchange.connect(`/public?stream=${id}.seats-inc`);
      const publish = (event: string, payload: unknown) =>
        exchange.publish(`public.${id}.${event}`, payload);
      await publish("seats-inc", '"dropped"');
      await publish("seats-snap", "[ 1 ]");
      await publish("seats-inc", "2 ");
      await publish("seats-snap", "[1,  2]");
      await publish("seats-inc", '{"n": 3}');
      await publish("seats-inc", '{"n":4.0}');
      assert.deepEqual(await early.take(4), [
        `{"${id}.seats-snap":[ 1 ]}`,
        `{"${id}.seats-inc":2 }`,
        `{"${id}.seats-inc":{"n": 3}}`,
        `{"${id}.seats-inc":{"n":4.0}}`,
      ]);
      await exchange.assertOwedNothing(early);
      await using late = await exchange.connect(`/public?stream=${id}.seats-inc`);
      await using tuple = await exchange.connect(`/public?stream=${id}.seats-inc&envelope=tuple`);
      assert.deepEqual(await late.take(3), [
        `{"${id}.seats-snap":[1,  2]}`,
        `{"${id}.seats-inc":{"n": 3}}`,
        `{"${id}.seats-inc":{"n":4.0}}`,
      ]);
      await exchange.assertOwedNothing(late);
      assert.deepEqual(await tuple.take(3), [
        `["${id}.seats-snap",[1,  2]]`,
        `["${id}.seats-inc",{"n": 3}]`,
        `["${id}.seats-inc",{"n":4.0}]`,
      ]);
    },
  );

  await step(t, "past the limit nothing is accepted until the next snapshot", async () => {
    const id = freshWord();
    const stream = `${id}.seats-inc`;
    const { gaps, incrementsHeldBack } = (await exchange.stats()).events;
    await exchange.publish(`public.${id}.seats-snap`, 0);
    await using follower = await exchange.connect(`/public?stream=${stream}`);
    for (const n of [1, 2, 3, 4, 5]) await exchange.publish(`public.${stream}`, n);
    assert.deepEqual(await follower.take(4), [
      `{"${id}.seats-snap":0}`,
      ...[1, 2, 3].map((n) => `{"${stream}":${n}}`),
    ]);
    await exchange.assertOwedNothing(follower);
    const line = await exchange.ranger.log((line) => line.stream === stream, "why it stopped");
    assert.match(line.message, /more than 3 increments .*streams\.replay/);
    const { events } = await exchange.stats();
    assert.deepEqual([events.gaps, events.incrementsHeldBack], [
      gaps! + 1,
      incrementsHeldBack! + 1,
    ]);
    await using late = await exchange.connect(`/public?stream=${stream}`);
    await exchange.assertOwedNothing(late);
    await exchange.publish(`public.${id}.seats-snap`, 6);
    await exchange.publish(`public.${stream}`, 7);
    for (const client of [follower, late]) {
      assert.deepEqual(await client.take(2), [`{"${id}.seats-snap":6}`, `{"${stream}":7}`]);
      await exchange.assertOwedNothing(client);
    }
  });

  await step(t, "a skipped sequence stops them as well", async () => {
    const id = freshWord();
    const stream = `${id}.seats-inc`;
    await exchange.publish(`public.${id}.seats-snap`, { sequence: 1 });
    await using follower = await exchange.connect(`/public?stream=${stream}`);
    for (const sequence of [2, 2, 4, 5]) await exchange.publish(`public.${stream}`, { sequence });
    await exchange.publish(`public.${id}.seats-snap`, { sequence: 5 });
    assert.deepEqual(await follower.take(3), [
      `{"${id}.seats-snap":{"sequence":1}}`,
      `{"${stream}":{"sequence":2}}`,
      `{"${id}.seats-snap":{"sequence":5}}`,
    ]);
    await exchange.assertOwedNothing(follower);
  });

  await step(t, "prefixed streams have separate states", async () => {
    const id = freshWord();
    const token = await exchange.key.token({ role: "trader" });
    await exchange.publish(`desk.${id}.ob-snap`, { asks: [["2", "1"]], bids: [], sequence: 1 });
    await exchange.publish(`desk.${id}.ob-inc`, { asks: ["1", "1"], sequence: 2 });
    await exchange.publish(`public.${id}.ob-snap`, { asks: [], bids: [["1", "1"]], sequence: 5 });
    await exchange.publish(`desk.${id}.seats-snap`, 1);
    await exchange.publish(`desk.${id}.seats-inc`, 2);
    await exchange.settled();
    await using trader = await exchange.connect(
      `/private?stream=desk.${id}.ob-inc&stream=desk.${id}.seats-inc`,
      { token },
    );
    assert.deepEqual(await trader.take(3), [
      `{"${id}.ob-snap":{"asks":[["1","1"],["2","1"]],"bids":[],"sequence":2}}`,
      `{"${id}.seats-snap":1}`,
      `{"${id}.seats-inc":2}`,
    ]);
    await using anyone = await exchange.connect(`/public?stream=${id}.ob-inc&stream=${id}`);
    assert.equal(
      await anyone.next(),
      `{"${id}.ob-snap":{"asks":[],"bids":[["1","1"]],"sequence":5}}`,
    );
    await exchange.publish(`desk.${id}.ob-inc`, { sequence: 4 });
    await exchange.publish(`desk.${id}.ob-snap`, { asks: [], bids: [], sequence: 4 });
    assert.equal(await trader.next(), `{"${id}.ob-snap":{"asks":[],"bids":[],"sequence":4}}`);
    await exchange.publish(`public.${id}.ob-inc`, { sequence: 6 });
    assert.equal(await anyone.next(), `{"${id}.ob-inc":{"sequence":6}}`);
    for (const client of [trader, anyone]) await exchange.assertOwedNothing(client);
  });

  await step(t, "a user's own streams are plain, whatever their names", async () => {
    const uid = freshWord();
    const token = await exchange.key.token({ uid });
    const streams = "stream=seats-snap&stream=seats-inc&stream=ob-inc&stream=ob-snap";
    await exchange.publish(`private.${uid}.seats-snap`, "before");
    await using early = await exchange.connect(`/private?${streams}`, { token });
    await exchange.assertOwedNothing(early);
    const events = [
      ["seats-inc", '{"sequence":9}'],
      ["seats-inc", '{"sequence":2}'],
      ["ob-inc", '{"asks":["1"]}'],
      ["ob-snap", '{"asks":[],"bids":[],"sequence":1}'],
      ["ob-inc", '{"asks":["1","1"],"sequence":7}'],
    ] as const;
    for (const [name, body] of events) await exchange.publish(`private.${uid}.${name}`, body);
    assert.deepEqual(
      await early.take(events.length),
      events.map(([name, body]) => `{"${name}":${body}}`),
    );
    await using late = await exchange.connect(`/private?${streams}`, { token });
    await exchange.assertOwedNothing(late);
  });
});
