import assert from "node:assert/strict";
import { freshWord, startExchange, step, subscribed, unsubscribed } from "../support/exchange.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";

const broker = await sharedBroker();

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
    "a later snapshot is not sent to those in step, and the book keeps its deeper levels",
    async () => {
      const id = freshWord();
      await exchange.publish(`public.${id}.ob-snap`, {
        asks: [["15.0", "1"], ["16.0", "1"]],
        bids: [],
        sequence: 1,
      });
      await using follower = await exchange.connect(`/public?stream=${id}.ob-inc`);
      await follower.next();
      // After the snapshot: to clients that were there before it, it is an event like any other.
      await using watcher = await exchange.connect(`/public?stream=${id}.ob-snap`);
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
        `{"${id}.ob-snap":{"asks":[["15.0","2"],["16.0","1"]],"bids":[],"sequence":2}}`,
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
    "an increment that is not JSON": (id) =>
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

  await step(t, "a gap is reported in the log and in the statistics", async () => {
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

  /** Publishes order book events of one market, whose followers a step reads. */
  const publisherOf =
    (id: string) => async (...events: [event: "snap" | "inc", body: string][]) => {
      for (const [event, body] of events) await exchange.publish(`public.${id}.ob-${event}`, body);
    };
  const follow = (id: string) => exchange.connect(`/public?stream=${id}.ob-inc`);

  await step(t, "a removal as Peatio publishes it passes, and the level is gone", async () => {
    const id = freshWord();
    const publish = publisherOf(id);
    await using follower = await follow(id);
    const snapshot = '{"asks":[["15.0","22.1"]],"bids":[],"sequence":1}';
    await publish(["snap", snapshot], ["inc", '{"asks":["15.0",""],"sequence":2}']);
    assert.deepEqual(await follower.take(2), [
      `{"${id}.ob-snap":${snapshot}}`,
      `{"${id}.ob-inc":{"asks":["15.0",""],"sequence":2}}`,
    ]);
    await using late = await follow(id);
    assert.equal(await late.next(), `{"${id}.ob-snap":{"asks":[],"bids":[],"sequence":2}}`);

    const list = '{"bids":[["14.0",""],["13.0","2.0"]],"sequence":3}';
    await publish(["inc", list]);
    for (const client of [follower, late]) {
      assert.equal(await client.next(), `{"${id}.ob-inc":${list}}`);
      await exchange.assertOwedNothing(client);
    }
    await using last = await follow(id);
    assert.equal(
      await last.next(),
      `{"${id}.ob-snap":{"asks":[],"bids":[["13.0","2.0"]],"sequence":3}}`,
    );
  });

  await step(t, "a snapshot with the next change in it is sent to no client", async () => {
    const id = freshWord();
    const publish = publisherOf(id);
    const { gaps, resyncs } = (await exchange.stats()).events;
    await publish(["snap", '{"asks":[["2","1"]],"bids":[],"sequence":10}']);
    await using follower = await follow(id);
    assert.equal(
      await follower.next(),
      `{"${id}.ob-snap":{"asks":[["2","1"]],"bids":[],"sequence":10}}`,
    );
    await using watcher = await exchange.connect(`/public?stream=${id}.ob-snap`);
    await exchange.assertOwedNothing(watcher);
    const ahead = '{"asks":[["2","5"]],"bids":[],"sequence":10}';
    await publish(["snap", ahead]);
    assert.equal(await watcher.next(), `{"${id}.ob-snap":${ahead}}`);
    await using between = await follow(id);
    assert.equal(
      await between.next(),
      `{"${id}.ob-snap":{"asks":[["2","1"]],"bids":[],"sequence":10}}`,
    );
    for (const client of [follower, between]) await exchange.assertOwedNothing(client);
    await publish(["inc", '{"asks":["2","5"],"sequence":11}']);
    for (const client of [follower, between]) {
      assert.equal(await client.next(), `{"${id}.ob-inc":{"asks":["2","5"],"sequence":11}}`);
      await exchange.assertOwedNothing(client);
    }
    const { events } = await exchange.stats();
    assert.deepEqual([events.gaps, events.resyncs], [gaps, resyncs]);
  });

  await step(t, "a snapshot of other content goes to all, before the next increment", async () => {
    const id = freshWord();
    const publish = publisherOf(id);
    await publish(["snap", '{"asks":[["2","1"],["3","1"]],"bids":[],"sequence":10}']);
    await using follower = await follow(id);
    await using both = await exchange.connect(`/public?stream=${id}.ob-inc&stream=${id}.ob-snap`);
    await using byId = await exchange.connect(`/public?stream=${id}`);
    for (const client of [follower, both, byId]) await client.next();
    const { resyncs } = (await exchange.stats()).events;
    const other = '{"asks":[["2","5"],["3","2"]], "bids":[],"sequence":10}';
    await publish(["snap", other]);
    // As it was published: these hold the snapshots.
    for (const client of [both, byId]) {
      assert.equal(await client.next(), `{"${id}.ob-snap":${other}}`);
    }
    await using late = await follow(id);
    assert.equal(
      await late.next(),
      `{"${id}.ob-snap":{"asks":[["2","1"],["3","1"]],"bids":[],"sequence":10}}`,
    );
    await publish(["inc", '{"asks":["2","5"],"sequence":11}']);
    for (const client of [follower, late, both, byId]) {
      assert.deepEqual(await client.take(2), [
        `{"${id}.ob-snap":${other}}`,
        `{"${id}.ob-inc":{"asks":["2","5"],"sequence":11}}`,
      ]);
      await exchange.assertOwedNothing(client);
    }
    await using last = await follow(id);
    assert.equal(
      await last.next(),
      `{"${id}.ob-snap":{"asks":[["2","5"],["3","2"]],"bids":[],"sequence":11}}`,
    );
    assert.equal((await exchange.stats()).events.resyncs, resyncs! + 1);
  });

  await step(
    t,
    "an engine that restarts resets its book, also when its snapshot is lost",
    async () => {
      const id = freshWord();
      const publish = publisherOf(id);
      const restarted = '{"asks":[["9","1"]],"bids":[],"sequence":1}';
      await publish(["snap", '{"asks":[["2","1"]],"bids":[],"sequence":500}']);
      await using follower = await follow(id);
      await follower.next();
      await publish(["snap", restarted], ["inc", '{"asks":["9",""],"sequence":2}']);
      assert.deepEqual(await follower.take(2), [
        `{"${id}.ob-snap":${restarted}}`,
        `{"${id}.ob-inc":{"asks":["9",""],"sequence":2}}`,
      ]);
      const snapshot = '{"asks":[["2","1"]],"bids":[],"sequence":300}';
      await publish(["snap", snapshot]);
      assert.equal(await follower.next(), `{"${id}.ob-snap":${snapshot}}`);
      const { gaps } = (await exchange.stats()).events;
      for (const sequence of [2, 3, 4, 5]) {
        await publish([
          "inc",
          `{"asks":["9","1"],"sequence":${sequence}}`,
        ]);
      }
      await publish(["inc", '{"asks":["2","2"],"sequence":301}']);
      assert.equal(await follower.next(), `{"${id}.ob-inc":{"asks":["2","2"],"sequence":301}}`);
      for (let n = 2; n <= 7; n++) await publish(["inc", `{"asks":["9","${n}"],"sequence":${n}}`]);
      await publish(["inc", '{"asks":["2","3"],"sequence":302}']);
      await exchange.assertOwedNothing(follower);
      assert.equal((await exchange.stats()).events.gaps, gaps! + 1);
      await exchange.ranger.log(
        ({ stream, reason }) => stream === `${id}.ob-inc` && /restarted/.test(String(reason)),
        "that the exchange restarted",
      );
      const next = '{"asks":[["9","7"]],"bids":[],"sequence":7}';
      await publish(["snap", next], ["inc", '{"bids":["1","1"],"sequence":8}']);
      assert.deepEqual(await follower.take(2), [
        `{"${id}.ob-snap":${next}}`,
        `{"${id}.ob-inc":{"bids":["1","1"],"sequence":8}}`,
      ]);
    },
  );

  await step(t, "a sequence may be a text, and numbers keep their digits", async () => {
    const id = freshWord();
    const publish = publisherOf(id);
    await publish(
      ["snap", '{"asks":[[12345678901234567890.123,1.10]],"bids":[["1",2]],"sequence":"6"}'],
      ["inc", '{"bids":[0.000000009000,1.0E3],"sequence":"7"}'],
    );
    await exchange.settled();
    await using follower = await follow(id);
    const book = '"asks":[[12345678901234567890.123,1.10]],"bids":[["1",2],[0.000000009000,1.0E3]]';
    assert.equal(await follower.next(), `{"${id}.ob-snap":{${book},"sequence":7}}`);
    const increment = '{"asks":[12345678901234567890.124, 2.50],"sequence":"8"}';
    await publish(["inc", increment]);
    assert.equal(await follower.next(), `{"${id}.ob-inc":${increment}}`);
  });

  const foreign: Record<string, [snapshot: string, increment: string]> = {
    "levels of three parts": [
      '{"asks":[["15.0","22.1","3"]],"bids":[],"sequence":5}',
      '{"asks":["15.0","20.0","2"],"sequence":6}',
    ],
    "a sequence beyond 2^53": [
      '{"asks":[["15.0","22.1"]],"bids":[],"sequence":9007199254740993}',
      '{"asks":["15.0",""],"sequence":9007199254740994}',
    ],
  };
  for (const [what, [snapshot, increment]] of Object.entries(foreign)) {
    await step(t, `a book with ${what} is replayed`, async () => {
      const id = freshWord();
      const publish = publisherOf(id);
      await using follower = await follow(id);
      await publish(["snap", snapshot], ["inc", increment]);
      await exchange.settled();
      await using late = await follow(id);
      for (const client of [follower, late]) {
        assert.deepEqual(await client.take(2), [
          `{"${id}.ob-snap":${snapshot}}`,
          `{"${id}.ob-inc":${increment}}`,
        ]);
        await exchange.assertOwedNothing(client);
      }
    });
  }

  await step(t, "a body that is not UTF-8 or not JSON is counted, and reaches nobody", async () => {
    const id = freshWord();
    await exchange.publish(`public.${id}.ob-snap`, { asks: [], bids: [], sequence: 1 });
    await using client = await exchange.connect(`/public?stream=${id}`);
    await client.next();
    const { notJson } = (await exchange.stats()).events;
    const latin1 = new Uint8Array([0x22, 0xe9, 0x22]);
    const bodies = [latin1, "{", "\ufeff{}", "NaN", ""];
    for (const body of bodies) {
      await exchange.publish(`public.${id}.trades`, body);
      await exchange.publish(`public.${id}.ob-snap`, body);
    }
    await exchange.assertOwedNothing(client);
    assert.equal((await exchange.stats()).events.notJson, notJson! + 2 * bodies.length);
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

  await step(t, "a subscriber of a whole id gets each of its books once", async () => {
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

  await step(
    t,
    "a client that returns to a stream gets the book again, a subscriber does not",
    async () => {
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
    },
  );
});
