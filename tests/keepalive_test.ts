import assert from "node:assert/strict";
import { Keepalive, NOWHERE, type Watched } from "../src/websocket/keepalive.ts";
import { bounded, until } from "./support/bounded.ts";
import { connectClient } from "./support/client.ts";
import { segment } from "./support/exchange.ts";
import { Gate } from "./support/gate.ts";
import { type RangerProcess, startRanger } from "./support/ranger.ts";
import { encodeFrame, Opcode, RawClient } from "./support/raw_client.ts";

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
  // As long again, so that those who are left had the time to be cut.
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
    args: [...NO_BROKER, ...QUICK, `--limits-unsent-bytes=${2 ** 28}`],
  });
  using client = await RawClient.open(ranger.url(), { pings: true });
  const ping = encodeFrame({ opcode: Opcode.ping, payload: "x".repeat(125) });
  const flood = segment(...Array<Uint8Array>(500).fill(ping));
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

Deno.test("thousands that come at once are not pinged at once, and are all pinged", async () => {
  const count = 3000;
  const interval = 6;
  await using ranger = await startRanger({
    args: [...NO_BROKER, `--limits-ping-interval=${interval}`],
  });
  const clients: RawClient[] = [];
  /** Resolves to the part of the interval that passed until its first ping. */
  async function pinged(): Promise<number> {
    const client = await RawClient.open(ranger.url(), { pings: true });
    const begin = performance.now();
    clients.push(client);
    while ((await client.frame()).opcode !== Opcode.ping);
    const end = performance.now();
    await client.send({ opcode: Opcode.pong });
    return (end - begin) / 1000 / interval;
  }
  try {
    const waits: Promise<number>[] = [];
    while (waits.length < count) {
      waits.push(...Array.from({ length: 250 }, pinged));
      await until(() => clients.length === waits.length || undefined, "all of these to be in");
    }
    const quarters = [0, 0, 0, 0];
    for (const wait of await Promise.all(waits)) quarters[Math.min(Math.floor(wait * 4), 3)]!++;
    // As many in each were it perfect; all in the first were it not spread.
    for (const quarter of quarters) assert.ok(quarter < count / 2, `${quarters} of ${count}`);
    assert.equal((await statsOf(ranger)).connections.open, count);
  } finally {
    for (const client of clients) client.close();
  }
  await until(
    async () => (await statsOf(ranger)).connections.open === 0 || undefined,
    "all to be gone",
  );
});

Deno.test("the wheel forgets who leaves, whenever that is, and rests when nobody is left", async () => {
  const keepalive = new Keepalive({ pingInterval: 1, idleTimeout: 3 });
  const { promise: over, resolve } = Promise.withResolvers<void>();
  let cuts = 0;

  class Member implements Watched {
    heardAt = 0;
    place: number = NOWHERE;
    pings = 0;
    gone = false;
    constructor(readonly number: number) {}
    ping(): void {
      assert.equal(this.gone, false, "nobody is pinged who left");
      this.pings++;
      // One in three answers; one in ten leaves at its first ping and takes another with it.
      if (this.number % 3 === 0) this.heardAt = keepalive.now;
      if (this.number % 10 === 1) {
        this.leave();
        members[(this.number * 7) % members.length]!.leave();
      }
    }
    cut(): void {
      assert.notEqual(this.number % 3, 0, "nobody is cut who answers");
      assert.ok(this.pings >= 2 && this.pings <= 4, `${this.pings} pings before`);
      this.gone = true;
      cuts++;
      if (members.every((member) => member.gone || member.number % 3 === 0)) resolve();
    }
    leave(): void {
      this.gone = true;
      keepalive.remove(this);
      keepalive.remove(this);
    }
  }
  const members = Array.from({ length: 5000 }, (_, number) => new Member(number));
  for (const member of members) keepalive.add(member);
  assert.equal(keepalive.size, 5000);
  for (const member of members.filter(({ number }) => number % 7 === 2)) member.leave();
  await bounded(over, "all who do not answer to be cut", 30_000);
  assert.ok(cuts > 1000);
  const left = members.filter(({ gone }) => !gone);
  assert.equal(keepalive.size, left.length);
  for (const { pings } of left) assert.ok(pings >= 2 && pings <= 5, `${pings} pings`);
  for (const member of left) member.leave();
  // A timer that went on would be a leak of this test.
  assert.equal(keepalive.size, 0);
});
