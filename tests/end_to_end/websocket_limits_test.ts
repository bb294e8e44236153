import {
  binary,
  conform,
  continuation,
  echo,
  echoNameFor,
  echoRequest,
  NOT_UNDERSTOOD,
  ping,
  type Row,
  text,
} from "../support/conformance.ts";
import { step } from "../support/exchange.ts";
import { encodeFrame, type FrameToSend } from "../../testing/frames.ts";
import { startRanger } from "../../testing/ranger.ts";

const LIMIT = 4096;

/** A frame's header, and nothing of its payload. */
function headerOf(frame: FrameToSend, declaredLength: number | bigint): Uint8Array {
  return encodeFrame({ ...frame, payload: "", declaredLength });
}

const atTheLimit: Row[] = [
  {
    what: "a text as long as allowed",
    send: [text(echoRequest(echoNameFor(LIMIT)))],
    expect: echo(echoNameFor(LIMIT)),
  },
  {
    what: "a binary as long as allowed",
    send: [binary(new Uint8Array(LIMIT)), text("ping")],
    expect: [NOT_UNDERSTOOD, "pong"],
  },
  {
    what: "fragments that are as long as allowed together, pings between not counted",
    send: [
      text("ping".padEnd(LIMIT - 100), { fin: false }),
      ping("x".repeat(125)),
      continuation("x".repeat(99), false),
      ping("x".repeat(125)),
      continuation("x"),
      text("ping"),
    ],
    expect: [`PONG ${"78".repeat(125)}`, `PONG ${"78".repeat(125)}`, "pong", "pong"],
  },
  {
    what: "each message counts by itself",
    send: Array.from({ length: 4 }, () => text("ping".padEnd(LIMIT))),
    expect: ["pong", "pong", "pong", "pong"],
  },
];

const overTheLimit: Row[] = [
  ...[text(""), binary("")].flatMap((frame): Row[] =>
    [LIMIT + 1, 65_535, 65_536, 2 ** 30, 2 ** 32, 2 ** 53, 2n ** 63n - 1n].map((length) => ({
      what: `the header of opcode ${frame.opcode} with ${length} bytes`,
      send: [headerOf(frame, length)],
      expect: ["fail 1009"],
    }))
  ),
  {
    what: "a whole message",
    send: [text("ping".padEnd(LIMIT + 1))],
    expect: ["fail 1009"],
  },
  {
    what: "a whole message of 200,000 bytes",
    send: [text("ping".padEnd(200_000))],
    expect: ["fail 1009"],
  },
  {
    what: "a message before it is answered",
    send: [text("ping"), headerOf(text(""), 2 ** 30)],
    expect: ["pong", "fail 1009"],
  },
  {
    what: "the header of a first fragment",
    send: [headerOf(text("", { fin: false }), LIMIT + 1)],
    expect: ["fail 1009"],
  },
  {
    what: "the header of a second fragment that is too much together with the first",
    send: [text("x".repeat(4000), { fin: false }), headerOf(continuation(""), 97)],
    expect: ["fail 1009"],
  },
  {
    what: "the same in binary",
    send: [binary("x".repeat(4000), { fin: false }), headerOf(continuation(""), 97)],
    expect: ["fail 1009"],
  },
  {
    what: "one byte after fragments as long as allowed",
    send: [text("x".repeat(LIMIT), { fin: false }), headerOf(continuation("", false), 1)],
    expect: ["fail 1009"],
  },
  {
    what: "a thousand small fragments",
    send: [
      text("x", { fin: false }),
      ...Array.from({ length: 1000 }, () => continuation("abcde", false)),
    ],
    expect: ["fail 1009"],
  },
];

Deno.test("a message over the limit is refused by its header", async (t) => {
  await using ranger = await startRanger({
    args: ["--no-auth", "--amqp-url", "amqp://127.0.0.1:1/"],
  });
  await step(
    t,
    `9 at the limit, ${atTheLimit.length} cases`,
    () => conform(ranger.url(), atTheLimit),
  );
  await step(
    t,
    `9 over the limit, ${overTheLimit.length} cases`,
    () => conform(ranger.url(), overTheLimit),
  );
});
