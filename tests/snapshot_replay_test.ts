import assert from "node:assert/strict";
import { EncodedEvent } from "../src/hub/envelope.ts";
import { type Feed, OrderBookFeed, ReplayFeed } from "../src/hub/feed.ts";
import { Flusher } from "../src/hub/flusher.ts";
import { Hub } from "../src/hub/hub.ts";
import { peatioRegistry } from "../src/streams/peatio.ts";
import { recordingSubscriber } from "./support/recording_subscriber.ts";
import { freshWord, startExchange, step, subscribed, unsubscribed } from "./support/exchange.ts";
import { sharedBroker } from "./support/rabbitmq.ts";

const broker = await sharedBroker();

Deno.test("the current book is encoded once for all who ask, until an increment changes it", () => {
  const hub = new Hub({
    registry: peatioRegistry,
    flusher: new Flusher(),
    mode: "open",
    replay: 10,
  });
  const publish = (event: string, payload: unknown) =>
    hub.deliver(`public.usdbtc.${event}`, new TextEncoder().encode(JSON.stringify(payload)));
  const join = (envelope: "object" | "tuple" = "object") => {
    const subscriber = recordingSubscriber(envelope);
    hub.subscribe(subscriber, "usdbtc.ob-inc");
    hub.greet(subscriber, ["usdbtc.ob-inc"]);
    return subscriber.frames;
  };
  publish("ob-snap", { asks: [["15.0", "1"]], bids: [], sequence: 1 });
  const [[first], [second], [tuple]] = [join(), join(), join("tuple")];
  assert.ok(first);
  assert.equal(first, second, "the same buffer, not an equal one");
  assert.notEqual(first, tuple);
  assert.equal(join("tuple")[0], tuple);

  publish("ob-inc", { asks: ["15.0", "1"], sequence: 1 });
  assert.equal(join()[0], first, "what was known changes nothing");
  publish("ob-inc", { asks: ["15.0", "2"], sequence: 2 });
  const [third] = join();
  assert.notEqual(third, first);
  assert.equal(join()[0], third);
  publish("ob-snap", { asks: [["15.00", "2"]], bids: [], sequence: 2 });
  assert.notEqual(join()[0], third, "the texts are others now");
});

/** An event of a kind that nobody knows. */
function event(payload: unknown): [EncodedEvent, unknown] {
  return [
    new EncodedEvent("x.seats-inc", new TextEncoder().encode(JSON.stringify(payload))),
    payload,
  ];
}

Deno.test("an unknown kind keeps the snapshot and so many increments, not one more", () => {
  const feed: Feed = new ReplayFeed(2);
  assert.deepEqual(feed.current(), []);
  assert.equal(feed.increment(...event(1)), "unsure");
  const [snapshot, a, b] = [event("all"), event("a"), event("b")];
  assert.equal(feed.snapshot(...snapshot), "moved");
  assert.equal(feed.increment(...a), "applied");
  assert.equal(feed.increment(...b), "applied");
  assert.deepEqual(feed.current(), [snapshot[0], a[0], b[0]]);
  assert.equal(feed.increment(...event("c")), "overflow");
  assert.equal(feed.increment(...event("d")), "unsure");
  assert.deepEqual([feed.live, feed.current()], [false, []]);
  assert.equal(feed.snapshot(...snapshot), "moved");
  assert.deepEqual(feed.current(), [snapshot[0]]);
  assert.equal(feed.increment(...a), "applied");
  assert.equal(feed.snapshot(...event("all")), "in step");
  assert.equal(new ReplayFeed(0).snapshot(...snapshot), "moved");
});

