import assert from "node:assert/strict";
import { bookJson } from "../../src/cli/tail/book.ts";
import { ladderLines } from "../../src/cli/tail/ladder.ts";
import { BookWire, shownBook, snapshotOf, wiredBook } from "../support/book_wire.ts";
import { knownBook } from "../support/exchange_flow.ts";
import { ladderLevels } from "../support/ladder.ts";
import { ModelBook } from "../support/model_book.ts";
import { readPeatioRecording } from "../support/peatio_recording.ts";

const { market, events, books, restart } = await readPeatioRecording();
const decoder = new TextDecoder();

Deno.test("the real engine's events: a client in step, and tail, have the engine's book", () => {
  const wire = new BookWire(market);
  const book = wiredBook(wire);
  for (const [at, { kind, body }] of events.entries()) {
    const isSent = kind === "increment" || at === 0 || at === restart;
    if (isSent) wire.send(kind === "increment" ? "ob-inc" : "ob-snap", decoder.decode(body));
    assert.deepEqual([book.live, wire.requested], [true, false], decoder.decode(body));
    const whole = books.find(({ afterEvents }) => afterEvents === at + 1);
    if (!whole) continue;
    const known = knownBook(events, at + 1);
    const { sequence } = known;
    for (const side of ["asks", "bids"] as const) {
      const engine = new Map(whole[side]);
      assert.ok(known[side].every(([price, amount]) => engine.get(price) === amount));
    }
    assert.deepEqual(shownBook(book), known);
    const line = JSON.parse(bookJson(book, 1000));
    assert.deepEqual(snapshotOf(line, line.sequence), known);
    const screen = { columns: 80, rows: 2000, colour: false };
    const ladder = ladderLevels(ladderLines(book, market, 1000, "", screen));
    assert.deepEqual({ ...ladder, sequence }, known);
  }
});

Deno.test("the real engine's events: each snapshot takes the place of a client's book", () => {
  const wire = new BookWire(market);
  const book = wiredBook(wire);
  const model = new ModelBook();
  for (const { kind, payload, body } of events) {
    wire.send(kind === "increment" ? "ob-inc" : "ob-snap", decoder.decode(body));
    if (kind === "increment") model.apply(payload);
    else model.replace(payload);
    assert.deepEqual([book.live, wire.requested], [true, false]);
    assert.deepEqual(shownBook(book), model.snapshot());
  }
});
