import assert from "node:assert/strict";
import { amqp, connectPublisher, randomExchange } from "../../testing/amqp.ts";
import { until } from "../../testing/bounded.ts";
import { fileBroker } from "../../testing/rabbitmq.ts";
import { Gate } from "../../testing/gate.ts";
import { StreamSource } from "../support/stream_source.ts";

const broker = await fileBroker();

/** Names of an exchange and a stream that no other test uses. */
function names(): { exchange: string; stream: string } {
  const exchange = randomExchange();
  return { exchange, stream: `${exchange}.stream` };
}

/** Publishes numbered events one after the other, each confirmed, until it is stopped. */
class SteadyPublisher {
  /** The bodies that the broker confirmed. */
  readonly confirmed: string[] = [];
  readonly #running: Promise<void>;
  #stopping = false;

  constructor(url: string, exchange: string, start = 0) {
    this.#running = this.#run(url, exchange, start);
  }

  async confirms(count: number): Promise<void> {
    const wanted = this.confirmed.length + count;
    await until(() => this.confirmed.length >= wanted || undefined, `${count} confirmed events`);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
  }

  async #run(url: string, exchange: string, start: number): Promise<void> {
    await using publisher = await connectPublisher(url, exchange);
    for (let number = start; !this.#stopping; number++) {
      await publisher.publish("private.ID1.trade", `{"n":${number}}`);
      this.confirmed.push(`{"n":${number}}`);
    }
  }
}

/** Publishes numbered events, each confirmed. */
async function publish(
  exchange: string,
  from: number,
  count: number,
  filler = 0,
): Promise<string[]> {
  await using publisher = await connectPublisher(broker.url, exchange);
  const texts = Array.from(
    { length: count },
    (_, at) => `{"n":${from + at}${filler === 0 ? "" : `,"x":"${"x".repeat(filler)}"`}}`,
  );
  for (let at = 0; at < count; at += 100) {
    await Promise.all(
      texts.slice(at, at + 100).map((text) => publisher.publish("public.usdbtc.trades", text)),
    );
  }
  return texts;
}

/** Asserts that offsets rise, whatever they are. */
function assertRising({ taken }: StreamSource): void {
  const offsets = taken.flatMap((entry) => entry.what === "event" ? [entry.offset] : []);
  for (const [at, offset] of offsets.entries()) {
    if (at > 0) assert.ok(offset > offsets[at - 1]!, `${offset} after ${offsets[at - 1]}`);
  }
}

Deno.test("a source begins with what was published before, and all sources agree about the log", async () => {
  const { exchange, stream } = names();
  await using first = new StreamSource({ url: broker.url, exchange, stream });
  await first.caughtUp();
  const before = await publish(exchange, 0, 250);
  await first.delivered(before.at(-1)!);
  await using second = new StreamSource({ url: broker.url, exchange, stream });
  await second.caughtUp();
  assert.deepEqual(second.texts, before);
  const after = await publish(exchange, 250, 250);
  await Promise.all([first.delivered(after.at(-1)!), second.delivered(after.at(-1)!)]);

  for (const source of [first, second]) {
    assert.deepEqual(source.texts, [...before, ...after]);
    assert.deepEqual(source.losses, []);
    assertRising(source);
  }
  assert.equal(typeof first.state.log, "string");
  assert.equal(first.state.log, second.state.log);
  const events = (source: StreamSource) => source.taken.filter(({ what }) => what === "event");
  const past = (source: StreamSource) =>
    events(source).map((entry) => entry.what === "event" && entry.past);
  assert.deepEqual(past(first), Array(500).fill(false));
  assert.deepEqual(past(second), [...Array(250).fill(true), ...Array(250).fill(false)]);
  assert.deepEqual(
    events(first).map((entry) => ({ ...entry, past: undefined })),
    events(second).map((entry) => ({ ...entry, past: undefined })),
  );
  assert.deepEqual(second.state.lag, { events: 0, seconds: 0 });
});

