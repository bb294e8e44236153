/** A client that loses its connections gets each event once and in order, or reports the loss. */
import fc from "fast-check";
import assert from "node:assert/strict";
import { connect, type ConnectOptions, type Ranger } from "../../client/src/mod.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { FakeServer } from "../support/fake_server.ts";
import { LogServer } from "../support/log_server.ts";

/** Public, of a whole id, private, and a role's. */
const SUBSCRIBED = ["a.t", "order", "b.t", "admin.p.q", "c.t", "d"];
const PUBLISHED = ["a.t", "b.t", "c.t", "d.x", "d.y", "order", "admin.p.q"];

type Step =
  | { readonly does: "publish"; readonly stream: string }
  | { readonly does: "subscribe" | "unsubscribe"; readonly stream: string; readonly last: number }
  | { readonly does: string };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    arbitrary: fc.record({
      does: fc.constant("publish"),
      stream: fc.constantFrom(...PUBLISHED),
    }),
    weight: 8,
  },
  {
    arbitrary: fc.constantFrom("deliver", "receive", "read").map((does) => ({ does })),
    weight: 12,
  },
  { arbitrary: fc.constantFrom("pass", "accept").map((does) => ({ does })), weight: 6 },
  { arbitrary: fc.constantFrom("cut", "expire", "sign in").map((does) => ({ does })), weight: 3 },
  { arbitrary: fc.constantFrom("forget", "restart").map((does) => ({ does })), weight: 1 },
  {
    arbitrary: fc.record({
      does: fc.constantFrom("subscribe", "unsubscribe"),
      stream: fc.constantFrom(...SUBSCRIBED),
      last: fc.constantFrom(0, 0, 3),
    }),
    weight: 3,
  },
);

/** What an app has received of its streams. */
class App {
  readonly ranger: Ranger;
  readonly #server: LogServer;
  readonly #stops = new Map<string, () => void>();
  #tokens: ((token: string) => void)[] = [];
  readonly #ended = new Set<string>();
  /** Offsets of the events, by the name subscribed, and what was lost between them. */
  readonly received = new Map<string, (number | "lost")[]>();

