/** The history of recent events, against a list that keeps everything. */
import fc from "fast-check";
import assert from "node:assert/strict";
import { History, LOSSES, userKey } from "../../src/hub/history.ts";
import { type HistoryRange, NOWHERE } from "../../src/hub/history_range.ts";
import { runs } from "../support/runs.ts";

interface ModelEvent {
  readonly offset: number;
  readonly key: string;
  readonly id: string | undefined;
  readonly name: string;
  readonly body: Uint8Array;
  readonly at: number;
}

const STREAMS = [
  { key: "usdbtc.trades", id: "usdbtc", name: "usdbtc.trades" },
  { key: "usdbtc.other", id: "usdbtc", name: "usdbtc.other" },
  { key: "ethbtc.trades", id: "ethbtc", name: "ethbtc.trades" },
  { key: userKey("ID1", "order"), id: undefined, name: "order" },
  { key: userKey("ID2", "order"), id: undefined, name: "order" },
  { key: "admin.usdbtc.trades", id: undefined, name: "usdbtc.trades" },
] as const;

const appended = fc.record({
  kind: fc.constant("append" as const),
  stream: fc.nat(STREAMS.length - 1),
  length: fc.oneof({ weight: 5, arbitrary: fc.nat(60) }, { weight: 1, arbitrary: fc.nat(900) }),
  skipped: fc.nat(2),
});
const step = fc.oneof(
  { weight: 8, arbitrary: appended },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("loss" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("pass" as const), seconds: fc.nat(12) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("read" as const),
      stream: fc.nat(STREAMS.length - 1),
      isId: fc.boolean(),
      back: fc.nat(40),
      count: fc.nat(10),
    }),
  },
);

/** What is in a range now, as offsets, and whether the bodies are those that were appended. */
function read(history: History, range: HistoryRange, events: readonly ModelEvent[]): number[] {
  const offsets: number[] = [];
  for (; range.position !== NOWHERE; range.advance()) {
    const { position } = range;
    const offset = history.offsetAt(position);
    const event = events.find((each) => each.offset === offset)!;
    assert.equal(history.nameAt(position), event.name);
    assert.deepEqual(new Uint8Array(history.bodyAt(position)), event.body);
    offsets.push(offset);
  }
  return offsets;
}

Deno.test("a range is all events behind an offset, or it says that some were removed", () => {
  let removed = 0;
  let compared = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 300 }), (steps) => {
      let seconds = 0;
      const history = new History({ seconds: 10, bytes: 4096 }, () => seconds * 1000);
      const events: ModelEvent[] = [];
      const losses: number[] = [];
      let end = 0;
      for (const next of steps) {
        if (next.kind === "pass") seconds += next.seconds;
        else if (next.kind === "loss") {
          history.appendLoss(end);
          losses.push(end);
        } else if (next.kind === "append") {
          end += 1 + next.skipped;
          const { key, id, name } = STREAMS[next.stream]!;
          const body = crypto.getRandomValues(new Uint8Array(next.length));
          history.begin(end);
          history.append({ offset: end, age: 0, key, id, name, body, isChecked: true });
          events.push({ offset: end, key, id, name, body, at: seconds });
        } else {
          const { key, id } = STREAMS[next.stream]!;
          const isId = next.isId && id !== undefined;
          const matches = events.filter((event) => isId ? event.id === id : event.key === key);
          const after = Math.max(0, end - next.back);
          const expected = matches.map(({ offset }) => offset).filter((each) => each > after);
          const range = isId ? history.afterOfId(id, after) : history.after(key, after);
          if (range.refresh()) {
            removed++;
            const found = read(history, range, events);
            assert.deepEqual(found, expected.slice(expected.length - found.length));
          } else {
            compared++;
            assert.deepEqual(read(history, range, events), expected, "none is missing");
          }
          const last = isId ? history.afterOfId(id, end) : history.after(key, end);
          last.beginWithLast(next.count, end);
          const found = read(history, last, events);
          assert.ok(found.length <= next.count);
          assert.deepEqual(
            found,
            matches.map(({ offset }) => offset).slice(matches.length - found.length),
          );
        }
        assert.ok(history.size <= 4096, `${history.size} bytes`);
        history.expire();
        const oldest = events.findLast(({ at }) => at < seconds - 11);
        if (oldest) {
          const { key } = oldest;
          assert.ok(history.after(key, oldest.offset - 1).isLost, "it is older than it may be");
        }
      }
      const reports = history.after(LOSSES, -1);
      if (!reports.refresh()) {
        let count = 0;
        for (; reports.position !== NOWHERE; reports.advance()) count++;
        assert.equal(count, losses.length);
      }
    }),
    { numRuns: runs(300) },
  );
  assert.ok(removed > 0 && compared > 0);
});