Deno.test("whatever ends the connection, a source misses nothing and repeats nothing", async (t) => {
  const { exchange, stream } = names();
  await using gate = new Gate(broker.url);
  await gate.open();
  await using source = new StreamSource({ url: gate.url, exchange, stream, heartbeat: 1 });
  await source.caughtUp();
  const publisher = new SteadyPublisher(broker.url, exchange);
  const faults: Readonly<Record<string, () => Promise<void>>> = {
    "a path that is cut": () => gate.cut(),
    "a path that is away": async () => {
      await gate.shut();
      await publisher.confirms(300);
      await gate.open();
    },
    "a path that stalls": async () => {
      gate.jam();
      await until(() => !source.state.connected || undefined, "the silence to be noticed");
    },
    "an operator who closes the connection": async () => {
      const rows = await broker.ctl("list_connections", "pid", "client_properties");
      const pids = rows.split("\n").filter((row) => row.includes("ranger "));
      for (const row of pids) await broker.ctl("close_connection", row.split("\t")[0]!, "test");
    },
  };
  for (const [name, fault] of Object.entries(faults)) {
    await t.step(name, async () => {
      await publisher.confirms(50);
      const { reconnects } = source.state;
      await fault();
      await until(
        () => source.state.reconnects > reconnects && source.state.connected || undefined,
        () => `the source to reconnect: ${source.state.detail}`,
      );
      await publisher.confirms(50);
    });
  }
  await publisher.stop();
  await source.delivered(publisher.confirmed.at(-1)!);
  assert.deepEqual(source.texts, publisher.confirmed);
  assert.deepEqual(source.losses, []);
  assertRising(source);
});

Deno.test("a restart of the broker loses what was published without a binding, and every source reports it there", async () => {
  const { exchange, stream } = names();
  await using gate = new Gate(broker.url);
  await gate.open();
  await using one = new StreamSource({ url: gate.url, exchange, stream });
  await one.caughtUp();
  await using two = new StreamSource({ url: gate.url, exchange, stream });
  await two.caughtUp();
  const before = await publish(exchange, 0, 100);
  await Promise.all([one.delivered(before.at(-1)!), two.delivered(before.at(-1)!)]);
  await gate.shut();
  await broker.restart();
  // The publisher is back before Ranger is: confirmed and lost.
  await publish(exchange, 1000, 10);
  await gate.open();
  await Promise.all([one, two].map((source) =>
    until(
      () => source.state.connected && source.losses.length > 0 || undefined,
      () => `the loss to be reported; ${source.state.detail}`,
    )
  ));
  const after = await publish(exchange, 100, 100);
  for (const source of [one, two]) {
    await source.delivered(after.at(-1)!);
    assert.deepEqual(source.texts, [...before, ...after]);
    assert.deepEqual([...new Set(source.losses)], ["binding"]);
    assert.ok(source.state.losses.of("binding") > 0);
    const lost = source.taken.findIndex(({ what }) => what === "lost");
    const events = source.taken.slice(0, lost).filter(({ what }) => what === "event");
    assert.equal(events.length, 100, "the loss is where the binding was gone");
  }
  assert.equal(one.state.log, two.state.log);

  // So does a source that starts later, and the next reconnection does not report it again.
  await using late = new StreamSource({ url: broker.url, exchange, stream });
  await late.caughtUp();
  assert.deepEqual(late.texts, [...before, ...after]);
  assert.deepEqual([...new Set(late.losses)], ["binding"]);
  assert.equal(late.state.losses.of("binding"), 0, "it was not there to lose anything");
  const reported = one.losses.length;
  const { reconnects } = one.state;
  await gate.cut();
  await until(() => one.state.reconnects > reconnects || undefined, "a reconnection");
  const more = await publish(exchange, 200, 1);
  await one.delivered(more[0]!);
  assert.equal(one.losses.length, reported);
});

Deno.test("an exchange that is deleted is created and bound again, and the loss is reported", async () => {
  const { exchange, stream } = names();
  await using gate = new Gate(broker.url);
  await gate.open();
  await using source = new StreamSource({ url: gate.url, exchange, stream });
  await source.caughtUp();
  const before = await publish(exchange, 0, 5);
  await source.delivered(before.at(-1)!);
  const { client, channel } = await amqp(broker.url);
  await channel.exchangeDelete(exchange);
  await client.close();
  await gate.cut();
  await until(() => source.losses.length > 0 || undefined, "the loss");
  const after = await publish(exchange, 5, 5);
  await source.delivered(after.at(-1)!);
  assert.deepEqual(source.texts, [...before, ...after]);
  assert.deepEqual(source.losses, ["binding"]);
});

