/** The recording of a real Peatio engine, through RabbitMQ and the real program. */
import assert from "node:assert/strict";
import type { Client } from "../support/client.ts";
import { type Exchange, startExchange } from "../support/exchange.ts";
import { servedBook } from "../support/exchange_flow.ts";
import { scrape } from "../support/metrics.ts";
import { type BookEvent, readPeatioRecording } from "../support/peatio_recording.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";

const broker = await sharedBroker();
const decoder = new TextDecoder();

/** Increments, and snapshots of an engine that starts: what a client in step is sent. */
function messagesOf(market: string, events: readonly BookEvent[]): string[] {
  return events.flatMap(({ kind, payload, body }) => {
    if (kind === "increment") return [`{"${market}.ob-inc":${decoder.decode(body)}}`];
    return payload.sequence === 1 ? [`{"${market}.ob-snap":${decoder.decode(body)}}`] : [];
  });
}

async function publish(exchange: Exchange, events: readonly BookEvent[]): Promise<void> {
  await Promise.all(events.map(({ routingKey, body }) => exchange.publish(routingKey, body)));
}

for (const mode of ["open", "strict"]) {
  Deno.test(`what a real engine published reaches each client whole (streams.mode ${mode})`, async () => {
    await using exchange = await startExchange(broker, {
      args: ["--streams-mode", mode],
      auth: false,
    });
    const { events, market, restart } = await readPeatioRecording();
    const count = async () => {
      const { value } = await scrape(exchange.ranger);
      return [value("ranger_gaps_total"), value("ranger_resyncs_total")];
    };
    await using clients = new AsyncDisposableStack();
    const joined: [client: Client, at: number][] = [];
    const join = async (at: number) => {
      const client = clients.use(await exchange.connect(`/public?stream=${market}.ob-inc`));
      joined.push([client, at]);
    };
    await join(0);
    // Behind a snapshot and before its increment, behind that, in between, and around the restart.
    const stops = [38, 39, 60, 228, restart, restart + 1, 554, 600, events.length];
    let published = 0;
    for (const stop of stops) {
      await publish(exchange, events.slice(published, stop));
      published = stop;
      await exchange.settled();
      if (stop === restart) assert.deepEqual(await count(), [0, 0]);
      await join(stop);
    }
    assert.deepEqual(await count(), [0, 1], "the restart, and nothing else");
    for (const [client, at] of joined) {
      const book = JSON.stringify(servedBook(events, at));
      const first = at === 0 ? [] : [`{"${market}.ob-snap":${book}}`];
      const expected = [...first, ...messagesOf(market, events.slice(at))];
      assert.deepEqual(await client.take(expected.length), expected, `a client from ${at} on`);
      await exchange.assertOwedNothing(client);
    }
  });
}
