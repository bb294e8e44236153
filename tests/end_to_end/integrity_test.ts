import assert from "node:assert/strict";
import { type AMQPChannel, AMQPClient } from "@cloudamqp/amqp-client";
import { randomExchange } from "../../testing/amqp.ts";
import { until } from "../../testing/bounded.ts";
import { Crowd } from "../support/crowd.ts";
import type { Manner, MemberOptions } from "../support/crowd_members.ts";
import { numberedEvent, wrongWith } from "../support/numbered_events.ts";
import { socketsOf } from "../../testing/process_figures.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { closeOf, Opcode, RawClient } from "../../testing/raw_client.ts";
import { type RangerProcess, startRanger } from "../../testing/ranger.ts";

const broker = await sharedBroker();

const MEBIBYTE = 1 << 20;
/** Bytes that may wait for one client in the server. */
const LIMIT = 4 * MEBIBYTE;

const STREAMS = Array.from({ length: 12 }, (_, index) => `m${index}.load`);
/** Few and large: they fill the buffers of clients that do not read. */
const BULK = "m.bulk";
const BULK_BYTES = 20_000;

const CROWD = { steady: 160, slow: 30, never: 10 } satisfies Record<Manner, number>;

function crowdOf(url: string): MemberOptions[] {
  const bytes = { [BULK]: BULK_BYTES };
  const all: MemberOptions[] = [];
  for (const [manner, count] of Object.entries(CROWD) as [Manner, number][]) {
    for (let index = 0; index < count; index++) {
      const two = [STREAMS[index % 12]!, STREAMS[(index * 5 + 1) % 12]!];
      const streams = manner === "steady" ? two : manner === "slow" ? [BULK, ...two] : [BULK];
      all.push({ url, manner, bytes, streams: [...new Set(streams)] });
    }
  }
  return all;
}

/** Publishes numbered events in order, many at once. */
class Numbered implements AsyncDisposable {
  /** The number of the last event, by stream. */
  readonly last: Record<string, number> = {};

  private constructor(private readonly channel: AMQPChannel, private readonly exchange: string) {}

  static async connect(exchange: string): Promise<Numbered> {
    const client = new AMQPClient(broker.url, undefined, null);
    await client.connect();
    return new Numbered(await client.channel(), exchange);
  }

  /** How many events, of all streams. */
  get published(): number {
    return Object.values(this.last).reduce((sum, n) => sum + n, 0);
  }

  publish(stream: string, bytes?: number): Promise<number> {
    const n = this.last[stream] = (this.last[stream] ?? 0) + 1;
    const body = numberedEvent(stream, n, bytes);
    return this.channel.basicPublish(this.exchange, `public.${stream}`, body);
  }

  /** A burst over all streams, and some large ones. */
  async burst(bulk: number): Promise<void> {
    const sent: Promise<number>[] = [];
    for (let count = 0; count < 600; count++) sent.push(this.publish(STREAMS[count % 12]!));
    for (let count = 0; count < bulk; count++) sent.push(this.publish(BULK, BULK_BYTES));
    await Promise.all(sent);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { connection } = this.channel;
    const { socket } = connection as AMQPClient;
    const gone = new Promise((resolve) => socket?.once("close", resolve));
    await connection.close();
    await gone;
  }
}

interface Statistics {
  readonly connections: { readonly open: number };
  readonly unsentBytes: number;
  readonly events: { readonly received: number };
  readonly memory: { readonly rss: number };
}

async function statistics(ranger: RangerProcess): Promise<Statistics> {
  return await (await fetch(ranger.managementUrl("/stats"))).json();
}

