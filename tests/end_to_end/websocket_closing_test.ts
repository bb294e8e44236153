import assert from "node:assert/strict";
import {
  close,
  conform,
  continuation,
  NOT_UNDERSTOOD,
  ping,
  type Row,
  text,
} from "../support/conformance.ts";
import { step } from "../support/exchange.ts";
import { Opcode } from "../../testing/frames.ts";
import { closeOf, RawClient } from "../../testing/raw_client.ts";
import { startRanger } from "../../testing/ranger.ts";

const VALID = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014].concat(
  [3000, 3999, 4000, 4999],
);
const INVALID = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535];

const codes: Row[] = [
  ...VALID.flatMap((code): Row[] => [
    { what: `code ${code}`, send: [close(code)], expect: [`close ${code}`] },
    {
      what: `code ${code} with a reason`,
      send: [close(code, "a reason")],
      expect: [`close ${code}`],
    },
  ]),
  ...INVALID.flatMap((code): Row[] => [
    { what: `code ${code}`, send: [close(code)], expect: ["fail 1002"] },
    { what: `code ${code} with a reason`, send: [close(code, "a reason")], expect: ["fail 1002"] },
  ]),
];

const payloads: Row[] = [
  // 1005 stands for a close frame without a code.
  { what: "no payload", send: [close()], expect: ["close 1005"] },
  {
    what: "a payload of one byte",
    send: [{ opcode: Opcode.close, payload: new Uint8Array([3]) }],
    expect: ["fail 1002"],
  },
  {
    what: "a reason of 123 bytes",
    send: [close(1000, "*".repeat(123))],
    expect: ["close 1000"],
  },
  {
    what: "a reason of 124 bytes",
    send: [close(1000, "*".repeat(124))],
    expect: ["fail 1002"],
  },
  {
    what: "a reason in Greek",
    send: [close(4000, "κόσμε")],
    expect: ["close 4000"],
  },
];

const order: Row[] = [
  {
    what: "messages before are answered",
    send: [text("ping"), text("?"), close(1000)],
    expect: ["pong", NOT_UNDERSTOOD, "close 1000"],
  },
  {
    what: "pings before are answered",
    send: [...Array.from({ length: 10 }, () => ping("x")), close(1000)],
    expect: [...Array<string>(10).fill("PONG 78"), "close 1000"],
  },
  {
    what: "pings before a violation are answered",
    send: [ping("x"), text("ping", { rsv: 1 })],
    expect: ["PONG 78", "fail 1002"],
  },
  { what: "a text after", send: [close(1000), text("ping")], expect: ["close 1000"] },
  { what: "a ping after", send: [close(1000), ping("x")], expect: ["close 1000"] },
  { what: "a second one", send: [close(1000), close(1001)], expect: ["close 1000"] },
  {
    what: "a violation after",
    send: [close(1000), text("ping", { rsv: 7, mask: false })],
    expect: ["close 1000"],
  },
  {
    what: "half a frame after",
    send: [close(1000), new Uint8Array([0x81, 0xff, 0, 0])],
    expect: ["close 1000"],
  },
  {
    what: "a lot after",
    send: [close(1000), new Uint8Array(200_000).fill(0xa5)],
    expect: ["close 1000"],
  },
  {
    what: "within a message that never ends",
    send: [text("pi", { fin: false }), close(1000)],
    expect: ["close 1000"],
  },
  {
    what: "more after a violation",
    send: [text("x", { rsv: 1 }), text("ping"), ping(), close(1000)],
    expect: ["fail 1002"],
  },
  {
    what: "the rest of the message after bad text",
    send: [text(new Uint8Array([0xff]), { fin: false }), continuation("x"), close(1000)],
    expect: ["fail 1007"],
  },
];

Deno.test("the server closes as RFC 6455 has it", async (t) => {
  await using ranger = await startRanger({
    args: ["--no-auth", "--amqp-url", "amqp://127.0.0.1:1/"],
  });
  const sections: [string, Row[]][] = [
    ["7 codes", codes],
    ["7 payloads", payloads],
    ["7 what comes before and after", order],
  ];
  for (const [name, rows] of sections) {
    await step(t, `${name}, ${rows.length} cases`, () => conform(ranger.url(), rows));
  }

  await step(t, "the server says goodbye with 1001, takes an answer, and leaves", async () => {
    using polite = await RawClient.open(ranger.url());
    using silent = await RawClient.open(ranger.url());
    await polite.frame();
    await silent.frame();
    const stopped = ranger.stop();
    const goodbye = await polite.frame();
    assert.deepEqual(closeOf(goodbye), { code: 1001, reason: "" });
    await polite.send({ opcode: Opcode.close, payload: goodbye.payload });
    assert.deepEqual(await polite.rest(), []);
    assert.equal(await polite.ended(), "end");
    // The other one never answers: the server leaves all the same.
    assert.equal((await stopped).code, 0);
    assert.deepEqual(closeOf(await silent.frame()), { code: 1001, reason: "" });
  });
});
