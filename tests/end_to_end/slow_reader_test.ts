/** Clients that read more slowly than they are sent to: what waits for them, and what they get. */
import assert from "node:assert/strict";
import { Opcode } from "../../testing/raw_client.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { type Exchange, startExchange } from "../support/exchange.ts";
import type { Client } from "../support/client.ts";

const broker = await sharedBroker();

const EVENT_BYTES = 60_000;

/** Publishes long numbered trades and changes of the book, while one client reads all of them. */
async function flood(exchange: Exchange, reader: Client, from: number, count: number) {
  const filler = "x".repeat(EVENT_BYTES);
  for (let n = from; n < from + count; n++) {
    await exchange.publish("public.usdbtc.trades", { n, filler });
    await exchange.publish("public.usdbtc.ob-inc", { asks: ["2.0", `${n}`], sequence: n + 2 });
    if (n % 20 === 0) {
      await exchange.settled();
      while (numberOf(await reader.next()) !== n);
    }
  }
  await exchange.settled();
}

function numberOf(message: string): number | undefined {
  const number = /^\{"usdbtc\.trades":\{"n":(\d+)/.exec(message)?.[1];
  return number === undefined ? undefined : Number(number);
}

const SNAPSHOT = { asks: [["2.0", "1"]], bids: [], sequence: 1 };

Deno.test("a client that is megabytes behind gets every trade and the current book", async () => {
  await using exchange = await startExchange(broker);
  await exchange.publish("public.usdbtc.ob-snap", SNAPSHOT);
  await exchange.settled();
  const path = "/public?stream=usdbtc.trades&stream=usdbtc.ob-inc";
  await using reader = await exchange.connect(path);
  await using sleeper = await exchange.connect(path);
  const count = 400;
  await flood(exchange, reader, 0, count);
  assert.ok((await exchange.stats()).readers!.behind >= 1, "it is behind");

  let next = 0;
  let sequence = 0;
  let snapshots = 0;
  while (next < count || sequence < count + 1) {
    const message = await sleeper.next();
    const n = numberOf(message);
    if (n !== undefined) assert.equal(n, next++, "every trade, once and in order");
    else {
      const [name, payload] = Object.entries(JSON.parse(message))[0]! as [
        string,
        { sequence: number; asks: string[] },
      ];
      if (name === "usdbtc.ob-snap") snapshots++;
      else assert.equal(payload.sequence, sequence + 1);
      sequence = payload.sequence;
    }
  }
  assert.ok(snapshots >= 2, "the book was left out while it was behind, and sent when it was not");
  await exchange.publish("public.usdbtc.trades", { n: count });
  assert.equal(numberOf(await sleeper.next()), count);
  assert.equal((await exchange.stats()).readers!.behind, 0);
});

Deno.test("a client that reads too late learns what is missing, or is closed", async () => {
  await using exchange = await startExchange(broker, { args: ["--history-bytes=4194304"] });
  await exchange.publish("public.usdbtc.ob-snap", SNAPSHOT);
  await using reader = await exchange.connect("/public?stream=usdbtc.trades");
  await using knowing = await exchange.connect("/public?stream=usdbtc.trades&status=1");
  using other = (await exchange.connect("/public?stream=usdbtc.trades")).raw;
  await flood(exchange, reader, 0, 500);

  let last = -1;
  let isTold = false;
  while (last < 499) {
    const message = await knowing.next();
    if (message === '{"status":{"message":"events may be missing","streams":["usdbtc.trades"]}}') {
      isTold = true;
      continue;
    }
    const n = numberOf(message)!;
    if (n !== last + 1) assert.ok(isTold, `nothing said that ${last} to ${n} are missing`);
    assert.ok(n > last);
    last = n;
  }
  assert.ok(isTold);

  let frame = await other.frame();
  while (frame.opcode === Opcode.text) frame = await other.frame();
  assert.equal(frame.opcode, Opcode.close);
});

Deno.test("a client that takes nothing at all is closed", async () => {
  await using exchange = await startExchange(broker, {
    args: ["--limits-unsent-timeout=1", "--log-level=debug"],
  });
  await using reader = await exchange.connect("/public?stream=usdbtc.trades");
  await using sleeper = await exchange.connect("/public?stream=usdbtc.trades");
  const closed = exchange.ranger.log((line) => line.reason === "slow consumer", "its end");
  await flood(exchange, reader, 0, 200);
  await closed;
  assert.deepEqual(await sleeper.closing(), { code: 1008, reason: "slow consumer" });
});
