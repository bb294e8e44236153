import fc from "fast-check";
import assert from "node:assert/strict";
import { Flusher } from "../../src/delivery/flusher.ts";
import { bookChecksum, withChecksum } from "../../src/hub/book_checksum.ts";
import { Hub } from "../../src/hub/hub.ts";
import { peatioRegistry } from "../../src/streams/peatio.ts";
import { EventFollower } from "../support/event_follower.ts";
import { exchangeFlow, playFlow } from "../support/exchange_flow.ts";
import { HUB_LIMITS } from "../support/hub_limits.ts";
import { KRAKEN_BOOK as KRAKEN } from "../support/kraken_book.ts";
import { ModelBook } from "../support/model_book.ts";
import { runs } from "../support/runs.ts";
import { sourceEvent } from "../support/source_event.ts";

/** CRC-32 bit by bit (ISO 3309), for a check that shares no code. */
function crc32(text: string): number {
  let crc = 0xffffffff;
  for (const byte of new TextEncoder().encode(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** What a client computes of the book that it keeps. */
function checksumOf(book: ModelBook): number {
  const { asks, bids } = book.snapshot();
  const digits = [...asks.slice(0, 10), ...bids.slice(0, 10)].flat()
    .map((text) => String(text).replace(".", "").replace(/^0+/, ""));
  return crc32(digits.join(""));
}

Deno.test("the checksum of Kraken's own example is Kraken's", () => {
  assert.equal(bookChecksum(KRAKEN.asks, KRAKEN.bids), KRAKEN.checksum);
  assert.equal(bookChecksum([["0.05005", "0.00000500"]], []), crc32("5005500"));
  assert.equal(bookChecksum([], []), 0);
});

Deno.test("a payload gets its checksum last, however it is written", () => {
  const written = (text: string) =>
    new TextDecoder().decode(withChecksum(new TextEncoder().encode(text), 7));
  assert.equal(written('{"asks":["15.0",""]}'), '{"asks":["15.0",""],"checksum":7}');
  assert.equal(written(' { "bids": [] }\r\n'), ' { "bids": [] ,"checksum":7}');
  assert.equal(written("{}"), '{"checksum":7}');
  assert.equal(written("{ \n}"), '{ \n"checksum":7}');
});

Deno.test("each message of a book has the checksum of the book that the client then has", () => {
  let checked = 0;
  fc.assert(
    fc.property(exchangeFlow({ opening: 15 }), (flow) => {
      const { events } = playFlow(flow);
      const hub = new Hub({
        ...{ registry: peatioRegistry, flusher: new Flusher(), mode: "open" },
        ...HUB_LIMITS,
      });
      const follower = new EventFollower(hub, ["ethusd.ob-inc"], { checksums: true });
      const plain = new EventFollower(hub, ["ethusd.ob-inc"]);
      const book = new ModelBook();
      const take = (message: string): void => {
        const [[stream, payload]] = Object.entries(JSON.parse(message)) as [[string, never]];
        const { checksum, ...rest } = payload as { checksum?: number };
        if (stream === "ethusd.ob-snap") book.replace(rest as never);
        else book.apply(rest as never);
        // The snapshot that a book diverged from is followed by an increment that has one.
        if (checksum === undefined) return assert.equal(stream, "ethusd.ob-snap");
        assert.equal(checksum, checksumOf(book), message);
        checked++;
      };
      for (const { routingKey, body } of events) {
        hub.deliver(sourceEvent(routingKey, body));
        const messages = follower.read();
        messages.forEach(take);
        const without = messages.map((text) => text.replace(/,"checksum":\d+\}\}$/, "}}"));
        assert.deepEqual(plain.read(), without);
      }
      const late = new EventFollower(hub, ["ethusd.ob-inc"], { checksums: true });
      late.read().forEach(take);
    }),
    { numRuns: runs(60) },
  );
  assert.ok(checked > 500, `${checked} checksums`);
});
