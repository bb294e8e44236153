import assert from "node:assert/strict";
import { bookJson } from "../src/cli/tail_book.ts";
import { ladderLines } from "../src/cli/tail_ladder.ts";
import { BookWire, shownBook, snapshotOf, wiredBook } from "./support/book_wire.ts";
import { engineRecording, KnownPrices } from "./support/engine_recording.ts";
import { ladderLevels } from "./support/ladder.ts";
import { worthOf } from "./support/model_book.ts";

/** Snapshots that a client is sent: the first, and that of the restart; or all that there are. */
const READERS = {
  "a client that is in step": (sequence: number) => sequence === 1,
  "a client that is sent each snapshot": () => true,
};

const { market, events, books } = await engineRecording();

for (const [reader, isSent] of Object.entries(READERS)) {
  Deno.test(`the real engine's events: ${reader}, and tail, have the engine's book`, () => {
    const wire = new BookWire(market);
    const known = new KnownPrices();
    const book = wiredBook(wire);
    let compared = 0;
    for (const [at, { body, isSnapshot }] of events.entries()) {
      const payload = JSON.parse(body);
      if (isSnapshot && isSent(payload.sequence)) {
        known.snapshot(payload);
        wire.send("ob-snap", body);
      } else if (!isSnapshot) {
        known.increment(payload);
        wire.send("ob-inc", body);
      }
      assert.deepEqual([book.live, wire.requested], [true, false], body);
      const whole = books.find(({ after_events }) => after_events === at + 1);
      if (!whole) continue;
      const { asks, bids, sequence } = whole;
      const expected = worthOf(known.of({ asks, bids, sequence: sequence! }));
      assert.deepEqual(worthOf(shownBook(book)), expected);

      const line = JSON.parse(bookJson(book, 1000));
      assert.deepEqual(worthOf(snapshotOf(line, line.sequence)), expected);
      const screen = { columns: 80, rows: 2000, colour: false };
      const ladder = ladderLevels(ladderLines(book, market, 1000, "", screen));
      assert.deepEqual(worthOf({ ...ladder, sequence: sequence! }), expected);
      compared++;
    }
    assert.equal(compared, books.length);
  });
}
