import fc from "fast-check";
import assert from "node:assert/strict";
import { Flusher } from "../../src/delivery/flusher.ts";
import { Hub } from "../../src/hub/hub.ts";
import { peatioRegistry } from "../../src/streams/peatio.ts";
import { FrameReader } from "../../testing/frames.ts";
import { arbitraryDamage, type Damage, damaged, fuzz } from "../support/fuzz.ts";
import { HUB_LIMITS } from "../support/hub_limits.ts";
import { arbitraryChange } from "../support/model_book.ts";
import { recordingSubscriber } from "../support/recording_subscriber.ts";
import { type Passed, ReferenceFeed } from "../support/reference_feed.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const PRICES = ["1", "1.0", "0.9", "10", "9.9", "1e1", "-1", "1e-400", "9007199254740993.1"];
const price = fc.oneof(fc.constantFrom(...PRICES), fc.double(), fc.integer(), fc.string());
const level = fc.tuple(fc.constantFrom(...PRICES), fc.constantFrom("1", "1.50", "0", "0e8", "2e3"));
const side = fc.oneof(
  { weight: 4, arbitrary: level },
  { weight: 4, arbitrary: fc.array(level, { maxLength: 4 }) },
  fc.tuple(price, price),
  fc.array(fc.tuple(price, price), { maxLength: 2 }),
  fc.jsonValue({ maxDepth: 2 }),
);

/** A number's distance from the one that would be next, or something in its place. */
const numbering = fc.oneof(
  { weight: 12, arbitrary: fc.constant({ step: 0 }) },
  { weight: 2, arbitrary: fc.integer({ min: -3, max: 2 }).map((step) => ({ step })) },
  { weight: 2, arbitrary: fc.constant({ instead: undefined }) },
  fc.constantFrom("7", 1.5, null, -1, 2 ** 53, [], {}).map((instead) => ({ instead })),
);

const book = fc.oneof(
  { weight: 5, arbitrary: arbitraryChange as fc.Arbitrary<Record<string, unknown>> },
  { weight: 2, arbitrary: fc.record({ asks: level, bids: side }, { requiredKeys: [] }) },
  fc.record({ asks: side, bids: side, other: fc.jsonValue({ maxDepth: 1 }) }, {
    requiredKeys: [],
  }),
);

/** What the exchange publishes: more increments than snapshots, and some of them damaged. */
const step = fc.record({
  what: fc.constantFrom("inc", "inc", "inc", "inc", "snap", "same"),
  book,
  numbering,
  damage: fc.oneof({ weight: 19, arbitrary: fc.constant<Damage[]>([]) }, arbitraryDamage),
});

Deno.test("any increment or snapshot, however damaged, is read as the protocol says or not at all", () => {
  let events = 0;
  let sent = 0;
  const steps = fc.array(step, { minLength: 1, maxLength: 150, size: "max" });
  fuzz(
    1800,
    fc.property(steps, (steps) => {
      const hub = new Hub({
        registry: peatioRegistry,
        flusher: new Flusher(),
        mode: "open",
        ...HUB_LIMITS,
        replayIncrements: 9,
      });
      const follower = recordingSubscriber("object");
      hub.subscribe(follower, ["usdbtc.ob-inc"]);
      const reference = new ReferenceFeed();
      let last = 3;
      hub.deliver("public.usdbtc.ob-snap", encoder.encode('{"asks":[],"sequence":3}'));
      reference.snapshot({ asks: [], sequence: 3 });
      follower.frames.length = 0;
      for (const { what, book, numbering, damage } of steps) {
        events++;
        const next = what === "inc" ? last + 1 : last;
        const sequence = "step" in numbering ? next + numbering.step : numbering.instead;
        // Sometimes the snapshot that the server must find itself in step with.
        const value = what === "same" ? reference.current ?? {} : { ...book, sequence };
        const { bytes } = damaged(encoder.encode(JSON.stringify(value)), damage);
        const kind = what === "inc" ? "inc" : "snap";
        hub.deliver(`public.usdbtc.ob-${kind}`, bytes);
        const read = parsed(bytes);
        // A snapshot that is no JSON is nothing; an increment that is none is one that was lost.
        const passed: Passed = kind === "inc"
          ? reference.increment(read)
          : reference.snapshot(read);
        const expected = passed === "sent" ? [wrapped(kind, bytes)] : [];
        assert.deepEqual(follower.frames.splice(0).map(textOf), expected);
        assert.deepEqual(greeting(hub), reference.current);
        last = (reference.current as { sequence?: number } | undefined)?.sequence ?? last;
        sent += expected.length;
      }
    }),
  );
  assert.ok(events >= 100_000 && sent > events / 5, `${events} events, ${sent} sent`);
});

Deno.test("no routing key and no body makes the hub throw, or tell anyone what is not JSON", () => {
  const key = fc.oneof(
    fc.string({
      unit: fc.constantFrom("public", "private", ".", "a", "-inc", "-snap", "ID1"),
      maxLength: 7,
    }),
    fc.string({ unit: "binary", maxLength: 12 }),
  );
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc.json().map((text) => encoder.encode(text)),
    fc.tuple(fc.json(), arbitraryDamage).map(([text, damage]) =>
      damaged(encoder.encode(text), damage).bytes
    ),
    fc.nat(200_000).map((depth) => encoder.encode("[".repeat(depth) + "]".repeat(depth))),
  );
  const hub = new Hub({
    registry: peatioRegistry,
    flusher: new Flusher(),
    mode: "strict",
    ...HUB_LIMITS,
    replayIncrements: 9,
  });
  const open = new Hub({
    registry: peatioRegistry,
    flusher: new Flusher(),
    mode: "open",
    ...HUB_LIMITS,
    replayIncrements: 9,
  });
  const guest = recordingSubscriber("object");
  open.subscribe(guest, ["a", "a.a", "a.-inc", "a.-snap", "ID1"]);
  fuzz(
    20_000,
    fc.property(key, body, (key, body) => {
      hub.deliver(key, body);
      open.deliver(key, body);
      for (const frame of guest.frames.splice(0)) {
        assert.ok(key.split(".").length < 4 && !key.startsWith("private."), key);
        assert.doesNotThrow(() => JSON.parse(textOf(frame)));
      }
    }),
  );
});

/** What the server must take a body for: undefined where it is not UTF-8 or not JSON. */
function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch {
    return undefined;
  }
}

function wrapped(kind: string, body: Uint8Array): string {
  return `{"usdbtc.ob-${kind}":${decoder.decode(body)}}`;
}

function textOf(frame: Uint8Array): string {
  const reader = new FrameReader();
  reader.add(frame);
  return decoder.decode(reader.frame()!.payload);
}

/** The book that a late comer is sent; undefined when that is nothing. */
function greeting(hub: Hub): unknown {
  const late = recordingSubscriber("object");
  hub.subscribe(late, ["usdbtc.ob-inc"]);
  hub.greet(late, ["usdbtc.ob-inc"]);
  hub.remove(late);
  const [snapshot] = late.frames.map(textOf);
  return snapshot && JSON.parse(snapshot)["usdbtc.ob-snap"];
}
