import assert from "node:assert/strict";
import fc from "fast-check";
import { until } from "../../testing/bounded.ts";
import { type Client, connectClient } from "../support/client.ts";
import { close, ping, pong, text, told } from "../support/conformance.ts";
import { step } from "../support/exchange.ts";
import { encodeFrame, type FrameToSend } from "../../testing/frames.ts";
import { memoryOf, socketsOf } from "../../testing/process_figures.ts";
import { RawClient } from "../../testing/raw_client.ts";
import { type RangerProcess, startRanger } from "../../testing/ranger.ts";
import { decodeAll } from "../support/reference_decoder.ts";

const MEBIBYTE = 2 ** 20;
const LIMIT = 4096;
const HOSTILE_CONNECTIONS = 1800;
const AT_ONCE = 24;

/** Good frames, broken in places, or bytes that never were frames. */
const hostileBytes = fc.oneof(
  fc.uint8Array({ maxLength: 64 }),
  fc.tuple(
    fc.array(
      fc.constantFrom(
        text("ping"),
        text("pi", { fin: false }),
        ping("x".repeat(100)),
        text(new Uint8Array([0xed, 0xa0, 0x80])),
        text("x".repeat(5000)),
        close(1000),
      ),
      { minLength: 1, maxLength: 5 },
    ),
    fc.nat(200),
    fc.nat(255),
  ).map(([frames, at, byte]) => {
    const bytes = frames.flatMap((frame) => [...encodeFrame(frame)]);
    if (at < bytes.length) bytes[at] = byte;
    return new Uint8Array(at % 3 === 0 ? bytes.slice(0, at) : bytes);
  }),
);

/** How a hostile connection goes. */
const hostile = fc.record({
  bytes: hostileBytes,
  way: fc.constantFrom("no handshake", "ends its side", "closes at once"),
});
type Hostile = typeof hostile extends fc.Arbitrary<infer T> ? T : never;

async function attack(ranger: RangerProcess, { bytes, way }: Hostile): Promise<void> {
  if (way === "no handshake") {
    using client = await RawClient.connect(ranger.port);
    return await client.write(bytes);
  }
  using client = await RawClient.open(ranger.url("/public?stream=a.trades"));
  await client.write(bytes);
  // With the server's answers unread, this resets the connection.
  if (way === "closes at once") return;
  await client.end();
  const last = (await client.rest()).map(told).at(-1) ?? "";
  const { events, violation } = decodeAll(bytes, LIMIT);
  if (violation !== undefined) assert.equal(last, `fail ${violation}`);
  else if (events.at(-1)?.startsWith("close")) assert.match(last, /^close /);
  else assert.doesNotMatch(last, /^(close|fail) /);
}

async function attacks(ranger: RangerProcess, all: readonly Hostile[]): Promise<void> {
  const left = [...all];
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let next = left.pop(); next; next = left.pop()) {
      try {
        await attack(ranger, next);
      } catch (error) {
        throw new Error(`${next.way}, after ${next.bytes.toHex()}`, { cause: error });
      }
    }
  }));
}

function socketsBackTo(ranger: RangerProcess, count: number): Promise<true> {
  return until(
    () => socketsOf(ranger.pid) <= count || undefined,
    () => `${count} sockets, as before; there are ${socketsOf(ranger.pid)}`,
  );
}

async function assertServed(client: Client): Promise<void> {
  assert.equal(await client.ask("ping"), "pong");
}

