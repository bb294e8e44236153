/** Readers of the same events at different places, with and without what was made for others. */
import fc from "fast-check";
import assert from "node:assert/strict";
import { type Chunk, ChunkCache } from "../../src/hub/chunk_cache.ts";
import { Cursors } from "../../src/hub/cursor.ts";
import { wireFormats } from "../../src/hub/envelope.ts";
import { History } from "../../src/hub/history.ts";
import { NOWHERE } from "../../src/hub/history_range.ts";
import { Reader } from "../../src/hub/reader.ts";
import { Subscriber } from "../../src/hub/subscriber.ts";
import { RecordingOutbox } from "../support/recording_outbox.ts";
import { webSocketFrames } from "../support/recording_subscriber.ts";
import { runs } from "../support/runs.ts";

const NAMES = ["usdbtc.trades", "ethbtc.trades", "usdbtc.other"] as const;
const FORMATS = wireFormats(undefined, new Cursors());
const EVENTS = 1_500;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Events of about 300 bytes, and every hundredth one is not JSON. */
function filled(bytes = 4_000_000): History {
  const history = new History({ seconds: 300, bytes });
  for (let offset = 0; offset < EVENTS; offset++) append(history, offset);
  return history;
}

function append(history: History, offset: number): void {
  const name = NAMES[offset * 7 % 5 % 3]!;
  const text = offset % 100 === 99 ? "no JSON" : `{"n":${offset},"x":"${"x".repeat(280)}"}`;
  const body = encoder.encode(text);
  history.append({ offset, age: 0, key: name, id: undefined, name, body, isChecked: false });
}

function readerOf(
  history: History,
  names: readonly string[],
  after: number,
  format = FORMATS.none.object,
): Reader {
  const { outbox } = new RecordingOutbox();
  const reader = new Reader(history, new Subscriber(outbox, format), [], [], true);
  for (const name of names) reader.add(name, history.after(name, after));
  reader.refresh();
  return reader;
}

function takeAll(reader: Reader, cache: ChunkCache): Chunk[] {
  const chunks: Chunk[] = [];
  for (;;) {
    reader.refresh();
    const chunk = reader.take(cache);
    if (chunk === undefined) return chunks;
    chunks.push(chunk);
    assert.ok(chunks.length < 1000);
  }
}

function texts(chunks: readonly Chunk[]): string[] {
  return chunks.flatMap(({ bytes, frames }) => {
    const all = [...webSocketFrames(bytes)].map((frame) => decoder.decode(frame));
    assert.equal(all.length, frames);
    return all;
  });
}

Deno.test("whatever others were given, each reader gets its events once and in order", () => {
  const history = filled();
  let offset = EVENTS;
  const reader = fc.record({
    names: fc.subarray([...NAMES], { minLength: 1 }),
    after: fc.integer({ min: -1, max: EVENTS }),
    isTuple: fc.boolean(),
    appends: fc.nat(3),
  });
  fc.assert(
    fc.property(fc.array(reader, { minLength: 2, maxLength: 8 }), (all) => {
      const cache = new ChunkCache();
      for (const { names, after, isTuple, appends } of all) {
        const format = FORMATS.none[isTuple ? "tuple" : "object"];
        const one = () => readerOf(history, names, after, format);
        const shared = one();
        const got = takeAll(shared, cache);
        const alone = one();
        assert.deepEqual(texts(got), texts(takeAll(alone, new ChunkCache())));
        for (const name of names) {
          const [range] = shared.rangesOf(name);
          assert.deepEqual(range!.place, alone.rangesOf(name)[0]!.place);
          assert.equal(range!.position, NOWHERE);
        }
        for (let count = 0; count < appends; count++) append(history, offset++);
      }
    }),
    { numRuns: runs(30) },
  );
});

Deno.test("readers that stopped at different places come to the same chunks", () => {
  const history = filled();
  const cache = new ChunkCache();
  const all = Array.from({ length: 50 }, (_, at) => readerOf(history, NAMES, at * 7));
  const buffers = new Set(
    all.flatMap((reader) => takeAll(reader, cache)).filter(({ isFull }) => isFull)
      .map(({ bytes }) => bytes),
  );
  // Eight chunks are all events; each reader also has a part of one to itself.
  assert.ok(buffers.size <= 50 + 2 * 8, `${buffers.size} buffers`);
});

Deno.test("no key, whatever is in it, is taken for several keys of another reader", () => {
  const history = new History({ seconds: 300, bytes: 4_000_000 });
  const body = encoder.encode(`"${"x".repeat(280)}"`);
  for (let offset = 0; offset < EVENTS; offset++) {
    const event = { offset, age: 0, key: "ID1\ntrade", id: undefined, name: "trade", body };
    history.append({ ...event, isChecked: true });
  }
  const cache = new ChunkCache();
  const theirs = readerOf(history, ["ID1\norder", "ID1\ntrade"], -1);
  assert.ok(takeAll(theirs, cache).length > 1);
  const other = readerOf(history, ["ID1\norder\rID1\ntrade"], -1);
  assert.deepEqual(takeAll(other, cache), []);
});
