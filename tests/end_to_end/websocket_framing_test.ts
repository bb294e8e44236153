import {
  binary,
  conform,
  continuation,
  echo,
  echoNameFor,
  echoRequest,
  NOT_UNDERSTOOD,
  ping,
  pong,
  type Row,
  text,
} from "../support/conformance.ts";
import { step } from "../support/exchange.ts";
import { Opcode } from "../../testing/frames.ts";
import { startRanger } from "../../testing/ranger.ts";

// The sections are those of Autobahn's test suite; what its echo server shows, the answer to a
// subscription shows here.

const BYTES = new Uint8Array([0x00, 0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0x00, 0xff]);
const ten = Array.from({ length: 10 }, (_, index) => `payload-${index}`);
const hex = (value: string) => new TextEncoder().encode(value).toHex();

const framing: Row[] = [
  { what: "an empty text", send: [text(""), text("ping")], expect: ["pong"] },
  { what: "an empty binary", send: [binary(""), text("ping")], expect: ["pong"] },
  { what: "text of 1 byte", send: [text("x")], expect: [NOT_UNDERSTOOD] },
  ...[125, 126, 127, 128, 65_535, 65_536].flatMap((size): Row[] => {
    const name = echoNameFor(size);
    return [
      { what: `text of ${size} bytes`, send: [text(echoRequest(name))], expect: echo(name) },
      {
        what: `binary of ${size} bytes`,
        send: [binary(new Uint8Array(size).fill(0xfe)), text("ping")],
        expect: [NOT_UNDERSTOOD, "pong"],
      },
    ];
  }),
  {
    what: "a mask of zeros",
    send: [text("ping", { mask: new Uint8Array(4) })],
    expect: ["pong"],
  },
  {
    what: "a mask of ones",
    send: [text("ping", { mask: new Uint8Array(4).fill(0xff) })],
    expect: ["pong"],
  },
  {
    what: "a hundred messages",
    send: Array.from({ length: 100 }, () => text("ping")),
    expect: Array.from({ length: 100 }, () => "pong"),
  },
];

const pings: Row[] = [
  { what: "a ping without payload", send: [ping()], expect: ["PONG"] },
  {
    what: "a ping with text",
    send: [ping("Hello, world!")],
    expect: [`PONG ${hex("Hello, world!")}`],
  },
  { what: "a ping with bytes", send: [ping(BYTES)], expect: [`PONG ${BYTES.toHex()}`] },
  {
    what: "a ping of 125 bytes",
    send: [ping(new Uint8Array(125).fill(0xfe))],
    expect: [`PONG ${"fe".repeat(125)}`],
  },
  {
    what: "a ping of 126 bytes",
    send: [ping(new Uint8Array(126).fill(0xfe))],
    expect: ["fail 1002"],
  },
  {
    what: "a pong of 126 bytes",
    send: [pong(new Uint8Array(126).fill(0xfe))],
    expect: ["fail 1002"],
  },
  { what: "a pong that nobody asked for", send: [pong()], expect: [] },
  { what: "a pong with payload that nobody asked for", send: [pong("unsolicited")], expect: [] },
  {
    what: "a pong that nobody asked for, then a ping",
    send: [pong("unsolicited"), ping("our ping")],
    expect: [`PONG ${hex("our ping")}`],
  },
  { what: "ten pings", send: ten.map(ping), expect: ten.map((one) => `PONG ${hex(one)}`) },
  {
    what: "ten pings among messages",
    send: ten.flatMap((one) => [ping(one), text("ping")]),
    expect: ten.flatMap((one) => [`PONG ${hex(one)}`, "pong"]),
  },
];

const reservedBits: Row[] = [1, 2, 3, 4, 5, 6, 7].flatMap((rsv): Row[] => [
  { what: `a text with RSV ${rsv}`, send: [text("ping", { rsv })], expect: ["fail 1002"] },
  {
    what: `a text, then one with RSV ${rsv}, then a ping`,
    send: [text("ping"), text("ping", { rsv }), ping()],
    expect: ["pong", "fail 1002"],
  },
  { what: `a binary with RSV ${rsv}`, send: [binary(BYTES, { rsv })], expect: ["fail 1002"] },
  { what: `a ping with RSV ${rsv}`, send: [{ ...ping("x"), rsv }], expect: ["fail 1002"] },
  {
    what: `a continuation with RSV ${rsv}`,
    send: [text("pi", { fin: false }), { ...continuation("ng"), rsv }],
    expect: ["fail 1002"],
  },
  {
    what: `a close frame with RSV ${rsv}`,
    send: [{ opcode: Opcode.close, rsv }],
    expect: ["fail 1002"],
  },
]);

const opcodes: Row[] = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].flatMap((opcode): Row[] => [
  { what: `opcode ${opcode}`, send: [{ opcode }], expect: ["fail 1002"] },
  {
    what: `opcode ${opcode} with payload`,
    send: [{ opcode, payload: "reserved opcode" }],
    expect: ["fail 1002"],
  },
  {
    what: `a text, then opcode ${opcode}, then a ping`,
    send: [text("ping"), { opcode, payload: "x" }, ping()],
    expect: ["pong", "fail 1002"],
  },
  {
    what: `opcode ${opcode} inside a message`,
    send: [text("pi", { fin: false }), { opcode, payload: "x" }],
    expect: ["fail 1002"],
  },
]);

const violation = (what: string, ...send: Row["send"]): Row => ({
  what,
  send,
  expect: ["fail 1002"],
});

const masksAndLengths: Row[] = [
  violation("a text without mask", text("ping", { mask: false })),
  violation("an empty text without mask", text("", { mask: false })),
  violation("a binary without mask", binary(BYTES, { mask: false })),
  violation("a ping without mask", { ...ping("x"), mask: false }),
  violation("a close frame without mask", { opcode: Opcode.close, mask: false }),
  violation("a continuation without mask", text("pi", { fin: false }), {
    ...continuation("ng"),
    mask: false,
  }),
  violation("the first two bytes of a frame without mask", new Uint8Array([0x81, 0x7f])),
  ...[0, 1, 125].map((length) =>
    violation(
      `${length} bytes with a length in 16 bits`,
      text("x".repeat(length), { lengthBits: 16 }),
    )
  ),
  ...[0, 125, 126, 65_535].map((length) =>
    violation(
      `${length} bytes with a length in 64 bits`,
      text("x".repeat(length), { lengthBits: 64 }),
    )
  ),
  violation(
    "a length with its top bit set",
    text("x", { lengthBits: 64, declaredLength: 1n << 63n }),
  ),
  violation(
    "a length of all ones",
    text("x", { lengthBits: 64, declaredLength: (1n << 64n) - 1n }),
  ),
  violation("a ping with a length in 16 bits", { ...ping("x"), lengthBits: 16 }),
  violation("a ping with a length in 64 bits", { ...ping("x"), lengthBits: 64 }),
];

Deno.test("the server reads frames as RFC 6455 has them", async (t) => {
  await using ranger = await startRanger({
    args: [
      ...["--no-auth", "--amqp-url", "amqp://127.0.0.1:1/"],
      ...["--limits-message-bytes=65536", "--limits-message-rate=0"],
    ],
  });
  const sections: [string, Row[]][] = [
    ["1 framing", framing],
    ["2 pings and pongs", pings],
    ["3 reserved bits", reservedBits],
    ["4 reserved opcodes", opcodes],
    ["masks and lengths", masksAndLengths],
  ];
  for (const [name, rows] of sections) {
    await step(t, `${name}, ${rows.length} cases`, () => conform(ranger.url(), rows));
  }
});