Deno.test("a stream that is deleted and declared again is noticed, and read from its beginning", async (t) => {
  await t.step("while it is read", async () => {
    const { exchange, stream } = names();
    await using source = new StreamSource({ url: broker.url, exchange, stream });
    await source.caughtUp();
    const { log } = source.state;
    const before = await publish(exchange, 0, 100);
    await source.delivered(before.at(-1)!);
    const { client, channel } = await amqp(broker.url);
    await channel.queueDelete(stream);
    await client.close();
    await until(() => source.losses.length > 0 && source.state.log || undefined, "the loss");
    const after = await publish(exchange, 100, 100);
    await source.delivered(after.at(-1)!);
    assert.deepEqual(source.texts, [...before, ...after]);
    assert.deepEqual(source.losses, ["replaced"]);
    assert.notEqual(source.state.log, log);
    assert.notEqual(source.state.log, undefined);
  });

  for (
    const [name, count] of [["shorter than before", 50], ["longer than before", 500]] as const
  ) {
    await t.step(`while the source is away, and it is ${name}`, async () => {
      const { exchange, stream } = names();
      await using gate = new Gate(broker.url);
      await gate.open();
      await using source = new StreamSource({ url: gate.url, exchange, stream });
      await source.caughtUp();
      const { log } = source.state;
      const before = await publish(exchange, 0, 100);
      await source.delivered(before.at(-1)!);
      await gate.shut();
      const { client, channel } = await amqp(broker.url);
      await channel.queueDelete(stream);
      await client.close();
      // Another process declares it again.
      await using other = new StreamSource({ url: broker.url, exchange, stream });
      await other.caughtUp();
      const after = await publish(exchange, 1000, count);
      await gate.open();
      await source.delivered(after.at(-1)!);
      assert.deepEqual(source.texts, [...before, ...after]);
      assert.deepEqual(source.losses, ["replaced"]);
      await until(() => source.state.log, "the name of the new log");
      assert.equal(source.state.log, other.state.log);
      assert.notEqual(source.state.log, log);
    });
  }
});

Deno.test("what the stream's limits took while a source was away is reported, and nothing is repeated", async () => {
  const { exchange, stream } = names();
  await using gate = new Gate(broker.url);
  await gate.open();
  const limits = { streamMaxBytes: 1_000_000 };
  await using source = new StreamSource({ url: gate.url, exchange, stream, ...limits });
  await source.caughtUp();
  const before = await publish(exchange, 0, 10);
  await source.delivered(before.at(-1)!);
  await gate.shut();
  const after = await publish(exchange, 10, 5000, 2000);
  await gate.open();
  await source.delivered(after.at(-1)!);
  assert.deepEqual(source.losses, ["retention"]);
  assert.equal(source.state.losses.of("retention"), 1);
  const texts = source.texts.slice(before.length);
  assert.ok(texts.length < after.length, "the limits took something");
  assert.deepEqual(texts, after.slice(-texts.length));
  assertRising(source);
});

Deno.test("a queue of the stream's name that is not a stream is refused with what to do", async () => {
  const { exchange, stream } = names();
  const { client, channel } = await amqp(broker.url);
  await channel.queueDeclare(stream, { durable: true });
  await using source = new StreamSource({ url: broker.url, exchange, stream });
  await until(() => source.state.lastError, "the refusal");
  assert.match(source.state.lastError!, /queue \S+ is not a stream/);
  assert.equal(source.state.failures.of("stream") > 0, true);
  assert.equal(source.state.connected, false);
  await channel.queueDelete(stream);
  await client.close();
  await source.caughtUp();
});

Deno.test("other limits than the existing stream's do not keep a source from reading it", async () => {
  const { exchange, stream } = names();
  const url = broker.url;
  await using one = new StreamSource({ url, exchange, stream, streamMaxBytes: 10_000_000 });
  await one.caughtUp();
  await using two = new StreamSource({ url, exchange, stream, streamMaxBytes: 3_000_000_000 });
  await two.caughtUp();
  const texts = await publish(exchange, 0, 3);
  await Promise.all([one.delivered(texts[2]!), two.delivered(texts[2]!)]);
});
