import assert from "node:assert/strict";
import { METRICS } from "../../src/daemon/metrics/metrics.ts";
import { topStreams } from "../../src/daemon/top_streams.ts";
import { PublishedNames } from "../../src/hub/published_names.ts";
import { until } from "../../testing/bounded.ts";
import { connectClient } from "../support/client.ts";
import { startExchange, step } from "../support/exchange.ts";
import { labelled, scrape } from "../support/metrics.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { closePayload, Opcode } from "../../testing/raw_client.ts";

const broker = await sharedBroker();

Deno.test("/metrics tells what clients, events and books do", async (t) => {
  await using exchange = await startExchange(broker, {
    args: ["--management-max-named-streams=3"],
  });
  const { ranger } = exchange;

  await step(t, "every declared metric is there, with its help and type", async () => {
    const { text } = await scrape(ranger);
    for (const { name, type } of METRICS) {
      assert.match(text, new RegExp(`^# HELP ${name} \\S`, "m"));
      assert.match(text, new RegExp(`^# TYPE ${name} ${type}$`, "m"));
    }
    assert.equal(text.match(/^# TYPE /gm)?.length, METRICS.length);
  });

  await step(
    t,
    "connections by how they authenticated, as the Ruby Ranger named them",
    async () => {
      const token = await exchange.key.token({ uid: "ID1" });
      await using first = await exchange.connect("/private?stream=order", { token });
      await using second = await exchange.connect("/public?stream=a.trades");
      const { value } = await scrape(ranger);
      // The test's own observer is the third.
      assert.equal(value('ranger_connections_current{auth="public"}'), 2);
      assert.equal(value('ranger_connections_current{auth="private"}'), 1);
      assert.equal(value('ranger_connections_total{auth="public"}'), 2);
      assert.equal(value('ranger_connections_total{auth="private"}'), 1);
      assert.equal(value("ranger_users_current"), 1);
      assert.equal(value('ranger_sockets_open{listener="public"}'), 3);

      await second.ask({ jwt: `Bearer ${token}` });
      const later = await scrape(ranger);
      assert.equal(later.value('ranger_connections_current{auth="public"}'), 1);
      assert.equal(later.value('ranger_connections_current{auth="private"}'), 2);
      assert.equal(later.value('ranger_connections_total{auth="private"}'), 1);
      assert.equal(later.value("ranger_users_current"), 1);
      await first.close();
      await second.close();
      await until(
        async () =>
          (await scrape(ranger)).value('ranger_connections_current{auth="private"}') === 0 ||
          undefined,
        "both to be gone",
      );
    },
  );

  await step(t, "subscriptions of the streams with most, and all others together", async () => {
    await using first = await exchange.connect("/public?stream=a.trades&stream=b.trades");
    await using second = await exchange.connect("/public?stream=a.trades&stream=order");
    await using third = await exchange.connect(
      '/public?stream=a.trades&stream=order&stream=x"y\\.z',
    );
    assert.deepEqual(await namedStreams(ranger), { other: 8 });
    for (const key of ["public.a.trades", "private.nobody.order", "public.b.trades"]) {
      await exchange.publish(key, {});
    }
    await exchange.settled();
    const { value, series } = await scrape(ranger);
    assert.equal(value('ranger_subscriptions_current{stream="a.trades"}'), 3);
    assert.equal(value('ranger_subscriptions_current{stream="order"}'), 2);
    const named = [...series.keys()].filter((name) => name.startsWith("ranger_subscriptions_"));
    assert.equal(named.length, 4);
    const sum = named.reduce((total, name) => total + value(name), 0);
    // The observer's is the eighth.
    assert.equal(sum, 8);
    assert.equal(value('ranger_subscriptions_current{stream="other"}'), sum - 3 - 2 - 1);
    assert.equal(value("ranger_streams_current"), 5);
    for (const client of [first, second, third]) await client.close();
  });

  await step(t, "names that clients make up are not named, and hide none that are", async () => {
    await using holder = await exchange.connect("/public?stream=a.trades");
    const madeUp = Array.from({ length: 100 }, (_, at) => `made.up${at}`);
    const strangers = await Promise.all(
      Array.from(
        { length: 3 },
        () => exchange.connect(`/public?stream=${madeUp.join(",")}`, { holds: madeUp }),
      ),
    );
    const named = { "a.trades": 1, "marker.update": 1 };
    assert.deepEqual(await namedStreams(ranger), { ...named, other: 300 });
    const stats = await (await fetch(ranger.managementUrl("/stats"))).json();
    assert.deepEqual(stats.streams, named);
    for (const client of [...strangers, holder]) await client.close();
  });

  await step(t, "events by scope and outcome, and what went out for them", async () => {
    const token = await exchange.key.token({ uid: "ID2" });
    await using client = await exchange.connect(
      "/private?stream=order&stream=c.trades&stream=c.ob-inc",
      { token },
    );
    const before = await scrape(ranger);
    await exchange.publish("public.c.trades", { n: 1 });
    await exchange.publish("private.ID2.order", { n: 2 });
    await exchange.publish("private.nobody.order", { n: 3 });
    await exchange.publish("staff.c.trades", { n: 4 });
    await exchange.publish("public.c.trades", "no JSON");
    await exchange.publish("a.routing.key.too.long", { n: 5 });
    await exchange.publish("public.c.ob-inc", { asks: [], sequence: 1 });
    await exchange.publish("public.c.ob-snap", { asks: [], bids: [], sequence: 1 });
    await exchange.publish("public.c.ob-inc", { asks: ["1", "1"], sequence: 1 });
    await exchange.publish("public.c.ob-inc", { asks: ["1", "1"], sequence: 2 });
    await exchange.publish("public.c.ob-inc", { asks: ["1", "1"], sequence: 9 });
    await client.take(4);
    await exchange.settled();
    const after = await scrape(ranger);
    const grown = (series: string) => after.value(series) - before.value(series);
    const events = (scope: string, outcome: string) =>
      grown(`ranger_events_total{scope="${scope}",outcome="${outcome}"}`);

    // The marker that tells that all is settled is the twelfth, and the observer's.
    assert.equal(grown("ranger_events_received_total"), 12);
    assert.equal(events("public", "delivered"), 4);
    assert.equal(events("private", "delivered"), 1);
    assert.equal(events("private", "unheld"), 1);
    assert.equal(events("prefixed", "unheld"), 1);
    assert.equal(events("public", "not_json"), 1);
    assert.equal(events("public", "held_back"), 1);
    assert.equal(events("public", "stale"), 1);
    assert.equal(events("public", "gap"), 1);
    assert.equal(events("unknown", "malformed_key"), 1);
    assert.equal(grown("ranger_events_fanned_out_total"), 5);
    assert.equal(grown("ranger_gaps_total"), 1);
    assert.equal(grown("ranger_resyncs_total"), 0, "the first snapshot is not a resync");
    assert.equal(after.value('ranger_books_current{state="unsure"}'), 1);
    assert.equal(after.value('ranger_books_current{state="live"}'), 0);
    assert.equal(after.value('ranger_books_current{state="waiting"}'), 0);

    assert.equal(grown("ranger_frames_out_total"), 5);
    assert.ok(grown("ranger_bytes_out_total") > 100);
    const writes = grown("ranger_frames_per_write_count");
    assert.ok(writes >= 2 && writes <= 5, `${writes} writes`);
    for (const each of ["ranger_flush_duration_seconds", "ranger_delivery_latency_seconds"]) {
      assert.ok(grown(`${each}_count`) >= 1);
      assert.equal(after.value(`${each}_bucket{le="+Inf"}`), after.value(`${each}_count`));
      assert.ok(grown(`${each}_sum`) > 0);
    }
    assert.equal(after.value("ranger_unsent_bytes"), 0);
  });

  await step(t, "a stream whose increments come before its first snapshot is waiting", async () => {
    const waiting = async () => {
      await exchange.settled();
      const { hub } = await (await fetch(ranger.managementUrl("/stats"))).json();
      const metric = (await scrape(ranger)).value('ranger_books_current{state="waiting"}');
      assert.equal(hub.statesWaiting, metric);
      return metric;
    };
    await exchange.publish("public.w.ob-inc", { asks: ["1", "1"], sequence: 2 });
    await exchange.publish("public.w.ob-inc", { asks: ["1", "1"], sequence: 3 });
    assert.equal(await waiting(), 1);
    await exchange.publish("public.w.ob-snap", { asks: [], bids: [], sequence: 3 });
    assert.equal(await waiting(), 0);
    await exchange.publish("public.w.ob-inc", { asks: [], sequence: 9 });
    assert.equal(await waiting(), 0, "a stream that has had a snapshot is unsure");
  });

  await step(t, "connections that ended, by who began and how", async () => {
    const before = await scrape(ranger);
    for (const code of [1000, 4999]) {
      const client = await exchange.connect("/public");
      await client.raw.send({ opcode: Opcode.close, payload: closePayload(code) });
      await client.raw.ended();
      client.raw.close();
    }
    await using loud = await exchange.connect("/public");
    await loud.send("x".repeat(5000));
    assert.equal((await loud.closing()).code, 1009);
    const after = await scrape(ranger);
    for (const labels of ['by="client",code="1000"', 'by="client",code="application"']) {
      const series = `ranger_closes_total{${labels}}`;
      assert.ok(after.value(series) > before.value(series), series);
    }
    const big = 'ranger_closes_total{by="server",code="1009"}';
    assert.equal(after.value(big) - before.value(big), 1);
  });

  await step(t, "the broker and the process", async () => {
    const { value, series } = await until(async () => {
      const now = await scrape(ranger);
      return now.value("ranger_event_loop_lag_seconds_count") > 0 ? now : undefined;
    }, "a look at the loop");
    assert.equal(value("ranger_ready"), 1);
    assert.equal(value("ranger_broker_connected"), 1);
    assert.equal(value("ranger_broker_reconnects_total"), 0);
    assert.ok(value("process_cpu_seconds_total") > 0);
    assert.ok(value("process_resident_memory_bytes") > 10_000_000);
    const started = value("process_start_time_seconds");
    assert.ok(started <= Date.now() / 1000 && started > Date.now() / 1000 - 600, `${started}`);
    const info = [...series.keys()].find((name) => name.startsWith("ranger_build_info"));
    assert.match(info ?? "", /version="\d+\.\d+\.\d+".*runtime="deno 2\./);
  });
});

Deno.test("Rango's metrics are exported if turned on, with its names and labels", async () => {
  await using exchange = await startExchange(broker, {
    args: ["--management-rango-metrics", "--management-max-named-streams=4", "--rbac=admin=staff"],
  });
  const token = await exchange.key.token({ uid: "ID1", role: "staff" });
  const streams = ["a.trades", "order", "admin.a.orders"];
  const path = `/private?${streams.map((stream) => `stream=${stream}`).join("&")}`;
  await using first = await exchange.connect(path, { token });
  await using second = await exchange.connect(path, { token });
  await using third = await exchange.connect("/public?stream=a.trades");
  await exchange.publish("public.a.trades", {});
  await exchange.publish("private.ID2.order", {});
  await exchange.publish("admin.a.orders", {});
  await exchange.settled();
  const rango = async () => {
    const { text } = await scrape(exchange.ranger);
    return text.split("\n").filter((line) => /^(# TYPE )?rango_/.test(line)).sort();
  };
  const types = [
    "# TYPE rango_hub_clients_count gauge",
    "# TYPE rango_hub_subscriptions_count gauge",
  ];
  assert.deepEqual(await rango(), [
    ...types,
    // The test's own observer is the fourth.
    "rango_hub_clients_count 4",
    'rango_hub_subscriptions_count{type="prefixed",topic="admin.a.orders"} 2',
    'rango_hub_subscriptions_count{type="private",topic="order"} 2',
    'rango_hub_subscriptions_count{type="public",topic="a.trades"} 3',
    'rango_hub_subscriptions_count{type="public",topic="marker.update"} 1',
  ]);

  // However many streams clients make up, there are no more series.
  await third.ask({
    event: "subscribe",
    streams: ["order", ...Array.from({ length: 30 }, (_, n) => `made.up${n}`)],
  });
  assert.deepEqual((await rango()).slice(2), [
    "rango_hub_clients_count 4",
    'rango_hub_subscriptions_count{type="other",topic="other"} 30',
    'rango_hub_subscriptions_count{type="prefixed",topic="admin.a.orders"} 2',
    'rango_hub_subscriptions_count{type="private",topic="order"} 3',
    'rango_hub_subscriptions_count{type="public",topic="a.trades"} 3',
    'rango_hub_subscriptions_count{type="public",topic="marker.update"} 1',
  ]);
  for (const client of [first, second, third]) await client.close();
});

Deno.test("the streams with most subscribers come first", () => {
  const real = [["global.tickers", 9], ["usdbtc.trades", 5], ["usdbtc.ob-inc", 5]] as const;
  const others = Array.from({ length: 100 }, (_, at) => [`a.b${at}`, 1] as const);
  assert.deepEqual(topStreams([...real, ...others], 3), real);
  assert.deepEqual(topStreams(real, 0), []);
  assert.deepEqual(topStreams([["a", 1], ["b", 3], ["c", 2]], 2), [["b", 3], ["c", 2]]);
});

Deno.test("of the names published a bounded number is kept, the last", () => {
  const published = new PublishedNames(4);
  published.note("a.trades", "a");
  published.note("a.trades", "a");
  published.note("order");
  assert.deepEqual([...published], ["a.trades", "a", "order"]);
  for (let at = 0; at < 1000; at++) published.note(`x${at}.trades`, `x${at}`);
  assert.deepEqual([...published], ["x998.trades", "x998", "x999.trades", "x999"]);
});

Deno.test("clients are served while somebody scrapes without a pause", async () => {
  await using exchange = await startExchange(broker, { auth: false });
  await using client = await connectClient(exchange.ranger.url("/public?stream=d.trades"));
  await client.next();
  const scrapes = Promise.all(Array.from({ length: 50 }, () => scrape(exchange.ranger)));
  for (let n = 0; n < 30; n++) assert.equal(await client.ask("ping"), "pong");
  await scrapes;
});

function namedStreams(ranger: Parameters<typeof scrape>[0]): Promise<Record<string, number>> {
  return labelled(ranger, "ranger_subscriptions_current", "stream");
}