Deno.test("clients that mean harm cost the server nothing that stays", async (t) => {
  await using ranger = await startRanger({
    args: [
      ...["--no-auth", "--amqp-url", "amqp://127.0.0.1:1/", "--log-level", "debug"],
      // A flood of messages is ended by their rate; here it is to be ended by what it costs.
      "--limits-message-rate=0",
    ],
  });
  await using healthy = await connectClient(ranger.url());
  await healthy.next();
  const sockets = socketsOf(ranger.pid);

  await step(t, `${HOSTILE_CONNECTIONS} hostile connections`, async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const all = fc.sample(hostile, { seed, numRuns: HOSTILE_CONNECTIONS });
    try {
      // The first third also fills the server's caches and pools.
      await attacks(ranger, all.slice(0, all.length / 3));
      const memory = memoryOf(ranger.pid);
      await attacks(ranger, all.slice(all.length / 3));
      await socketsBackTo(ranger, sockets);
      const grown = memoryOf(ranger.pid) / memory;
      assert.ok(grown < 1.5, `memory has grown to ${grown.toFixed(2)} times what it was`);
    } catch (error) {
      throw new Error(`with seed ${seed}`, { cause: error });
    }
    await assertServed(healthy);
  });

  await step(t, "a client that ends its side without a close frame is let go", async () => {
    const clients = await Promise.all(
      Array.from({ length: 50 }, () => RawClient.open(ranger.url())),
    );
    assert.ok(socketsOf(ranger.pid) >= sockets + 50);
    for (const client of clients) await client.end();
    // Their own side stays open all the while.
    for (const client of clients) assert.equal(await client.ended(), "end");
    await socketsBackTo(ranger, sockets);
    for (const client of clients) client.close();
  });

  await step(t, "a client that never ends its side is cut", async () => {
    const clients = await Promise.all(
      Array.from({ length: 50 }, () => RawClient.open(ranger.url())),
    );
    for (const [index, client] of clients.entries()) {
      await client.send(index % 2 === 0 ? close(1000) : text("x", { rsv: 1 }));
      assert.deepEqual(
        (await client.rest()).map(told).at(-1),
        index % 2 === 0 ? "close 1000" : "fail 1002",
      );
    }
    await socketsBackTo(ranger, sockets);
    for (const client of clients) client.close();
  });

  await step(t, "a client that never stops to send keeps nobody waiting", async () => {
    using flooder = await RawClient.open(ranger.url());
    const bytes = floodOf(pong());
    let sent = 0;
    let most = 0;
    let asked = 0;
    const asking = (async () => {
      for (; asked < 20; asked++) {
        const before = sent;
        await assertServed(healthy);
        most = Math.max(most, (sent - before) / MEBIBYTE);
      }
    })();
    while (asked < 20 && sent < 256 * MEBIBYTE) {
      await flooder.write(bytes);
      sent += bytes.length;
      // This process has to look at its other client, too.
      await new Promise(setImmediate);
    }
    await asking;
    // What the kernel holds of the flood is a few; were it read on and on, all of it would come first.
    assert.ok(most < 32, `an answer came after ${most.toFixed()} MiB more of the flood`);
  });

  await step(t, "clients that flood and never read are closed as slow consumers", async () => {
    const before = memoryOf(ranger.pid);
    // Answered by few bytes: what costs most to hold is many small frames.
    const frames = [...Array<FrameToSend>(4).fill(ping()), text("ping"), ping("x"), text("?")];
    // Three of each: the garbage of one process is not what a client made it hold.
    const floods = [...frames, ...frames, ...frames].map(floodOf);
    let most = 0;
    await Promise.all(floods.map(async (bytes) => {
      using client = await RawClient.open(ranger.url());
      await assert.rejects(async () => {
        while (true) {
          // They have turns, so one of many may wait long for its next megabyte to be read.
          await client.write(bytes, 60_000);
          most = Math.max(most, memoryOf(ranger.pid) - before);
        }
      }, /reset|[Bb]roken pipe/);
    }));
    const perClient = most / floods.length / MEBIBYTE;
    assert.ok(perClient < 12, `each client made the server hold ${perClient.toFixed(1)} MiB`);
    assert.equal(ranger.logged(isSlowConsumer), floods.length);
    await socketsBackTo(ranger, sockets);
    await assertServed(healthy);
  });
});

/** One frame again and again, as much as a socket is read at once. */
function floodOf(frame: FrameToSend): Uint8Array {
  const one = encodeFrame(frame);
  const bytes = new Uint8Array(Math.floor(65_536 / one.length) * one.length);
  for (let at = 0; at < bytes.length; at += one.length) bytes.set(one, at);
  return bytes;
}

function isSlowConsumer(line: { readonly [property: string]: unknown }): boolean {
  return line.code === 1008 && line.reason === "slow consumer";
}
