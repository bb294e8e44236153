import assert from "node:assert/strict";
import { V8_FLAGS } from "../../scripts/runtime.ts";
import { HandshakeGarbage } from "../../src/daemon/handshake_garbage.ts";

/** A server whose seconds are made by hand. */
class World {
  clients = 0;
  open = 0;
  events = 0;
  cpuMs = 0;
  time = 0;
  collections = 0;
  readonly garbage = new HandshakeGarbage({
    clients: () => this.clients,
    open: () => this.open,
    events: () => this.events,
    cpuMs: () => this.cpuMs,
    now: () => this.time,
    collect: () => this.collections++,
  });

  /** Seconds in each of which clients come and the process uses a part of the core. */
  pass(seconds: number, { come = 0, events = 0, share = 0.01 } = {}): void {
    for (let second = 0; second < seconds; second++) {
      this.clients += come;
      this.open += come;
      this.events += events;
      this.cpuMs += share * 1000;
      this.time += 1000;
      this.garbage.look();
    }
  }
}

Deno.test("a crowd's garbage is collected once, two quiet seconds after it came", () => {
  const world = new World();
  world.pass(1, { come: 10_000, share: 0.9 });
  world.pass(1);
  assert.equal(world.collections, 0);
  world.pass(1);
  assert.equal(world.collections, 1);
  world.pass(600);
  assert.equal(world.collections, 1);
});

Deno.test("the next crowd's garbage is collected as well", () => {
  const world = new World();
  world.pass(2, { come: 5000 });
  world.pass(5);
  world.pass(2, { come: 5000 });
  world.pass(5);
  assert.equal(world.collections, 2);
});

Deno.test("nothing is collected while the server is at work", () => {
  const world = new World();
  world.pass(1, { come: 10_000, share: 0.9 });
  for (let times = 0; times < 60; times++) {
    world.pass(1);
    world.pass(1, { share: 0.4 });
  }
  assert.equal(world.collections, 0);
  world.pass(2);
  assert.equal(world.collections, 1);
});

Deno.test("nothing is collected while events come, which the pause would delay", () => {
  const world = new World();
  world.pass(1, { come: 10_000, share: 0.9 });
  world.pass(60, { events: 1 });
  assert.equal(world.collections, 0);
  world.pass(2);
  assert.equal(world.collections, 1);
});

Deno.test("nothing is collected while clients still come", () => {
  const world = new World();
  world.pass(60, { come: 1000, share: 0.05 });
  assert.equal(world.collections, 0);
});

Deno.test("clients that come one after the other are no crowd", () => {
  const world = new World();
  world.pass(10_000, { come: 10 });
  assert.equal(world.collections, 0);
});

Deno.test("a crowd that is small among those connected is not worth the pause", () => {
  const world = new World();
  world.pass(1, { come: 20_000 });
  world.pass(2);
  assert.equal(world.collections, 1);
  world.pass(1, { come: 3000 });
  world.pass(10);
  assert.equal(world.collections, 1);
  world.pass(1, { come: 3000 });
  world.pass(10);
  assert.equal(world.collections, 2);
});

Deno.test("the program is started with what it collects with", () => {
  assert.equal(V8_FLAGS.includes("--expose-gc"), true);
});
