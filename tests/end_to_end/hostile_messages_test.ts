import fc from "fast-check";
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { joined } from "../support/bytes.ts";
import { until } from "../../testing/bounded.ts";
import { connectClient } from "../support/client.ts";
import { startExchange, step, subscribed } from "../support/exchange.ts";
import { arbitraryDamage, damaged, fuzzAsync } from "../support/fuzz.ts";
import { encodeFrame, Opcode } from "../../testing/raw_client.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { SessionModel } from "../support/session_model.ts";
import { makeKey } from "../../testing/tokens.ts";

const broker = await sharedBroker();

/** Messages that one connection sends at most, all at once. */
const A_CONNECTION = 400;
const CONNECTIONS = 650;
const MAX_STREAMS = 6;

/** Its answer lists what is held after all that came before. */
const LAST = { event: "unsubscribe", streams: [] };

const key = await makeKey();
const roles = new Map([
  [await key.token({ uid: "ID1", role: "member" }), "member"],
  [await key.token({ uid: "ID2", role: "superadmin" }), "superadmin"],
  [await key.token({ uid: "ID3", role: undefined }), ""],
]);
const wrongTokens = [
  await key.token({ uid: "ID1", exp: 1 }),
  await key.token({ uid: "" }),
  await (await makeKey()).token({ uid: "ID1" }),
  "a.b.c",
  "e30.e30.",
];

const token = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...roles.keys()) },
  { weight: 1, arbitrary: fc.constantFrom(...wrongTokens) },
);
const jwt = fc.oneof(
  { weight: 4, arbitrary: token.map((token) => `Bearer ${token}`) },
  token.map((token) => `Bearer \t ${token} \n`),
  token.map((token) => `bearer ${token}`),
  token,
  fc.constantFrom("Bearer", "Bearer ", "", null, 7, [], {}, true),
);
const streamName = fc.oneof(
  fc.constantFrom(
    "a.b",
    "order",
    "b",
    "a.b.c",
    "admin.a.b",
    "admin..b",
    "admin.a.b.c",
    "",
    ".",
    "é.ü",
  ),
  fc.string({ unit: "binary", maxLength: 5 }),
);
const streams = fc.oneof(
  { weight: 6, arbitrary: fc.array(streamName, { maxLength: 9 }) },
  fc.jsonValue({ maxDepth: 2 }),
);
const event = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("subscribe", "unsubscribe", "auth") },
  fc.jsonValue({ maxDepth: 1 }),
);
const id = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.string({ unit: "binary", maxLength: 70 }).map((text) => text.toWellFormed()),
  fc.jsonValue({ maxDepth: 1 }),
);
const request = fc.record({ jwt, event, streams, id, other: fc.jsonValue({ maxDepth: 1 }) }, {
  requiredKeys: [],
});

/** What a good client sends, with some bytes damaged; never text that is not UTF-8. */
const broken = fc.tuple(request, arbitraryDamage).map(([request, changes]) => {
  const { bytes } = damaged(new TextEncoder().encode(JSON.stringify(request)), changes);
  return new TextDecoder().decode(bytes);
});
const text = fc.oneof(
  { weight: 5, arbitrary: request.map((request) => JSON.stringify(request)) },
  { weight: 2, arbitrary: broken },
  fc.constantFrom(
    "ping",
    "pingpong",
    "",
    " \t\n",
    "\ufeff",
    "Ping",
    " ping",
    "\ufeffping",
    "null",
    "[]",
    "{}",
  ),
  fc.string({ unit: "binary", maxLength: 20 }).map((text) => text.toWellFormed()),
  fc.json(),
  fc.nat(1000).map((depth) => "[".repeat(depth)),
  fc.nat(400).map((depth) => `{"event":`.repeat(depth) + "1" + "}".repeat(depth)),
);

/** Errors with an id have a reason, in words that no protocol fixes. */
function withoutReason(answer: string): string {
  return answer.replace(/,"reason":"(?:\\.|[^"\\])+"\},"id":/, '},"id":');
}

Deno.test("whatever clients send is answered as the protocol says, message by message", async (t) => {
  const limits = ["--limits-streams", String(MAX_STREAMS), "--limits-message-rate", "0"];
  const args = ["--rbac", "admin=superadmin", ...limits];
  await using exchange = await startExchange(broker, { key, args });
  const rules = { maxStreams: MAX_STREAMS, rbac: new Map([["admin", ["superadmin"]]]), roles };

  await step(t, "messages of random form", async () => {
    let handled = 0;
    const messages = fc.array(text, { minLength: 1, maxLength: A_CONNECTION, size: "max" });
    await fuzzAsync(
      CONNECTIONS,
      fc.asyncProperty(messages, async (messages) => {
        const model = new SessionModel(rules);
        const expected = messages.flatMap((message) => model.answers(message));
        await using client = await connectClient(exchange.ranger.url("/"));
        assert.equal(await client.next(), subscribed());
        await client.raw.write(joined(
          // Binary messages that are text are read as text.
          ...messages.map((payload, at) =>
            encodeFrame({ opcode: at % 3 === 2 ? Opcode.binary : Opcode.text, payload })
          ),
          encodeFrame({ opcode: Opcode.text, payload: JSON.stringify(LAST) }),
        ));
        const all = [...expected, ...model.answers(JSON.stringify(LAST))];
        assert.deepEqual((await client.take(all.length)).map(withoutReason), all);
        handled += messages.length;
      }),
    );
    assert.ok(handled >= 100_000, `only ${handled} messages`);
  });

  await step(t, "and nothing of it is left, nor was there an error in the server", async () => {
    let left: number[] = [];
    // The observer of the test itself. The last client gets its end before it is counted.
    await until(async () => {
      const { connections, hub } = await exchange.stats();
      left = [connections.open, hub.streams, hub.users];
      return isDeepStrictEqual(left, [1, 1, 0]) || undefined;
    }, () => `one connection, one stream and no user to be left, not ${left}`);
    assert.equal(exchange.ranger.logged(({ level }) => level === "error" || level === "fatal"), 0);
  });
});
