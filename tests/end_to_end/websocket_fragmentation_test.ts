import {
  binary,
  close,
  conform,
  continuation,
  echo,
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

const hex = (value: string) => new TextEncoder().encode(value).toHex();

/** A message in a number of fragments, with other frames between each two of them. */
function fragments(
  message: string,
  count: number,
  between: Row["send"] = [],
  opcode: number = Opcode.text,
): Row["send"] {
  const size = Math.ceil(message.length / count);
  return Array.from({ length: count }, (_, index) => {
    const payload = message.slice(index * size, (index + 1) * size);
    const fin = index === count - 1;
    const frame = index === 0 ? { opcode, payload, fin } : continuation(payload, fin);
    return fin ? [frame] : [frame, ...between];
  }).flat();
}

const request = echoRequest("usdbtc.trades");
const [answer = ""] = echo("usdbtc.trades");
const begun = (payload: string) => text(payload, { fin: false });

const whole: Row[] = [
  ...[2, 3, 5, request.length].flatMap((count): Row[] => [
    { what: `a text in ${count} fragments`, send: fragments(request, count), expect: [answer] },
    {
      what: `a text in ${count} fragments, a ping between each two`,
      send: fragments(request, count, [ping("between")]),
      expect: [...Array<string>(count - 1).fill(`PONG ${hex("between")}`), answer],
    },
    {
      what: `a text in ${count} fragments, unsolicited pongs between`,
      send: fragments(request, count, [pong("between")]),
      expect: [answer],
    },
    {
      what: `a binary in ${count} fragments`,
      send: fragments(request, count, [ping()], Opcode.binary),
      expect: [...Array<string>(count - 1).fill("PONG"), answer],
    },
  ]),
  {
    what: "a binary that is not UTF-8 in fragments, each of which is bad",
    send: [
      binary(new Uint8Array([0xff]), { fin: false }),
      continuation(new Uint8Array([0xfe]), false),
      continuation(new Uint8Array([0xed, 0xa0])),
      text("ping"),
    ],
    expect: [NOT_UNDERSTOOD, "pong"],
  },
  {
    what: "empty fragments, first, between and last",
    send: [begun(""), continuation("ping", false), continuation("", false), continuation("")],
    expect: ["pong"],
  },
  {
    what: "nothing but empty fragments",
    send: [begun(""), continuation("", false), continuation(""), text("ping")],
    expect: ["pong"],
  },
  {
    what: "five hundred empty fragments",
    send: [begun("pi"), ...Array.from({ length: 500 }, () => continuation("", false))]
      .concat(continuation("ng")),
    expect: ["pong"],
  },
  {
    what: "one message in fragments after the other",
    send: [
      ...fragments(request, 3),
      ...fragments("binary", 2, [], Opcode.binary),
      ...fragments("ping", 4),
      text("ping"),
    ],
    expect: [answer, NOT_UNDERSTOOD, "pong", "pong"],
  },
  {
    what: "a close frame between fragments",
    send: [begun("pi"), close(1001), continuation("ng")],
    expect: ["close 1001"],
  },
];

const outOfTurn: Row[] = [
  { what: "a continuation of nothing", send: [continuation("ping")], expect: ["fail 1002"] },
  {
    what: "a continuation of nothing, not the last",
    send: [continuation("ping", false)],
    expect: ["fail 1002"],
  },
  {
    what: "an empty continuation of nothing",
    send: [continuation("")],
    expect: ["fail 1002"],
  },
  {
    what: "a continuation after a whole message",
    send: [text("ping"), continuation("ping")],
    expect: ["pong", "fail 1002"],
  },
  {
    what: "a continuation after the last fragment, then a text",
    send: [...fragments("ping", 2), continuation("ping", false), text("ping")],
    expect: ["pong", "fail 1002"],
  },
  {
    what: "a text inside a text",
    send: [begun("pi"), text("ping")],
    expect: ["fail 1002"],
  },
  {
    what: "a text's first fragment inside a text",
    send: [begun("pi"), begun("pi"), continuation("ng")],
    expect: ["fail 1002"],
  },
  {
    what: "a text inside a binary",
    send: [binary("pi", { fin: false }), text("ping")],
    expect: ["fail 1002"],
  },
  {
    what: "a binary inside a text",
    send: [begun("pi"), binary("ng")],
    expect: ["fail 1002"],
  },
  {
    what: "a text inside an empty first fragment",
    send: [begun(""), text("ping")],
    expect: ["fail 1002"],
  },
  { what: "a ping in fragments", send: [{ ...ping("x"), fin: false }], expect: ["fail 1002"] },
  {
    what: "a ping in fragments inside a message",
    send: [begun("pi"), { ...ping("x"), fin: false }, continuation("x")],
    expect: ["fail 1002"],
  },
  { what: "a pong in fragments", send: [{ ...pong("x"), fin: false }], expect: ["fail 1002"] },
  {
    what: "a close frame in fragments",
    send: [{ ...close(1000), fin: false }],
    expect: ["fail 1002"],
  },
];

Deno.test("the server puts fragments together as RFC 6455 has them", async (t) => {
  await using ranger = await startRanger({
    args: ["--no-auth", "--amqp-url", "amqp://127.0.0.1:1/"],
  });
  await step(t, `5 fragments, ${whole.length} cases`, () => conform(ranger.url(), whole));
  await step(
    t,
    `5 fragments out of turn, ${outOfTurn.length} cases`,
    () => conform(ranger.url(), outOfTurn),
  );
});
