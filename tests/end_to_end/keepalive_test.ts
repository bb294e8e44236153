import assert from "node:assert/strict";
import { bounded, until } from "../../testing/bounded.ts";
import { connectClient } from "../support/client.ts";
import { joined } from "../support/bytes.ts";
import { Gate } from "../../testing/gate.ts";
import { asManyAs, ManyClients } from "../support/many_clients.ts";
import { type RangerProcess, startRanger } from "../../testing/ranger.ts";
import { encodeFrame, Opcode, RawClient } from "../../testing/raw_client.ts";

const NO_BROKER = ["--no-auth", "--amqp-url", "amqp://127.0.0.1:1/"];
const QUICK = ["--limits-ping-interval=1", "--limits-idle-timeout=2"];

async function statsOf(ranger: RangerProcess) {
  return await (await fetch(ranger.managementUrl("/stats"))).json();
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

Deno.test("who gives no sign of life is cut, and nobody else", async () => {
  await using ranger = await startRanger({ args: [...NO_BROKER, ...QUICK] });
  await using gate = new Gate(ranger.url());
  await gate.open();

  await using answers = await connectClient(ranger.url());
  await answers.next();
  await using talks = await connectClient(ranger.url());
  await talks.next();
  using trickles = await RawClient.open(ranger.url(), { pings: true });
  using silent = await RawClient.open(ranger.url(), { pings: true });
  using behind = await RawClient.open(gate.url, { pings: true });
  await behind.frame();
  const { limitsHit } = await statsOf(ranger);
  assert.equal(limitsHit.idle_timeout, undefined);
  gate.jam();

  let done = false;
  // Reads, and answers pings as it must.
  const answering = assert.rejects(answers.next(), /the server (closed|ended)|no frame/);
  const talking = (async () => {
    for (; !done; await pause(300)) await talks.raw.send({ opcode: Opcode.text, payload: " " });
  })();
  const trickling = (async () => {
    // A frame's header and one byte of its payload after the other.
    await trickles.write(encodeFrame({ opcode: Opcode.text, declaredLength: 1000 }));
    for (; !done; await pause(300)) await trickles.write("x");
  })();

  const frames = await silent.rest();
  assert.ok(frames.length >= 2, "the greeting and a ping at least");
  for (const { opcode, payload, fin } of frames.slice(1)) {
    assert.deepEqual({ opcode, fin, length: payload.length }, {
      opcode: Opcode.ping,
      fin: true,
      length: 0,
    });
  }
  await until(
    async () => (await statsOf(ranger)).limitsHit.idle_timeout === 2 || undefined,
    "the client behind the jammed gate to be cut, too",
  );
  const metrics = await (await fetch(ranger.managementUrl("/metrics"))).text();
  assert.match(metrics, /^ranger_closes_total\{by="server",code="1006"\} 2$/m);
  // As long again, so that the remaining clients had the time to be cut.
  await pause(3000);
  done = true;
  await Promise.all([talking, trickling]);
  assert.equal((await statsOf(ranger)).connections.open, 3);
  assert.equal(await talks.ask("ping"), "pong");
  await trickles.write(new Uint8Array(1));
  assert.equal((await statsOf(ranger)).connections.open, 3);
  await ranger.stop();
  await answering;
});

Deno.test("what a client does not take is not made more by pings", async () => {
  await using ranger = await startRanger({
    args: [...NO_BROKER, ...QUICK, "--limits-message-rate=0", `--limits-unsent-bytes=${2 ** 28}`],
  });
  using client = await RawClient.open(ranger.url(), { pings: true });
  const ping = encodeFrame({ opcode: Opcode.ping, payload: "x".repeat(125) });
  const flood = joined(...Array<Uint8Array>(500).fill(ping));
  await until(async () => {
    for (let more = 0; more < 20; more++) await client.write(flood);
    return (await statsOf(ranger)).unsentBytes > 1_000_000 || undefined;
  }, "answers to wait for the client");
  const settled = await until(async () => {
    const { unsentBytes } = await statsOf(ranger);
    await pause(200);
    return unsentBytes === (await statsOf(ranger)).unsentBytes ? unsentBytes : undefined;
  }, "all to be answered");
  for (let round = 0; round < 10; round++) {
    await pause(300);
    await client.send({ opcode: Opcode.pong });
  }
  assert.equal((await statsOf(ranger)).unsentBytes, settled);
});

/** Milliseconds of one tick of the wheel. */
const TICK = 250;

/** How many came in each tick. */
class Ticks {
  readonly #counts = new Map<number, number>();

  add(milliseconds: number): void {
    const tick = Math.floor(milliseconds / TICK);
    this.#counts.set(tick, (this.#counts.get(tick) ?? 0) + 1);
  }

  get most(): number {
    return Math.max(...this.#counts.values());
  }

  toString(): string {
    const inOrder = [...this.#counts].sort(([one], [other]) => one - other);
    return inOrder.map(([, count]) => count).join();
  }
}

Deno.test("thousands that come at once are not pinged at once, and are all pinged", async () => {
  const count = asManyAs(12_000);
  const interval = 10;
  await using ranger = await startRanger({
    args: [...NO_BROKER, `--limits-ping-interval=${interval}`],
  });
  const joined = new Map<number, number>();
  const pinged = new Set<number>();
  /** First pings by the tick in which they came, and by how many ticks after their client did. */
  const [ofAll, ofEach] = [new Ticks(), new Ticks()];
  const { promise: all, resolve } = Promise.withResolvers<void>();
  await using clients = await ManyClients.connect(ranger.url(), count, {
    joined: (client) => void joined.set(client, performance.now()),
    pinged(client) {
      if (pinged.has(client)) return;
      pinged.add(client);
      ofAll.add(performance.now());
      ofEach.add(performance.now() - joined.get(client)!);
      if (pinged.size === count) resolve();
    },
  });
  await bounded(all, () => `a ping to each of ${count}, not to ${pinged.size}`, 60_000);
  // A loop that was late makes up for four ticks at once, and a reader that was late for more.
  const even = count * TICK / 1000 / interval;
  assert.ok(ofAll.most < 8 * even, `${ofAll} in a tick, not some ${even}`);
  // They come one after the other: only by this is it seen whether all have the same wait.
  assert.ok(ofEach.most < 3 * even, `${ofEach} after these ticks, not about ${even}`);
  assert.equal(clients.ended, 0);
  assert.equal((await statsOf(ranger)).connections.open, count);
  await clients.leave();
  await until(
    async () => (await statsOf(ranger)).connections.open === 0 || undefined,
    "all to be gone",
  );
});

Deno.test("a client that is silent is cut when its time is over, not before", async () => {
  const seconds = 3;
  await using ranger = await startRanger({
    args: [...NO_BROKER, "--limits-ping-interval=1", `--limits-idle-timeout=${seconds}`],
  });
  // Measured from before to after, so that a slow machine makes it longer and never shorter.
  const begin = performance.now();
  using silent = await RawClient.open(ranger.url());
  await silent.ended();
  const part = (performance.now() - begin) / 1000 / seconds;
  assert.ok(part > 2 / 3, `cut after ${part.toFixed(2)} of its time`);
});
