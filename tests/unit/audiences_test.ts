import fc from "fast-check";
import assert from "node:assert/strict";
import { Audiences } from "../../src/hub/audiences.ts";
import { EncodedEvent } from "../../src/hub/envelope.ts";
import { HUB_LIMITS } from "../support/hub_limits.ts";
import { ManualFlusher } from "../support/manual_flusher.ts";
import type { Subscriber } from "../../src/hub/subscriber.ts";
import { recordingSubscriber } from "../support/recording_subscriber.ts";

const NAMES = ["usdbtc", "usdbtc.trades", "usdbtc.ob-inc", "ethbtc.trades", "order"];

const LOGS = { flusher: new ManualFlusher(), ...HUB_LIMITS };

const names = fc.subarray(NAMES, { minLength: 0 });
const step = fc.record({
  does: fc.constantFrom("follow" as const, "leave" as const, "remove" as const),
  who: fc.nat({ max: 5 }),
  names,
});

Deno.test("each subscriber of a name is in exactly one of its audiences at any time", () => {
  checkAudiences(true);
});

Deno.test("the same holds where the keys of different sets of names are equal", () => {
  const { random } = Math;
  Math.random = () => 0;
  try {
    checkAudiences(false);
  } finally {
    Math.random = random;
  }
});

/** @param areShared whether subscribers with the same names and format must share an audience */
function checkAudiences(areShared: boolean): void {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const audiences = new Audiences(LOGS);
      // Subscribers with different wire formats are never in the same audience.
      const wrappings = [recordingSubscriber("object"), recordingSubscriber("tuple")]
        .map(({ format }) => format);
      const subscribers = Array.from({ length: 6 }, (_, at) => {
        const subscriber = recordingSubscriber("object");
        return Object.assign(subscriber, { format: wrappings[at % 2] });
      });
      const model = new Map<Subscriber, Set<string>>(subscribers.map((each) => [each, new Set()]));
      for (const { does, who, names } of steps) {
        const subscriber = subscribers[who]!;
        const held = model.get(subscriber)!;
        if (does === "remove") {
          audiences.remove(subscriber);
          held.clear();
        } else if (does === "follow") {
          audiences.subscribe(subscriber, names);
          for (const name of names) held.add(name);
        } else {
          audiences.unsubscribe(subscriber, names);
          for (const name of names) held.delete(name);
        }
        const all = [...model.values()].flatMap((each) => [...each]);
        assert.deepEqual(
          NAMES.map((name) => audiences.subscribersOf(name)),
          NAMES.map((name) => all.filter((each) => each === name).length),
        );
        assert.equal(audiences.size, new Set(all).size);
        assert.equal(audiences.subscriptions, all.length);
        for (const name of NAMES) {
          const found = [...audiences.of(name)];
          const sizes = found.map(({ size }) => size).reduce((sum, size) => sum + size, 0);
          assert.equal(sizes, all.filter((each) => each === name).length);
          for (const [subscriber, held] of model) {
            const its = found.filter((audience) => audience === subscriber.audience);
            assert.equal(its.length, held.has(name) ? 1 : 0);
          }
        }
        for (const one of subscribers) {
          for (const other of subscribers) {
            const alike = one.format === other.format && model.get(one)!.size > 0 &&
              model.get(one)!.symmetricDifference(model.get(other)!).size === 0;
            const isShared = one.audience !== undefined && one.audience === other.audience;
            if (areShared || isShared) assert.equal(isShared, alike);
          }
        }
      }
    }),
    { numRuns: 200 },
  );
}

Deno.test("a subscriber alone in its audience keeps what waits for it when its names change", () => {
  const audiences = new Audiences(LOGS);
  const subscriber = recordingSubscriber("object");
  const send = (name: string) => {
    const event = new EncodedEvent(name, new TextEncoder().encode("1"));
    for (const audience of audiences.of(name)) audience.send(event, 0);
  };
  audiences.subscribe(subscriber, ["a.b"]);
  const { audience } = subscriber;
  send("a.b");
  audiences.subscribe(subscriber, ["c.d"]);
  send("c.d");
  audiences.unsubscribe(subscriber, ["a.b"]);
  send("a.b");
  send("c.d");
  assert.equal(subscriber.audience, audience, "an audience more for each change");
  assert.deepEqual(
    subscriber.frames.map((frame) => new TextDecoder().decode(frame.subarray(2))),
    ['{"a.b":1}', '{"c.d":1}', '{"c.d":1}'],
  );
});

Deno.test("names are distinct whatever characters they contain", () => {
  for (const between of [",", '","', " ", "\n", "\0"]) {
    const audiences = new Audiences(LOGS);
    const [one, other] = [recordingSubscriber("object"), recordingSubscriber("object")];
    Object.assign(other, { format: one.format });
    audiences.subscribe(one, [`a${between}b`]);
    audiences.subscribe(other, ["a", "b"]);
    assert.notEqual(one.audience, other.audience);
  }
});