Deno.test("a slow range gets every event once, or says that some were removed", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ stream: fc.nat(2), length: fc.nat(200), take: fc.nat(4) }), {
        minLength: 1,
        maxLength: 200,
      }),
      (steps) => {
        const history = new History({ seconds: 10, bytes: 4096 }, () => 0);
        const range = history.afterOfId("usdbtc", 0);
        const taken: number[] = [];
        let isLost = false;
        let expected: number[] = [];
        for (const [at, { stream, length, take }] of steps.entries()) {
          const offset = at + 1;
          const { key, id, name } = STREAMS[stream]!;
          const body = new Uint8Array(length);
          history.append({ offset, age: 0, key, id, name, body, isChecked: false });
          if (id === "usdbtc") expected.push(offset);
          if (range.refresh()) {
            isLost = true;
            taken.length = 0;
            expected = expected.filter((each) => each > range.after);
          }
          for (let count = 0; count < take && range.position !== NOWHERE; count++) {
            taken.push(history.offsetAt(range.position));
            range.advance();
          }
        }
        const pending = expected.slice(taken.length);
        assert.deepEqual(taken, expected.slice(0, taken.length), `after a loss: ${isLost}`);
        if (!range.refresh()) {
          const rest: number[] = [];
          for (; range.position !== NOWHERE; range.advance()) {
            rest.push(history.offsetAt(range.position));
          }
          assert.deepEqual(rest, pending);
        }
      },
    ),
    { numRuns: runs(300) },
  );
});

Deno.test("streams without events lately are remembered, so that their clients can resume", () => {
  const history = new History({ seconds: 10, bytes: 65_536 }, () => 0);
  const append = (offset: number, key: string) =>
    history.append({
      ...{ offset, age: 0, key, id: undefined, name: key },
      ...{ body: new Uint8Array(100), isChecked: true },
    });
  history.begin(1);
  append(1, "quiet");
  for (let offset = 2; offset < 2000; offset++) append(offset, "busy");
  assert.equal(history.after("quiet", 0).refresh(), true, "its event was removed");
  assert.equal(history.after("quiet", 1).refresh(), false, "nothing came after it");
  assert.equal(history.after("unknown", 0).refresh(), false, "there never was one");
  assert.equal(history.after("busy", 2).refresh(), true);
});

Deno.test("streams without number cost no more than the history may", () => {
  const bytes = 65_536;
  const history = new History({ seconds: 10, bytes }, () => 0);
  history.begin(1);
  for (let offset = 1; offset < 5000; offset++) {
    const key = userKey(`ID${offset}`, "order");
    const body = new Uint8Array(20);
    history.append({ offset, age: 0, key, id: undefined, name: "order", body, isChecked: true });
    assert.ok(history.size <= bytes);
  }
  assert.equal(
    history.after(userKey("ID1", "order"), 0).refresh(),
    true,
    "it may have been removed",
  );
  const last = history.after(userKey("ID4999", "order"), 4998);
  assert.equal(last.refresh(), false);
  assert.equal(history.offsetAt(last.position), 4999);
});

Deno.test("a history of nothing says so", () => {
  for (const limits of [{ seconds: 0, bytes: 1 << 20 }, { seconds: 10, bytes: 0 }]) {
    const history = new History(limits, () => 0);
    history.begin(1);
    const [key, id, name] = ["a.b", "a", "a.b"];
    const body = new Uint8Array(10);
    history.append({ offset: 1, age: 0, key, id, name, body, isChecked: true });
    assert.equal(history.after("a.b", 0).refresh(), true);
    assert.equal(history.after("a.b", 1).refresh(), false);
    history.appendLoss(1);
    assert.equal(history.after(LOSSES, 1).refresh(), true);
    assert.equal(history.seconds, 0);
  }
});
