/** The typed client verifies its books with the checksums of the real server. */
import assert from "node:assert/strict";
import { verifyBook } from "../../client/src/checksum.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { freshWord, startExchange } from "../support/exchange.ts";
import { liveClient } from "../support/live_client.ts";

const broker = await sharedBroker();

/** Loses a level of an increment on its way from the server. */
class Lossy extends WebSocket {
  override set onmessage(listener: ((event: MessageEvent) => void) | null) {
    super.onmessage = listener && ((event) => {
      const data = String(event.data).replace(',["15.5","1"]],"sequence":2', '],"sequence":2');
      listener({ data } as MessageEvent);
    });
  }
}

Deno.test("a book from which a level was lost on its way is noticed, and requested again", async () => {
  await using exchange = await startExchange(broker);
  const market = freshWord();
  await using client = liveClient(exchange.ranger.url("/public"), {
    ...{ verifyBook, WebSocket: Lossy },
  });
  const book = client.ranger.book(market, { notify: "message" });
  const lives: boolean[] = [];
  book.onChange(({ live }) => void lives.push(live));
  await client.seen(() => client.messages.find((text) => text.includes(market)), "the answer");
  await exchange.publish(
    `public.${market}.ob-snap`,
    '{"asks":[["15.0","1"]],"bids":[["14.0","5"]],"sequence":1}',
  );
  await exchange.publish(
    `public.${market}.ob-inc`,
    '{"asks":[["15.0","2"],["15.5","1"]],"sequence":2}',
  );
  const healed = () => book.live && lives.length === 3 || undefined;
  await client.seen(healed, "the book, again");
  assert.deepEqual(lives, [true, false, true]);
  assert.deepEqual(book.depth().asks.map(({ price, amount }) => [price, amount]), [
    ["15.0", "2"],
    ["15.5", "1"],
  ]);
  assert.deepEqual(client.errors.map(({ code, stream }) => [code, stream]), [
    ["protocol", `${market}.ob-inc`],
  ]);
  const sums = client.messages.filter((text) => text.includes('"checksum":'));
  assert.equal(sums.length, 3, `${client.messages}`);
});