Deno.test("an unknown kind holds to the sequence where its payloads carry one", () => {
  const feed = new ReplayFeed(10);
  assert.equal(feed.snapshot(...event({ sequence: 3 })), "moved");
  assert.equal(feed.increment(...event({ sequence: 3 })), "stale");
  assert.equal(feed.increment(...event({ sequence: 4 })), "applied");
  assert.equal(feed.increment(...event({ sequence: "own" })), "applied", "a word of its own");
  assert.equal(feed.snapshot(...event({ sequence: 4 })), "in step");
  assert.equal(feed.snapshot(...event({ sequence: 6 })), "moved", "one was lost");
  assert.equal(feed.increment(...event({ sequence: 8 })), "gap");
  assert.equal(feed.increment(...event({ sequence: 9 })), "unsure");
  assert.equal(feed.snapshot(...event({})), "moved");
  assert.equal(feed.increment(...event({ sequence: 1 })), "applied");
});

Deno.test("a doubted book says nothing until its next snapshot, whatever that is", () => {
  const feed = new OrderBookFeed("x.ob-snap");
  const snapshot = { asks: [], bids: [], sequence: 7 };
  assert.equal(feed.snapshot(...event(snapshot)), "moved");
  assert.equal(feed.snapshot(...event(snapshot)), "in step");
  feed.doubt();
  assert.deepEqual([feed.live, feed.current()], [false, []]);
  assert.equal(feed.increment(...event({ asks: ["1", "1"], sequence: 8 })), "unsure");
  assert.equal(feed.snapshot(...event(snapshot)), "moved", "the same one again");
});

