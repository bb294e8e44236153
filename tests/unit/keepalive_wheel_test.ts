import assert from "node:assert/strict";
import { Keepalive, NOWHERE, type Watched } from "../../src/websocket/keepalive.ts";
import { bounded } from "../../testing/bounded.ts";

/** Milliseconds of one tick of the wheel. */
const TICK = 250;

Deno.test("fifty thousand connections that open in one turn are pinged evenly over the interval", async () => {
  const count = 50_000;
  const interval = 2;
  const rounds = 2;
  const keepalive = new Keepalive({ pingInterval: interval, idleTimeout: 60 });
  /** Pings by the wheel's own tick, so that a suspended machine changes nothing. */
  const pings: number[] = [];
  const { promise: over, resolve } = Promise.withResolvers<void>();
  let left = count * rounds;
  const members = Array.from({ length: count }, (): Watched => ({
    heardAt: 0,
    place: NOWHERE,
    ping() {
      this.heardAt = keepalive.now;
      pings[keepalive.now] = (pings[keepalive.now] ?? 0) + 1;
      if (--left === 0) resolve();
    },
    cut: () => assert.fail("a connection that answers is not cut"),
  }));
  for (const member of members) keepalive.add(member);
  try {
    await bounded(over, "two rounds of pings", 60_000);
  } finally {
    for (const member of members) keepalive.remove(member);
  }
  const even = count * TICK / 1000 / interval;
  const [, ...ticks] = pings;
  assert.equal(ticks.length, rounds * interval * 1000 / TICK);
  for (const some of ticks) assert.ok(Math.abs(some - even) < even / 100, `${ticks}, not ${even}`);
});

Deno.test("the wheel drops what is removed, whenever that is, and stops when it is empty", async () => {
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
      assert.equal(this.gone, false, "a connection that was removed is not pinged");
      this.pings++;
      // One in three answers; one in ten leaves at its first ping and takes another with it.
      if (this.number % 3 === 0) this.heardAt = keepalive.now;
      if (this.number % 10 === 1) {
        this.leave();
        members[(this.number * 7) % members.length]!.leave();
      }
    }
    cut(): void {
      assert.notEqual(this.number % 3, 0, "a connection that answers is not cut");
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
  await bounded(over, "all connections that do not answer to be cut", 30_000);
  assert.ok(cuts > 1000);
  const left = members.filter(({ gone }) => !gone);
  assert.equal(keepalive.size, left.length);
  for (const { pings } of left) assert.ok(pings >= 2 && pings <= 5, `${pings} pings`);
  for (const member of left) member.leave();
  // A timer that went on would be a leak of this test.
  assert.equal(keepalive.size, 0);
});
