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
import { type BookMessage, ReferenceState } from "../support/reference_state.ts";
import { sourceEvent } from "../support/source_event.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const PRICES = ["1", "1.0", "0.9", "10", "9.9", "1e1", "-1", "1e-400", "9007199254740993.1"];
const price = fc.oneof(fc.constantFrom(...PRICES), fc.double(), fc.integer(), fc.string());
const AMOUNTS = ["1", "1.50", "0", "0e8", "2e3", "", null, 0, 1, 2.5];
const level = fc.tuple(fc.constantFrom(...PRICES, 1, 0.9), fc.constantFrom(...AMOUNTS));
const side = fc.oneof(
  { weight: 4, arbitrary: level },
  { weight: 4, arbitrary: fc.array(level, { maxLength: 4 }) },
  fc.tuple(price, price),
  fc.array(fc.tuple(price, price), { maxLength: 2 }),
  fc.array(fc.tuple(fc.constantFrom(...PRICES), fc.constant("1"), fc.nat()), { maxLength: 2 }),
  fc.jsonValue({ maxDepth: 2 }),
);

/** A number's distance from the one that would be next, or something in its place. */
const numbering = fc.oneof(
  { weight: 12, arbitrary: fc.constant({ step: 0 }) },
  { weight: 2, arbitrary: fc.integer({ min: -3, max: 2 }).map((step) => ({ step })) },
  { weight: 2, arbitrary: fc.constant({ instead: undefined }) },
  fc.integer({ min: -3, max: 1 }).map((step) => ({ step, asText: true })),
  fc.constantFrom("7", "07", "x", 1.5, null, -1, 2 ** 53, [], {}).map((instead) => ({ instead })),
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
  let resyncs = 0;
  const steps = fc.array(step, { minLength: 1, maxLength: 150, size: "max" });
  fuzz(
    400,
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
      hub.start(follower, ["usdbtc.ob-inc"]);
      const reference = new ReferenceState(9);
      let last = 3;
      hub.deliver(sourceEvent("public.usdbtc.ob-snap", encoder.encode('{"asks":[],"sequence":3}')));
      reference.snapshot('{"asks":[],"sequence":3}');
      follower.frames.length = 0;
      for (const { what, book, numbering, damage } of steps) {
        events++;
        const kind = what === "inc" ? "inc" : "snap";
        const number = last + (kind === "inc" ? 1 : 0) + ("step" in numbering ? numbering.step : 0);
        const sequence = "instead" in numbering
          ? numbering.instead
          : "asText" in numbering
          ? `${number}`
          : number;
        // Sometimes the snapshot that the server must find itself in step with.
        const [[, current = "{}"] = []] = what === "same" ? reference.current : [];
        const text = what === "same" ? current : JSON.stringify({ ...book, sequence });
        const { bytes } = damaged(encoder.encode(text), damage);
        hub.deliver(sourceEvent(`public.usdbtc.ob-${kind}`, bytes));
        const body = decoded(bytes);
        // A snapshot that is not valid JSON is ignored; such an increment counts as lost.
        const expected = kind === "inc" ? reference.increment(body) : reference.snapshot(body);
        assert.deepEqual(follower.frames.splice(0).map(textOf), expected.map(wrapped));
        assert.deepEqual(greeting(hub), reference.current.map(wrapped));
        last = reference.sequence ?? last;
        sent += expected.length;
        resyncs += Number(expected.length > 1);
      }
    }),
  );
  assert.ok(events >= 20_000 && sent > events / 5, `${events} events, ${sent} sent`);
  assert.ok(resyncs > events / 1000, `${resyncs} snapshots that an increment showed to be right`);
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
    5_000,
    fc.property(key, body, (key, body) => {
      hub.deliver(sourceEvent(key, body));
      open.deliver(sourceEvent(key, body));
      for (const frame of guest.frames.splice(0)) {
        assert.ok(key.split(".").length < 4 && !key.startsWith("private."), key);
        assert.doesNotThrow(() => JSON.parse(textOf(frame)));
      }
    }),
  );
});

/** A body as text; undefined where it is not UTF-8. */
function decoded(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

function wrapped([kind, body]: BookMessage): string {
  return `{"usdbtc.ob-${kind}":${body}}`;
}

function textOf(frame: Uint8Array): string {
  const reader = new FrameReader();
  reader.add(frame);
  return decoder.decode(reader.frame()!.payload);
}

/** What a late comer is sent. */
function greeting(hub: Hub): string[] {
  const late = recordingSubscriber("object");
  hub.subscribe(late, ["usdbtc.ob-inc"]);
  hub.start(late, ["usdbtc.ob-inc"]);
  hub.remove(late);
  return late.frames.map(textOf);
}
