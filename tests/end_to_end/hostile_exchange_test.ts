import assert from "node:assert/strict";
import { bounded } from "../../testing/bounded.ts";
import type { Client } from "../support/client.ts";
import { type Exchange, freshWord, startExchange, step } from "../support/exchange.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";

const broker = await sharedBroker();

/** Events that are on their way to the broker at once. */
const ABREAST = 2000;

/** Publishes many events without waiting for each. */
async function flood(exchange: Exchange, count: number, event: (n: number) => [string, string]) {
  for (let begun = 0; begun < count; begun += ABREAST) {
    const some = Array.from({ length: Math.min(ABREAST, count - begun) }, (_, n) => begun + n);
    await Promise.all(some.map((n) => exchange.publish(...event(n))));
  }
}

/** The whole of `/stats`. */
async function figures({ ranger }: Exchange) {
  const { events, hub, memory } = await (await fetch(ranger.managementUrl("/stats"))).json() as {
    events: Record<string, number>;
    hub: Record<string, number>;
    memory: Record<string, number>;
  };
  return { events, hub, memory };
}

/** A client of a market where all is well, which is to notice nothing. */
class Bystander {
  #trade = 0;
  #sequence = 1;

  private constructor(
    private readonly exchange: Exchange,
    private readonly client: Client,
    private readonly id: string,
  ) {}

  static async join(exchange: Exchange): Promise<Bystander> {
    const id = freshWord();
    const client = await exchange.connect(`/public?stream=${id}.trades&stream=${id}.ob-inc`);
    const snapshot = '{"asks":[["2.0","1.0"]],"bids":[],"sequence":1}';
    await exchange.publish(`public.${id}.ob-snap`, snapshot);
    assert.equal(await client.next(), `{"${id}.ob-snap":${snapshot}}`);
    return new Bystander(exchange, client, id);
  }

  /** Events of its market come at once, while the exchange does that, and after it. */
  async during(harm: Promise<void>): Promise<void> {
    let done = false;
    const over = harm.finally(() => done = true);
    do await this.#turn(); while (!done);
    await over;
    await this.#turn();
    const { client, id } = this;
    assert.equal(await client.ask("ping"), "pong");
    const late = await this.exchange.connect(`/public?stream=${id}.ob-inc`);
    const book = `{"asks":[["2.0","${this.#sequence}.0"]],"bids":[],"sequence":${this.#sequence}}`;
    assert.equal(await late.next(), `{"${id}.ob-snap":${book}}`);
    await late.close();
  }

  async leave(): Promise<void> {
    await this.client.close();
  }

  async #turn(): Promise<void> {
    const { client, exchange, id } = this;
    const trade = `{"trades":[],"n":${++this.#trade}}`;
    const sequence = ++this.#sequence;
    const increment = `{"asks":["2.0","${sequence}.0"],"sequence":${sequence}}`;
    await exchange.publish(`public.${id}.trades`, trade);
    await exchange.publish(`public.${id}.ob-inc`, increment);
    assert.equal(await client.next(), `{"${id}.trades":${trade}}`);
    assert.equal(await client.next(), `{"${id}.ob-inc":${increment}}`);
  }
}

const STATES = 50;
const EVENT_BYTES = 524_288;

/** Limits small enough to be reached; the mode is set by each test. */
const LIMITS = ["--streams-states", `${STATES}`, "--streams-book-levels", "1000"];

const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);