Deno.test("order books from their first snapshot on", async (t) => {
  await using exchange = await startExchange(broker);

  await step(t, "a late comer gets the book as of now, once, right after the answer", async () => {
    const id = freshWord();
    await exchange.publish(`public.${id}.ob-snap`, {
      asks: [["100000000", "1"], ["9.9", "2.0"], ["10.0", "3"]],
      bids: [["0.00000001", "4"], ["9.8", "5"]],
      sequence: 7,
    });
    await exchange.publish(`public.${id}.ob-inc`, { asks: ["10.5", "22.1257"], sequence: 8 });
    await exchange.publish(`public.${id}.ob-inc`, {
      asks: [["9.9", "0.0"], ["10.0", "3.10"]],
      bids: [["9.85", "0.50"]],
      sequence: 9,
    });
    await exchange.settled();
    const asks = '[["10.0","3.10"],["10.5","22.1257"],["100000000","1"]]';
    const bids = '[["9.85","0.50"],["9.8","5"],["0.00000001","4"]]';
    const book = `{"asks":${asks},"bids":${bids},"sequence":9}`;
    await using byQuery = await exchange.connect(`/public?stream=${id}.ob-inc`);
    assert.equal(await byQuery.next(), `{"${id}.ob-snap":${book}}`);
    await using byTuple = await exchange.connect(`/public?stream=${id}.ob-inc&envelope=tuple`);
    assert.equal(await byTuple.next(), `["${id}.ob-snap",${book}]`);
    await using byMessage = await exchange.connect("/public");
    assert.equal(
      await byMessage.ask({ event: "subscribe", streams: [`${id}.ob-inc`] }),
      subscribed(`${id}.ob-inc`),
    );
    assert.equal(await byMessage.next(), `{"${id}.ob-snap":${book}}`);
    const increment = '{ "sequence":10, "bids" : ["9.85", "0"] }';
    await exchange.publish(`public.${id}.ob-inc`, increment);
    for (const client of [byQuery, byMessage]) {
      assert.equal(await client.next(), `{"${id}.ob-inc":${increment}}`);
      await exchange.assertOwedNothing(client);
    }
    assert.equal(await byTuple.next(), `["${id}.ob-inc",${increment}]`);
    await exchange.assertOwedNothing(byTuple);
  });

  await step(t, "before the first snapshot there is nothing; it goes to all who wait", async () => {
    const id = freshWord();
    await using byName = await exchange.connect(`/public?stream=${id}.ob-inc`);
    await using byTuple = await exchange.connect(`/public?stream=${id}.ob-inc&envelope=tuple`);
    await using byId = await exchange.connect(`/public?stream=${id}`);
    await exchange.publish(`public.${id}.ob-inc`, { asks: ["1.0", "1"], sequence: 1 });
    await exchange.publish(`public.${id}.ob-inc`, { asks: ["1.0", "2"] });
    for (const client of [byName, byTuple, byId]) await exchange.assertOwedNothing(client);
    const snapshot = '{"sequence":1 ,"bids":[], "asks":[["2.0","1"],["1.0","1"]],"more":true}';
    await exchange.publish(`public.${id}.ob-snap`, snapshot);
    assert.equal(await byName.next(), `{"${id}.ob-snap":${snapshot}}`);
    assert.equal(await byTuple.next(), `["${id}.ob-snap",${snapshot}]`);
    assert.equal(await byId.next(), `{"${id}.ob-snap":${snapshot}}`);
    for (const client of [byName, byTuple, byId]) await exchange.assertOwedNothing(client);
    await using late = await exchange.connect(`/public?stream=${id}.ob-inc`);
    assert.equal(
      await late.next(),
      `{"${id}.ob-snap":{"asks":[["1.0","1"],["2.0","1"]],"bids":[],"sequence":1}}`,
    );
  });

  await step(
    t,
    "a later snapshot replaces the state and is not sent to those in step",
    async () => {
      const id = freshWord();
      await exchange.publish(`public.${id}.ob-snap`, {
        asks: [["15.0", "1"], ["16.0", "1"]],
        bids: [],
        sequence: 1,
      });
      await using follower = await exchange.connect(`/public?stream=${id}.ob-inc`);
      await using watcher = await exchange.connect(`/public?stream=${id}.ob-snap`);
      await follower.next();
      await exchange.assertOwedNothing(watcher);
      await exchange.publish(`public.${id}.ob-inc`, { asks: ["15.0", "2"], sequence: 2 });
      await follower.next();
      const snapshot = '{"sequence":2,"asks":[["15.00","2.0"]], "bids":[]}';
      await exchange.publish(`public.${id}.ob-snap`, snapshot);
      assert.equal(await watcher.next(), `{"${id}.ob-snap":${snapshot}}`);
      await exchange.assertOwedNothing(watcher);
      await exchange.assertOwedNothing(follower);
      await using late = await exchange.connect(`/public?stream=${id}.ob-inc`);
      assert.equal(
        await late.next(),
        `{"${id}.ob-snap":{"asks":[["15.00","2.0"]],"bids":[],"sequence":2}}`,
      );
      await exchange.publish(`public.${id}.ob-inc`, { bids: ["1", "1"], sequence: 3 });
      for (const client of [follower, late]) {
        assert.equal(await client.next(), `{"${id}.ob-inc":{"bids":["1","1"],"sequence":3}}`);
      }
      await exchange.assertOwedNothing(watcher);
    },
  );

  await step(t, "increments that are known already are dropped", async () => {
    const id = freshWord();
    await exchange.publish(`public.${id}.ob-snap`, { asks: [], bids: [], sequence: 5 });
    await using follower = await exchange.connect(`/public?stream=${id}.ob-inc`);
    await follower.next();
    const { incrementsStale } = (await exchange.stats()).events;
    for (const sequence of [1, 5, 6, 6, 4]) {
      await exchange.publish(`public.${id}.ob-inc`, { asks: ["1", `${sequence}`], sequence });
    }
    assert.equal(await follower.next(), `{"${id}.ob-inc":{"asks":["1","6"],"sequence":6}}`);
    await exchange.assertOwedNothing(follower);
    assert.equal((await exchange.stats()).events.incrementsStale, incrementsStale! + 4);
  });

  const lost: Record<string, (id: string) => Promise<void>> = {
    "a sequence that is skipped": (id) =>
      exchange.publish(`public.${id}.ob-inc`, { asks: ["1", "1"], sequence: 3 }),
    "an increment that cannot be read": (id) =>
      exchange.publish(`public.${id}.ob-inc`, { asks: ["1"], sequence: 2 }),
    "an increment that is no JSON": (id) =>
      exchange.publish(`public.${id}.ob-inc`, '{"asks":["1","1"],"sequence":2'),
  };
  for (const [what, lose] of Object.entries(lost)) {
    await step(t, `${what} stops the increments until the next snapshot`, async () => {
      const id = freshWord();
      await exchange.publish(`public.${id}.ob-snap`, { asks: [], bids: [], sequence: 1 });
      await using follower = await exchange.connect(`/public?stream=${id}.ob-inc`);
      await follower.next();
      await lose(id);
      await exchange.publish(`public.${id}.ob-inc`, { asks: ["1", "1"], sequence: 2 });
      await exchange.publish(`public.${id}.ob-inc`, { asks: ["1", "1"], sequence: 4 });
      await exchange.assertOwedNothing(follower);
      await using late = await exchange.connect(`/public?stream=${id}.ob-inc`);
      await exchange.assertOwedNothing(late);
      const snapshot = '{"asks":[["1","1"]],"bids":[],"sequence":4}';
      await exchange.publish(`public.${id}.ob-snap`, snapshot);
      await exchange.publish(`public.${id}.ob-inc`, { asks: ["1", "0"], sequence: 5 });
      for (const client of [follower, late]) {
        assert.deepEqual(await client.take(2), [
          `{"${id}.ob-snap":${snapshot}}`,
          `{"${id}.ob-inc":{"asks":["1","0"],"sequence":5}}`,
        ]);
        await exchange.assertOwedNothing(client);
      }
    });
  }

  await step(t, "a gap is told in the log and in the statistics", async () => {
    const id = freshWord();
    const { gaps, incrementsHeldBack } = (await exchange.stats()).events;
    await exchange.publish(`public.${id}.ob-snap`, { asks: [], bids: [], sequence: 1 });
    await exchange.publish(`public.${id}.ob-inc`, { sequence: 3 });
    await exchange.publish(`public.${id}.ob-inc`, { sequence: 4 });
    await exchange.settled();
    await exchange.ranger.log(
      ({ level, stream }) => stream === `${id}.ob-inc` && level.startsWith("warn"),
      "a warning of the gap",
    );
    const { events } = await exchange.stats();
    assert.deepEqual([events.gaps, events.incrementsHeldBack], [
      gaps! + 1,
      incrementsHeldBack! + 1,
    ]);
  });

  for (const [what, sequence] of [["ahead of", 9], ["behind", 1]] as const) {
    await step(t, `a snapshot ${what} the increments is sent to who follows them`, async () => {
      const id = freshWord();
      await exchange.publish(`public.${id}.ob-snap`, { asks: [], bids: [], sequence: 5 });
      await using follower = await exchange.connect(`/public?stream=${id}.ob-inc`);
      await using both = await exchange.connect(
        `/public?stream=${id}.ob-inc&stream=${id}.ob-snap`,
      );
      await using byId = await exchange.connect(`/public?stream=${id}`);
      for (const client of [follower, both, byId]) await client.next();
      await exchange.publish(`public.${id}.ob-snap`, { asks: [], bids: [], sequence });
      for (const client of [follower, both, byId]) {
        assert.equal(
          await client.next(),
          `{"${id}.ob-snap":{"asks":[],"bids":[],"sequence":${sequence}}}`,
        );
        await exchange.assertOwedNothing(client);
      }
      await exchange.publish(`public.${id}.ob-inc`, { sequence: sequence + 1 });
      assert.equal(await follower.next(), `{"${id}.ob-inc":{"sequence":${sequence + 1}}}`);
    });
  }

  await step(t, "a snapshot that cannot be read passes, and the book stays", async () => {
    const id = freshWord();
    await exchange.publish(`public.${id}.ob-snap`, { asks: [["1", "1"]], bids: [], sequence: 5 });
    await exchange.settled();
    await using follower = await exchange.connect(`/public?stream=${id}.ob-inc`);
    await using watcher = await exchange.connect(`/public?stream=${id}.ob-snap`);
    await follower.next();
    await exchange.publish(`public.${id}.ob-snap`, { levels: 5 });
    assert.equal(await watcher.next(), `{"${id}.ob-snap":{"levels":5}}`);
    await exchange.publish(`public.${id}.ob-inc`, { asks: ["1", "2"], sequence: 6 });
    assert.equal(await follower.next(), `{"${id}.ob-inc":{"asks":["1","2"],"sequence":6}}`);
    await using late = await exchange.connect(`/public?stream=${id}.ob-inc`);
    assert.equal(
      await late.next(),
      `{"${id}.ob-snap":{"asks":[["1","2"]],"bids":[],"sequence":6}}`,
    );
  });

  await step(t, "a book without sequences is kept and healed by its content", async () => {
    const id = freshWord();
    const publish = (event: string, payload: unknown) =>
      exchange.publish(`public.${id}.${event}`, payload);
    await publish("ob-snap", { asks: [["1", "1"], ["2", "1"]], bids: [] });
    await publish("ob-inc", { asks: ["1", "3"] });
    await exchange.settled();
    await using follower = await exchange.connect(`/public?stream=${id}.ob-inc`);
    assert.equal(
      await follower.next(),
      `{"${id}.ob-snap":{"asks":[["1","3"],["2","1"]],"bids":[]}}`,
    );
    await publish("ob-snap", { asks: [["1", "3"], ["2", "1"]], bids: [] });
    await exchange.assertOwedNothing(follower);
    // The removal of the second level was lost.
    await publish("ob-snap", { asks: [["1", "3"]], bids: [] });
    assert.equal(await follower.next(), `{"${id}.ob-snap":{"asks":[["1","3"]],"bids":[]}}`);
  });

  await step(t, "who holds a whole id is greeted once, with all its books", async () => {
    const id = freshWord();
    await exchange.publish(`public.${id}.ob-snap`, { asks: [], bids: [], sequence: 1 });
    await exchange.publish(`public.${id}.seats-snap`, { seats: 3 });
    await exchange.publish(`public.${id}.seats-inc`, { taken: 1 });
    await exchange.settled();
    for (const more of ["", `&stream=${id}.ob-inc&stream=${id}.ob-snap&stream=${id}.seats-inc`]) {
      await using client = await exchange.connect(`/public?stream=${id}${more}`);
      assert.deepEqual(await client.take(3), [
        `{"${id}.ob-snap":{"asks":[],"bids":[],"sequence":1}}`,
        `{"${id}.seats-snap":{"seats":3}}`,
        `{"${id}.seats-inc":{"taken":1}}`,
      ]);
      await exchange.assertOwedNothing(client);
      await exchange.publish(`public.${id}.trades`, {});
      assert.equal(await client.next(), `{"${id}.trades":{}}`);
      await exchange.assertOwedNothing(client);
    }
  });

  await step(t, "who comes back to a stream is greeted again, who holds it is not", async () => {
    const id = freshWord();
    const stream = `${id}.ob-inc`;
    await exchange.publish(`public.${id}.ob-snap`, { asks: [], bids: [], sequence: 1 });
    await using client = await exchange.connect(`/public?stream=${stream}`);
    const snapshot = await client.next();
    assert.equal(
      await client.ask({ event: "subscribe", streams: [stream] }),
      subscribed(stream),
    );
    await exchange.assertOwedNothing(client);
    assert.equal(await client.ask({ event: "unsubscribe", streams: [stream] }), unsubscribed());
    assert.equal(await client.ask({ event: "subscribe", streams: [stream] }), subscribed(stream));
    assert.equal(await client.next(), snapshot);
  });
});

Deno.test("other states than order books", async (t) => {
  await using exchange = await startExchange(broker, {
    args: ["--streams-replay", "3", "--rbac", "desk=trader"],
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

  await step(t, "prefixed streams have states of their own", async () => {
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
