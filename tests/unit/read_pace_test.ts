import assert from "node:assert/strict";
import { type PacedReader, ReadPace } from "../../src/websocket/read_pace.ts";
import { FakeClock } from "../support/fake_clock.ts";

/** What the pace allows over time, and at once; see the constants of the module. */
const READS_PER_SECOND = 40_000;
const BURST = 400;

/** Clients, and the order in which they may be read again. */
class Crowd {
  readonly pace = new ReadPace();
  /** Names of those that were let go, oldest first. */
  readonly rested: number[] = [];
  readonly #readers: PacedReader[];

  constructor(size: number) {
    this.#readers = Array.from({ length: size }, (_, name) => ({
      rested: () => void this.rested.push(name),
    }));
  }

  /** A client is read. @returns whether it may be read further */
  read(name: number): boolean {
    return this.pace.count(this.#readers[name]!);
  }

  readAll(): void {
    for (let name = 0; name < this.#readers.length; name++) this.read(name);
  }
}

/** The names from 0 on. */
const upTo = (size: number) => Array.from({ length: size }, (_, name) => name);

Deno.test("below the rate nobody rests, and no timer runs", () => {
  using clock = new FakeClock();
  const crowd = new Crowd(30);
  // 30 reads each millisecond, for two seconds.
  for (let at = 0; at < 2000; at++) {
    for (let name = 0; name < 30; name++) assert.ok(crowd.read(name), `after ${at} ms`);
    clock.pass(1);
  }
  assert.deepEqual(clock.due, []);
  assert.equal(crowd.pace.size, 0);
});

Deno.test("a burst is read at once, and what is beyond it rests", () => {
  using clock = new FakeClock();
  const crowd = new Crowd(BURST + 1);
  for (let name = 0; name < BURST; name++) assert.ok(crowd.read(name), `read ${name}`);
  assert.ok(!crowd.read(BURST));
  assert.equal(crowd.pace.size, 1);
  clock.pass(1);
  assert.deepEqual(crowd.rested, [BURST]);
  assert.equal(crowd.pace.size, 0);
  // After a while without reads there is a burst again, and not more than one.
  clock.pass(60_000);
  for (let name = 0; name < BURST; name++) assert.ok(crowd.read(name), `read ${name}`);
  assert.ok(!crowd.read(BURST));
});

Deno.test("above the rate clients rest, and are let go in order", () => {
  using clock = new FakeClock();
  const crowd = new Crowd(BURST + 200);
  crowd.readAll();
  assert.equal(crowd.pace.size, 200);
  let before = 0;
  for (let at = 0; crowd.pace.size > 0 && at < 1000; at++) {
    clock.pass(1);
    assert.ok(crowd.rested.length - before <= 2 * READS_PER_SECOND / 1000, "few at a time");
    before = crowd.rested.length;
  }
  assert.deepEqual(crowd.rested, upTo(200).map((name) => BURST + name));
  assert.deepEqual(clock.due, [], "the timer ends with the last");
});

Deno.test("clients that always have something to read are read at the rate", () => {
  using clock = new FakeClock();
  const crowd = new Crowd(2000);
  crowd.readAll();
  let reads = 0;
  const perClient = new Map<number, number>();
  for (let at = 0; at < 1000; at++) {
    for (const name of crowd.rested.splice(0)) {
      reads++;
      perClient.set(name, (perClient.get(name) ?? 0) + 1);
      assert.ok(!crowd.read(name), "it rests again while others do");
    }
    clock.pass(1);
  }
  assert.ok(Math.abs(reads / READS_PER_SECOND - 1) < 0.05, `${reads} reads in a second`);
  const counts = [...perClient.values()];
  // Those of the burst were never let go, because they did not rest.
  assert.equal(perClient.size, 2000 - BURST);
  assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, "each has its turn");
});

Deno.test("ticks that come late let no more go than twice the rate", () => {
  using clock = new FakeClock();
  let now = 0;
  const rested: number[] = [];
  const pace = new ReadPace(() => now);
  for (let name = 0; name < 1000; name++) pace.count({ rested: () => void rested.push(name) });
  assert.equal(pace.size, 600);
  // The timer is a second late: what was not read meanwhile is not made up for at once.
  now = 1000;
  clock.pass(1);
  assert.equal(rested.length, 80);
});

Deno.test("a client that comes while others rest rests as well, behind them", () => {
  using clock = new FakeClock();
  const crowd = new Crowd(3000);
  for (let name = 0; name < 2000; name++) crowd.read(name);
  clock.pass(20);
  const { length } = crowd.rested;
  assert.ok(length > 0 && length < 1600, `${length} were let go`);
  assert.ok(!crowd.read(2999));
  clock.pass(60_000);
  assert.equal(crowd.rested.at(-1), 2999);
  assert.equal(crowd.rested.length, 1601);
});

Deno.test("reads of newcomers do not hold up those that rest for longer than a moment", () => {
  using clock = new FakeClock();
  const crowd = new Crowd(100_000);
  crowd.readAll();
  // All of them read, 2.5 s at the rate: no more of it than 10 ms is waited for.
  clock.pass(15);
  assert.ok(crowd.rested.length > 0);
  assert.deepEqual(crowd.rested.slice(0, 10), upTo(10).map((name) => BURST + name));
});

Deno.test("a crowd is let go completely, in order, at twice the rate where nobody reads", () => {
  using clock = new FakeClock();
  const crowd = new Crowd(10_000);
  crowd.readAll();
  let milliseconds = 0;
  for (; crowd.pace.size > 0 && milliseconds < 10_000; milliseconds++) clock.pass(1);
  assert.equal(crowd.pace.size, 0);
  assert.deepEqual(crowd.rested, upTo(10_000 - BURST).map((name) => BURST + name));
  const expected = (10_000 - BURST) * 1000 / READS_PER_SECOND / 2;
  assert.ok(Math.abs(milliseconds / expected - 1) < 0.15, `${milliseconds} ms`);
  assert.deepEqual(clock.due, []);
});

Deno.test("those that are read as soon as they are let go do not stay for ever", () => {
  using clock = new FakeClock();
  const pace = new ReadPace();
  let left = 20_000;
  // It is read within the call that lets it go, and is not read any more in the end.
  const reader: PacedReader = {
    rested: () => {
      if (left-- > 0) pace.count(reader);
    },
  };
  for (let count = 0; count < 6000; count++) pace.count(reader);
  const before = pace.size;
  clock.pass(5000);
  assert.ok(before > 5000);
  assert.equal(pace.size, 0);
  assert.deepEqual(clock.due, []);
});