Deno.test("under load every client that stays gets every event, in order and whole; who does not read is closed", async () => {
  const exchange = randomExchange();
  await using ranger = await startRanger({
    args: [
      "--no-auth",
      `--amqp-url=${broker.url}`,
      `--exchange=${exchange}`,
      `--limits-unsent-bytes=${LIMIT}`,
      "--limits-unsent-timeout=2",
    ],
  });
  await ranger.consuming();
  await using numbered = await Numbered.connect(exchange);
  await using crowd = await Crowd.start(crowdOf(ranger.url()));
  assert.equal((await statistics(ranger)).connections.open, 200);
  const sockets = socketsOf(ranger.pid);
  let most = 0;
  const look = async () => {
    const now = await statistics(ranger);
    most = Math.max(most, now.memory.rss);
    assert.ok(
      now.unsentBytes <= (CROWD.slow + CROWD.never) * (LIMIT + MEBIBYTE),
      `${now.unsentBytes} bytes wait`,
    );
    return now;
  };

  const haveEverything = (what: string) =>
    crowd.until((members) =>
      members.every(({ manner, last }) =>
        manner === "never" ||
        Object.entries(last).every(([stream, n]) => n === numbered.last[stream])
      ), what);

  // Nobody but the steady reads, up to where the kernel takes no more and the server keeps some,
  // and then one burst more, which it does not even try to write.
  const burst = async () => {
    await numbered.burst(20);
    await until(
      async () => (await look()).events.received === numbered.published || undefined,
      "the burst to arrive",
    );
    return await look();
  };
  await until(async () => {
    const { unsentBytes } = await burst();
    return unsentBytes > (CROWD.slow + CROWD.never) * MEBIBYTE / 4 || undefined;
  }, "events to wait in the server");
  assert.equal((await burst()).connections.open, 200);

  // The slow begin, and get what waits without anything new to push it.
  await crowd.read("slow");
  await haveEverything("the slow to have what waited for them");

  // From here on they are given no more at a time than what they coped with already.
  const window = numbered.last[BULK]!;
  await until(async () => {
    await crowd.until(
      (members) =>
        members.every(({ manner, last }) =>
          manner !== "slow" || (last[BULK] ?? 0) > numbered.last[BULK]! - window
        ),
      "the slow to come along",
    );
    await numbered.burst(20);
    return (await look()).connections.open <= 200 - CROWD.never || undefined;
  }, "clients that do not read to be closed");

  // They never read why, and are cut when the time for that is over. The looks keep the one
  // connection that they are made over, so that it is among the sockets before and after.
  await until(async () => {
    await look();
    return socketsOf(ranger.pid) <= sockets - CROWD.never || undefined;
  }, () => `the sockets to be gone: ${sockets} of late, ${socketsOf(ranger.pid)} now`);

  await numbered.burst(1);
  await haveEverything("everybody who stayed to have everything");
  const after = await look();
  assert.equal(after.connections.open, 200 - CROWD.never);
  assert.equal(after.unsentBytes, 0);
  assert.equal(after.events.received, numbered.published);
  assert.deepEqual(crowd.members.filter(({ fault }) => fault !== undefined), []);
  assert.ok(most < 400 * MEBIBYTE, `${most} bytes of memory`);
});

Deno.test("a client that reads too late finds whole events, then the close reason", async () => {
  const exchange = randomExchange();
  await using ranger = await startRanger({
    args: [
      ...["--no-auth", `--amqp-url=${broker.url}`, `--exchange=${exchange}`],
      "--limits-unsent-timeout=1",
    ],
  });
  await ranger.consuming();
  await using numbered = await Numbered.connect(exchange);
  using client = await RawClient.open(ranger.url(`/public?stream=${BULK}`));
  assert.equal((await client.frame()).opcode, Opcode.text);
  await until(async () => {
    for (let count = 0; count < 20; count++) await numbered.publish(BULK, BULK_BYTES);
    return (await statistics(ranger)).connections.open === 0 || undefined;
  }, "the client to be closed");

  let n = 0;
  let frame = await client.frame();
  for (; frame.opcode === Opcode.text; frame = await client.frame()) {
    const message = new TextDecoder().decode(frame.payload);
    assert.equal(wrongWith(message, BULK, ++n, BULK_BYTES), undefined);
  }
  assert.ok(n > 0 && n < numbered.last[BULK]!);
  assert.deepEqual(closeOf(frame), { code: 1008, reason: "slow consumer" });
  await client.send({ opcode: Opcode.close, payload: frame.payload });
  assert.equal(await client.ended(), "end");
});