for (const mode of ["open", "strict"]) {
  Deno.test(`whatever the exchange publishes (streams.mode ${mode}), others lose nothing`, async (t) => {
    await using exchange = await startExchange(broker, {
      args: [...LIMITS, "--streams-mode", mode],
      auth: false,
    });
    const { ranger } = exchange;
    const bystander = await Bystander.join(exchange);
    const bad = freshWord();
    // Of every stream there is harm on; it gets what may be had, and nothing else.
    await using victim = await exchange.connect(
      `/public?stream=${bad}.trades&stream=${bad}.ob-inc`,
    );
    const publish = (event: string, body: unknown) =>
      exchange.publish(`public.${bad}.${event}`, body);

    await step(t, "bodies that are no JSON", async () => {
      const bodies = ["", "no", "{", '{"a":', "[1,]", nested(100).slice(1), new Uint8Array([0xff])];
      const before = (await figures(exchange)).events.notJson!;
      await bystander.during(
        Promise.all(bodies.map((body) => publish("trades", body))).then(() => {}),
      );
      assert.equal((await figures(exchange)).events.notJson, before + bodies.length);
    });

    await step(t, "bodies of ten megabytes, and one that is just small enough", async () => {
      const tooLarge = JSON.stringify({ x: "x".repeat(10_000_000) });
      const trades = (size: number) => `{"trades":[],"x":"${"x".repeat(size - 20)}"}`;
      const largest = trades(EVENT_BYTES);
      assert.equal(largest.length, EVENT_BYTES);
      await bystander.during((async () => {
        for (let n = 0; n < 5; n++) await publish("trades", tooLarge);
        await publish("trades", trades(EVENT_BYTES + 1));
        await publish("trades", largest);
      })());
      assert.equal(await victim.next(), `{"${bad}.trades":${largest}}`);
      assert.equal((await figures(exchange)).events.tooLarge, 6);
      const line = await ranger.log((line) => /streams\.event_bytes/.test(line.message));
      assert.equal(line.routingKey, `public.${bad}.trades`);
      assert.equal(ranger.logged((line) => /streams\.event_bytes/.test(line.message)), 1);
    });

    await step(
      t,
      "an increment that is too large makes its book unsure, until the next snapshot",
      async () => {
        const snapshot = '{"asks":[["1","1"]],"bids":[],"sequence":1}';
        await publish("ob-snap", snapshot);
        assert.equal(await victim.next(), `{"${bad}.ob-snap":${snapshot}}`);
        await publish("ob-inc", `{"asks":["1","2"],"sequence":2,"x":"${"x".repeat(EVENT_BYTES)}"}`);
        // Its number is known, and follows; but what came before it is not.
        await publish("ob-inc", '{"asks":["1","3"],"sequence":2}');
        await publish("ob-snap", snapshot);
        assert.equal(await victim.next(), `{"${bad}.ob-snap":${snapshot}}`);
      },
    );

    await step(t, "arrays in arrays, a million deep and as deep as they may be", async () => {
      const bodies = [
        "[".repeat(1_000_000),
        nested(1_000_000),
        "[".repeat(EVENT_BYTES),
        `{"trades":${nested(EVENT_BYTES / 2 - 20)},"x":1}`,
        `{"trades":[],"x":${nested(EVENT_BYTES / 2 - 20)}}`,
        '{"a":'.repeat(50_000) + "1" + "}".repeat(50_000),
      ];
      await bystander.during((async () => {
        for (const body of bodies) await publish("trades", body);
        for (const body of bodies) await publish("ob-inc", body);
        for (const body of bodies) await publish("ob-snap", body);
      })());
      // What is JSON passes in open mode; in strict mode what its type has no word against.
      const passing = mode === "open" ? bodies.slice(3) : bodies.slice(4, 5);
      for (const body of passing) assert.equal(await victim.next(), `{"${bad}.trades":${body}}`);
    });

    await step(t, "numbers that no price is", async () => {
      const numbers = [
        '"1e999999999"',
        "1e999999999",
        `"${"9".repeat(10_000)}"`,
        `1${"0".repeat(400)}`,
      ];
      const asks = numbers.map((number) => `[${number},"1"]`);
      const { gaps } = (await figures(exchange)).events;
      const snapshot = '{"asks":[["1","1"]],"bids":[],"sequence":7}';
      await publish("ob-snap", snapshot);
      assert.equal(await victim.next(), `{"${bad}.ob-snap":${snapshot}}`);
      await bystander.during((async () => {
        for (let n = 0; n < 200; n++) {
          await publish("ob-snap", `{"asks":[${asks[n % asks.length]}],"bids":[]}`);
        }
        await publish("ob-inc", `{"asks":${asks[0]},"sequence":8}`);
      })());
      const { events } = await figures(exchange);
      // Strict mode may have refused it by its type already.
      assert.ok(events.gaps! - gaps! <= 1);
    });

    await step(t, "a book with more levels than there may be", async () => {
      const levels = (count: number) =>
        // Worst first: each goes in before all that are there.
        JSON.stringify(Array.from({ length: count }, (_, n) => [`${count - n}.5`, "1"]));
      const fits = `{"asks":${levels(1000)},"bids":[],"sequence":1}`;
      await bystander.during((async () => {
        await publish("ob-snap", `{"asks":${levels(20_000)},"bids":[],"sequence":1}`);
        await publish("ob-snap", fits);
        await publish("ob-inc", '{"asks":["1001.5","1"],"sequence":2}');
        await publish("ob-inc", '{"asks":["1001.5","0"],"sequence":3}');
      })());
      assert.equal(await victim.next(), `{"${bad}.ob-snap":${fits}}`);
      await ranger.log(
        (line) => line.stream === `${bad}.ob-inc` && /book_levels/.test(String(line.reason)),
        "that the book is full",
      );
      await exchange.assertOwedNothing(victim);
    });

    await step(t, "increments without end, and no snapshot", async () => {
      const id = freshWord();
      const { events: { incrementsHeldBack: before }, hub } = await figures(exchange);
      await bystander.during(
        flood(exchange, 20_000, (n) => [
          `public.${id}${n % 2}.ob-inc`,
          `{"asks":["${n}","1"],"sequence":${n}}`,
        ]),
      );
      const after = await figures(exchange);
      assert.equal(after.events.incrementsHeldBack, before! + 20_000);
      assert.equal(after.hub.states, hub.states);
    });

    await step(t, "a hundred thousand names, of streams with a state and of others", async () => {
      const run = freshWord();
      const storm = (round: number) =>
        bystander.during(flood(exchange, 50_000, (n) => [
          // Each is another name; half of them keep a state.
          `public.${run}${round}x${n}.${n % 2 === 0 ? "ob-snap" : "trades"}`,
          n % 2 === 0 ? '{"asks":[["1","1"]],"bids":[],"sequence":1}' : '{"trades":[]}',
        ]));
      await storm(1);
      const first = await figures(exchange);
      await storm(2);
      const second = await figures(exchange);
      assert.ok(second.hub.states! <= STATES, `${second.hub.states} states`);
      assert.equal(second.hub.streams, first.hub.streams);
      assert.ok(second.events.statesEvicted! - first.events.statesEvicted! >= 25_000 - STATES);
      const grown = second.memory.rss! - first.memory.rss!;
      assert.ok(grown < 64 * 2 ** 20, `memory grew by ${Math.round(grown / 2 ** 20)} MiB`);
      const told = (line: { message: string }) => /streams\.states/.test(line.message);
      await ranger.log(told, "that there are too many states");
      assert.ok(ranger.logged(told) <= 2, "a line a minute at most");
    });

    await bystander.leave();
    assert.equal(ranger.logged((line) => line.level === "error"), 0, ranger.stderr.slice(0, 2000));
    assert.equal((await bounded(ranger.stop(), "the server to end")).code, 0);
  });
}
