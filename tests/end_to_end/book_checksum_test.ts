import assert from "node:assert/strict";
import { freshWord, startExchange } from "../support/exchange.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";

const broker = await sharedBroker();

/** CRC-32 of 15011405 and of 15021405, by zlib. */
const CHECKSUMS = { opening: 2888151228, changed: 3951413868 };

Deno.test("a client that asks for checksums gets them with each message of a book, and nobody else", async () => {
  await using exchange = await startExchange(broker, {});
  const id = freshWord();
  const stream = `${id}.ob-inc`;
  const holds = { holds: [stream] };
  await using client = await exchange.connect(`/public?stream=${stream}&checksum=1`, holds);
  await using tuples = await exchange.connect(
    `/public?stream=${stream}&checksum=1&envelope=tuple`,
    holds,
  );
  await using plain = await exchange.connect(`/public?stream=${stream}`, holds);
  const snapshot = '{"asks":[["15.0","1"]],"bids":[["14.0","5"]],"sequence":1}';
  await exchange.publish(`public.${id}.ob-snap`, snapshot);
  await exchange.publish(`public.${id}.ob-inc`, '{"asks":["15.0","2"],"sequence":2}');
  assert.deepEqual(await plain.take(2), [
    `{"${id}.ob-snap":${snapshot}}`,
    `{"${stream}":{"asks":["15.0","2"],"sequence":2}}`,
  ]);
  const first = `${snapshot.slice(0, -1)},"checksum":${CHECKSUMS.opening}}`;
  const second = `{"asks":["15.0","2"],"sequence":2,"checksum":${CHECKSUMS.changed}}`;
  assert.deepEqual(await client.take(2), [
    `{"${id}.ob-snap":${first}}`,
    `{"${stream}":${second}}`,
  ]);
  assert.deepEqual(await tuples.take(2), [`["${id}.ob-snap",${first}]`, `["${stream}",${second}]`]);

  await using late = await exchange.connect(`/public?stream=${stream}&checksum=1`, holds);
  assert.equal(
    await late.next(),
    `{"${id}.ob-snap":{"asks":[["15.0","2"]],"bids":[["14.0","5"]],"sequence":2,` +
      `"checksum":${CHECKSUMS.changed}}}`,
  );
});
