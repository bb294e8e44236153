import {
  close,
  conform,
  continuation,
  echo,
  echoRequest,
  NOT_UNDERSTOOD,
  ping,
  type Row,
  text,
} from "../support/conformance.ts";
import { step } from "../support/exchange.ts";
import { startRanger } from "../../testing/ranger.ts";

const bytesOf = (hex: string) => Uint8Array.fromHex(hex.replaceAll(" ", ""));

/** A fragment that is not the last. */
const begun = (payload: string | Uint8Array) => text(payload, { fin: false });

/** Every way to cut bytes into two fragments, and one into single bytes. */
function cuts(bytes: Uint8Array): Row["send"][] {
  const inTwo = Array.from({ length: bytes.length + 1 }, (_, at) => [
    begun(bytes.slice(0, at)),
    continuation(bytes.slice(at)),
  ]);
  const single = [...bytes].map((_, at) => continuation(bytes.slice(at, at + 1), false));
  return [...inTwo, [begun(""), ...single, continuation("")]];
}

const VALID = [
  ["one byte, the first and the last that are not controls", "20 7f"],
  ["two bytes, first and last", "c2 80 df bf"],
  ["three bytes, first", "e0 a0 80"],
  ["before and after the surrogates", "ed 9f bf ee 80 80"],
  ["the replacement character itself", "ef bf bd"],
  ["U+FFFE and U+FFFF, which are no characters, and valid", "ef bf be ef bf bf"],
  ["four bytes, first", "f0 90 80 80"],
  ["U+10FFFF, the last of all", "f4 8f bf bf"],
  ["U+1FFFE and U+10FFFE", "f0 9f bf be f4 8f bf be"],
  ["a Greek word", "ce ba cf 8c cf 83 ce bc ce b5"],
  ["an accent that combines, and joined emoji", "65 cc 81 f0 9f 91 a9 e2 80 8d f0 9f 9a 80"],
] as const;

const INVALID = [
  ["a byte that continues nothing, the first such", "80"],
  ["a byte that continues nothing, the last such", "bf"],
  ["six of them", "80 bf 80 bf 80 bf"],
  ["a lone first byte of two", "c2 20"],
  ["a lone first byte of three", "e1 20"],
  ["a lone first byte of four", "f1 20"],
  ["two bytes cut short", "c3"],
  ["three bytes cut short", "e2 82"],
  ["four bytes cut short", "f0 9f 98"],
  ["four bytes cut short, then another", "f0 9f 98 61"],
  ["a slash in two bytes", "c0 af"],
  ["a slash in three bytes", "e0 80 af"],
  ["a slash in four bytes", "f0 80 80 af"],
  ["the last overlong in two bytes", "c1 bf"],
  ["the last overlong in three bytes", "e0 9f bf"],
  ["the last overlong in four bytes", "f0 8f bf bf"],
  ["zero in two bytes", "c0 80"],
  ["the first high surrogate", "ed a0 80"],
  ["the last high surrogate", "ed af bf"],
  ["the first low surrogate", "ed b0 80"],
  ["the last low surrogate", "ed bf bf"],
  ["a pair of surrogates", "ed a0 80 ed b0 80"],
  ["U+110000", "f4 90 80 80"],
  ["U+13FFFF", "f4 bf bf bf"],
  ["a first byte beyond U+10FFFF", "f5 80 80 80"],
  ["five bytes", "f8 88 80 80 80"],
  ["six bytes", "fc 84 80 80 80 80"],
  ["fe", "fe"],
  ["ff", "ff"],
  ["the byte order mark of UTF-16", "fe ff"],
  ["valid, then surrogate, then valid", "ce ba ed a0 80 65 64"],
] as const;

const decode = (bytes: Uint8Array) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);

const valid: Row[] = VALID.flatMap(([what, hex]) => {
  const name = decode(bytesOf(hex));
  const request = new TextEncoder().encode(echoRequest(name));
  return [
    { what, send: [text(request)], expect: echo(name) },
    ...cuts(bytesOf(hex)).map((send, index): Row => ({
      what: `${what}, cut ${index}`,
      send: [
        begun('{"event":"subscribe","streams":["'),
        ...asContinuations(send),
        continuation('"]}'),
      ],
      expect: echo(name),
    })),
  ];
});

/** The same fragments in the middle of a message. */
function asContinuations(send: Row["send"]): Row["send"] {
  return send.map((frame) =>
    frame instanceof Uint8Array ? frame : continuation(frame.payload ?? "", false)
  );
}

const invalid: Row[] = INVALID.flatMap(([what, hex]) => [
  { what, send: [text(bytesOf(hex))], expect: ["fail 1007"] },
  {
    what: `${what}, after good text`,
    send: [text(new Uint8Array([...new TextEncoder().encode("ping"), ...bytesOf(hex)]))],
    expect: ["fail 1007"],
  },
  ...cuts(bytesOf(hex)).map((send, index): Row => ({
    what: `${what}, cut ${index}`,
    send: [...send, ping()],
    expect: ["fail 1007"],
  })),
]);

const early: Row[] = INVALID.filter(([what]) => !what.endsWith("cut short")).map(([what, hex]) => ({
  what: `${what}: the rest of the message is not waited for`,
  send: [begun(bytesOf(hex))],
  expect: ["fail 1007"],
}));

const marks: Row[] = [
  // Were the mark taken away, this would be a ping.
  {
    what: "a byte order mark is part of the text",
    send: [text("\ufeffping")],
    expect: [NOT_UNDERSTOOD],
  },
  {
    what: "a byte order mark in fragments too",
    send: [begun(bytesOf("ef bb")), continuation(bytesOf("bf 70 69 6e 67"))],
    expect: [NOT_UNDERSTOOD],
  },
  {
    what: "bytes that are no text may be binary",
    send: [{ opcode: 2, payload: bytesOf("ff fe ed a0 80") }, text("ping")],
    expect: [NOT_UNDERSTOOD, "pong"],
  },
  {
    what: "bytes that are no text may be a ping's",
    send: [ping(bytesOf("ff fe"))],
    expect: ["PONG fffe"],
  },
  {
    what: "good text before bad is answered",
    send: [text("ping"), text(bytesOf("ff"))],
    expect: ["pong", "fail 1007"],
  },
  ...INVALID.map(([what, hex]): Row => ({
    what: `the reason of a close frame: ${what}`,
    send: [close(1000, bytesOf(hex))],
    expect: ["fail 1007"],
  })),
];

Deno.test("the server takes UTF-8 and nothing else for text", async (t) => {
  await using ranger = await startRanger({
    args: ["--no-auth", "--amqp-url", "amqp://127.0.0.1:1/"],
  });
  const sections: [string, Row[]][] = [
    ["6 valid UTF-8", valid],
    ["6 invalid UTF-8", invalid],
    ["6 invalid UTF-8 ends the connection at once", early],
    ["6 what else is and is not text", marks],
  ];
  for (const [name, rows] of sections) {
    await step(t, `${name}, ${rows.length} cases`, () => conform(ranger.url(), rows));
  }
});
