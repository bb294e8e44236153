import assert from "node:assert/strict";
import { setImmediate as nextTurn } from "node:timers/promises";
import { ReadTurns, type TurnTaker } from "../../src/websocket/read_turns.ts";
import { bounded } from "../../testing/bounded.ts";

/** Uses the processor. */
function work(milliseconds: number): void {
  for (const end = performance.now() + milliseconds; performance.now() < end;);
}

/** A client without messages. */
function idle(): TurnTaker {
  return { turnTag: 0, turnAt: performance.now(), takeTurn: () => false };
}

/** Clients with messages that take time to handle, and the order in which they are handled. */
class Clients {
  readonly turns = new ReadTurns();
  readonly handled: string[] = [];
  #wake: (() => void) | undefined;

  /** @param onMessage is called after each message */
  waiting(name: string, messages: number, cost: number, onMessage?: () => void): TurnTaker {
    let left = messages;
    const client = {
      turnTag: 0,
      turnAt: performance.now(),
      takeTurn: () => {
        do {
          work(cost);
          this.handled.push(name);
          left--;
          onMessage?.();
        } while (left > 0 && this.turns.goesOn);
        this.#wake?.();
        return left > 0;
      },
    };
    this.turns.wait(client);
    return client;
  }

  async untilNobodyWaits(): Promise<void> {
    while (this.turns.size > 0) {
      await bounded(new Promise<void>((resolve) => this.#wake = resolve), "a turn");
    }
  }
}

Deno.test("what is read has two milliseconds of a turn of the event loop", async () => {
  const turns = new ReadTurns();
  const [a, b] = [idle(), idle()];
  assert.ok(turns.begin(a));
  work(3);
  assert.ok(!turns.goesOn, "between two messages of one client");
  turns.end(a);
  assert.ok(!turns.begin(b), "and between two clients");
  await nextTurn();
  assert.ok(turns.begin(b), "the next turn");
});

Deno.test("clients have their turns in the order in which they came", async () => {
  const clients = new Clients();
  for (const name of ["a", "b", "c", "d", "e"]) clients.waiting(name, 1, 0);
  await clients.untilNobodyWaits();
  assert.equal(clients.handled.join(""), "abcde");
});

Deno.test("of what is read while others wait, only what would be next is handled", async () => {
  const clients = new Clients();
  const [sparse, used] = [idle(), idle()];
  const { promise, resolve } = Promise.withResolvers<void>();
  clients.waiting("A", 1000, 0.3, () => clients.handled.length === 20 && resolve());
  await bounded(promise, "the middle of it");
  await bounded(nextTurn(), "the next turn");
  assert.ok(clients.turns.begin(sparse), "a client that was given nothing");
  work(0.5);
  assert.ok(!clients.turns.goesOn, "its share");
  clients.turns.end(sparse);
  assert.ok(sparse.turnTag > 0);
  await bounded(nextTurn(), "the next turn");
  used.turnTag = 1e9;
  assert.ok(!clients.turns.begin(used), "one that was given more than the others");
  assert.ok(clients.turns.begin(idle()), "another one that was given nothing");
});

Deno.test("a client that has sent little does not wait behind those with much", async () => {
  const clients = new Clients();
  let asked = 0;
  const heavy = ["A", "B", "C"].map((name) =>
    clients.waiting(name, 40, 0.3, () => {
      // In the middle of all that, after each of them had turns.
      if (++asked === 30) clients.waiting("x", 1, 0);
    })
  );
  await clients.untilNobodyWaits();
  const at = clients.handled.indexOf("x");
  assert.ok(at >= 30 && at <= 32, `${at}: but for the one that waits longest`);
  for (const { turnTag } of heavy) assert.ok(turnTag > 0);
});

Deno.test("a client without a turn for a while is next, whatever it used before", async () => {
  const clients = new Clients();
  let asked = 0;
  const rare = (name: string, turnAt: number) => ({
    turnTag: 1e9,
    turnAt,
    takeTurn: () => (clients.handled.push(name), false),
  });
  const onMessage = () => {
    if (++asked !== 30) return;
    clients.turns.wait(rare("often", performance.now()));
    clients.turns.wait(rare("x", performance.now() - 1000));
    clients.turns.wait(rare("y", performance.now() - 1000));
  };
  for (const name of ["A", "B"]) clients.waiting(name, 30, 0.3, onMessage);
  await clients.untilNobodyWaits();
  const [x, y, often] = ["x", "y", "often"].map((name) => clients.handled.indexOf(name));
  assert.ok(x! >= 30 && x! <= 31, `${x}: but for the one that waits longest`);
  assert.ok(y! > x! && y! <= 33, "in the order in which they came");
  assert.ok(often! > y!, "after those that used less");
  assert.ok(often! < 45, `${often}: each fourth turn is for the one that waits longest`);
});

Deno.test("a turn counts for two milliseconds at most, whatever else took the processor", async () => {
  const clients = new Clients();
  const [long, short] = ["A", "B"].map((name) => clients.waiting(name, 1, name === "A" ? 30 : 0.1));
  await clients.untilNobodyWaits();
  assert.ok(long!.turnTag <= 2100, `${long!.turnTag} µs`);
  assert.ok(short!.turnTag > 0);
});

Deno.test("clients with much share the time, whatever one message costs", async () => {
  const clients = new Clients();
  const at: Record<string, number> = {};
  // Messages of A take ten times as long.
  clients.waiting("A", 30, 1, () => at["A"] = performance.now());
  clients.waiting("B", 100, 0.1, () => at["B"] ??= 0);
  await clients.untilNobodyWaits();
  const lastOfB = clients.handled.lastIndexOf("B");
  const ofA = clients.handled.slice(0, lastOfB).filter((name) => name === "A").length;
  assert.ok(ofA >= 2 && ofA < 30, `${ofA} messages of A in the time of all of B`);
});

Deno.test("when nobody waits any more, what was used before does not count", async () => {
  const clients = new Clients();
  const used = clients.waiting("A", 20, 0.3);
  await clients.untilNobodyWaits();
  assert.ok(used.turnTag > 0);
  clients.handled.length = 0;
  clients.turns.wait({
    ...used,
    takeTurn: () => (clients.handled.push("A"), false),
  });
  clients.waiting("new", 1, 0);
  await clients.untilNobodyWaits();
  assert.deepEqual(clients.handled, ["A", "new"]);
});

Deno.test("others have their turn between slices, however many wait", async () => {
  const clients = new Clients();
  for (let n = 0; n < 40; n++) clients.waiting("A", 1, 0.5);
  let breaks = 0;
  let before = 0;
  while (clients.turns.size > 0) {
    await bounded(nextTurn(), "the next turn");
    if (clients.handled.length - before > 6) assert.fail("more than two milliseconds in a row");
    before = clients.handled.length;
    breaks++;
  }
  assert.ok(breaks > 5);
});

Deno.test("a client that breaks takes nobody's turn", async () => {
  const clients = new Clients();
  const failures: unknown[] = [];
  const onError = (event: ErrorEvent) => {
    event.preventDefault();
    failures.push(event.error.message);
  };
  globalThis.addEventListener("error", onError);
  try {
    clients.turns.wait({
      turnTag: 0,
      turnAt: 0,
      takeTurn: () => {
        throw new Error("broken");
      },
    });
    clients.waiting("a", 1, 0);
    await clients.untilNobodyWaits();
  } finally {
    globalThis.removeEventListener("error", onError);
  }
  assert.deepEqual(clients.handled, ["a"]);
  assert.deepEqual(failures, ["broken"]);
});
