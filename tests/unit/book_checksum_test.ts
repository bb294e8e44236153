import fc from "fast-check";
import assert from "node:assert/strict";
import { Flusher } from "../../src/delivery/flusher.ts";
import { bookChecksum, withChecksum } from "../../src/hub/book_checksum.ts";
import { Hub } from "../../src/hub/hub.ts";
import { peatioRegistry } from "../../src/streams/peatio.ts";
import { EventFollower } from "../support/event_follower.ts";
import { exchangeFlow, playFlow } from "../support/exchange_flow.ts";
import { HUB_LIMITS } from "../support/hub_limits.ts";
import { ModelBook } from "../support/model_book.ts";
import { runs } from "../support/runs.ts";
import { sourceEvent } from "../support/source_event.ts";

/** The example of Kraken's documentation, with its checksum. */
const KRAKEN = {
  asks: [
    ["45285.2", "0.00100000"],
    ["45286.4", "1.54571953"],
    ["45286.6", "1.54571109"],
    ["45289.6", "1.54560911"],
    ["45290.2", "0.15890660"],
    ["45291.8", "1.54553491"],
    ["45294.7", "0.04454749"],
    ["45296.1", "0.35380000"],
    ["45297.5", "0.09945542"],
    ["45299.5", "0.18772827"],
  ],
  bids: [
    ["45283.5", "0.10000000"],
    ["45283.4", "1.54582015"],
    ["45282.1", "0.10000000"],
    ["45281.0", "0.10000000"],
    ["45280.3", "1.54592586"],
    ["45279.0", "0.07990000"],
    ["45277.6", "0.03310103"],
    ["45277.5", "0.30000000"],
    ["45277.3", "1.54602737"],
    ["45276.6", "0.15445238"],
  ],
  checksum: 3310070434,
} as const;

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