  constructor(server: LogServer, options: ConnectOptions = {}) {
    this.#server = server;
    const token = () => new Promise<string>((resolve) => this.#tokens.push(resolve));
    this.ranger = connect("ws://fake/", {
      WebSocket: server.WebSocket,
      timeout: 1e9,
      pingInterval: 1e9,
      token,
      ...options,
    });
    this.ranger.onError(({ code, message, stream = "" }) => {
      assert.equal(code, "refused", message);
      this.unsubscribe(stream);
    });
    this.ranger.onLoss((streams) => {
      for (const name of streams) this.received.get(name)?.push("lost");
    });
  }

  /** The tokens that were asked for arrive. */
  signIn(): void {
    for (const resolve of this.#tokens.splice(0)) resolve("e30.e30.e30");
  }

  subscribe(name: string, last: number): void {
    if (this.#stops.has(name)) return;
    // Events of the earlier subscription may still be under way, and are no part of the next one.
    if (this.#ended.has(name) && !this.#server.isQuiet) return;
    const received: (number | "lost")[] = [];
    this.received.set(name, received);
    const take = (payload: unknown) => void received.push((payload as { offset: number }).offset);
    this.#stops.set(name, this.ranger.on(name, take, { last }));
  }

  unsubscribe(name: string): void {
    this.#ended.add(name);
    this.#stops.get(name)?.();
    this.#stops.delete(name);
    this.received.delete(name);
  }

  /** Asserts that nothing is repeated, and that what is missing was reported. */
  check(): void {
    for (const [name, received] of this.received) {
      const all = this.#server.log
        .filter(({ stream }) => stream === name || stream.split(".")[0] === name)
        .map(({ offset }) => offset);
      let next: number | undefined;
      let lost = false;
      for (const one of received) {
        if (one === "lost") {
          lost = true;
          continue;
        }
        const at = all.indexOf(one);
        const what = `${name}: ${received} of ${all}`;
        if (next !== undefined) assert.ok(lost ? at >= next : at === next, what);
        next = at + 1;
        lost = false;
      }
    }
  }

  /** Asserts that all is there up to now. */
  checkEnd(): void {
    this.check();
    for (const [name, received] of this.received) {
      const last = this.#server.log
        .findLast(({ stream }) => stream === name || stream.split(".")[0] === name);
      assert.equal(received.at(-1), last?.offset, `${name}: ${received}`);
    }
  }
}

/** Lets pending promises resolve. */
async function turn(): Promise<void> {
  for (let n = 0; n < 10; n++) await Promise.resolve();
}

/** Lets everything arrive. */
async function settle(app: App, server: LogServer, clock: FakeClock): Promise<void> {
  let quiet = 0;
  for (let n = 0; n < 1000 && quiet < 5; n++) {
    clock.pass(1000);
    server.accept();
    app.signIn();
    await turn();
    server.receive();
    server.deliver(100);
    server.read();
    quiet = server.isQuiet ? quiet + 1 : 0;
  }
  assert.equal(quiet, 5, "it becomes quiet");
}

async function run(subscribed: readonly string[], steps: readonly Step[]): Promise<void> {
  using clock = new FakeClock();
  const server = new LogServer();
  const app = new App(server);
  for (const name of subscribed) app.subscribe(name, 0);
  await settle(app, server, clock);
  for (const step of steps) {
    await turn();
    if ("last" in step) {
      if (step.does === "subscribe") app.subscribe(step.stream, step.last);
      else app.unsubscribe(step.stream);
    } else if ("stream" in step) server.publish(step.stream);
    else if (step.does === "deliver") server.deliver(2);
    else if (step.does === "pass") clock.pass(300);
    else if (step.does === "sign in") app.signIn();
    else {server
        [step.does as "receive" | "read" | "cut" | "accept" | "expire" | "forget" | "restart"]();}
  }
  await settle(app, server, clock);
  for (const stream of PUBLISHED) server.publish(stream);
  await settle(app, server, clock);
  app.checkEnd();
  void app.ranger.close();
}

Deno.test("whatever is lost on the way, each event comes once and in order, or its loss is reported", async () => {
  const times = Number(Deno.env.get("RANGER_FUZZ_TIMES") ?? 1);
  await fc.assert(
    fc.asyncProperty(
      fc.subarray(SUBSCRIBED),
      fc.array(step, { minLength: 20, maxLength: 150 }),
      run,
    ),
    { numRuns: 5000 * times },
  );
});

/** Steps by their names; one with a dot, or `order`, is published. */
function steps(text: string): Step[] {
  return text.split(" ").map((word) =>
    /^order$|[.]/.test(word) ? { does: "publish", stream: word } : { does: word }
  );
}

const LOST = "a.t order deliver deliver cut";
const BACK = "pass accept deliver receive";

Deno.test("a private stream that waits for its token stays where it was, whatever other streams do", async () => {
  // Caught up, and then lost again after a live event.
  await run(["a.t", "order"], steps(`${LOST} order ${BACK} read deliver a.t deliver cut`));
  // Lost again while the other stream catches up.
  await run(["a.t", "order"], steps(`${LOST} order a.t ${BACK} read deliver cut`));
});

Deno.test("a server without cursors and status is used as before", () => {
  using clock = new FakeClock();
  const server = new FakeServer();
  const ranger = connect("ws://fake/", {
    WebSocket: server.WebSocket,
    timeout: 1e9,
    pingInterval: 1e9,
  });
  ranger.onLoss(() => assert.fail("it knows nothing of losses"));
  ranger.onError(({ message }) => assert.fail(message));
  const events: unknown[] = [];
  for (const name of ["a.t", "status", "cursor"]) {
    ranger.on(name, (payload, stream) => void events.push([stream, payload]));
  }
  for (let round = 0; round < 2; round++) {
    server.accept();
    clock.pass(1000);
    server.send("a.t", "1");
    server.send("status", '{"message":"shipped"}');
    server.send("a.t", "2");
    assert.deepEqual(
      events.splice(0),
      [["a.t", 1], ["status", { message: "shipped" }], ["a.t", 2]],
    );
    assert.equal(ranger.cursor, undefined);
    assert.deepEqual(ranger.state, { status: "open", identity: undefined, source: "up" });
    server.cut();
    clock.pass(1000);
  }
  void ranger.close();
});
