import assert from "node:assert/strict";
import fc from "fast-check";
import { isJson } from "../../src/streams/json_check.ts";
import { NOT_JSON, parseJson } from "../../src/streams/payload.ts";

const encoder = new TextEncoder();

function agrees(bytes: Uint8Array): boolean {
  const parses = parseJson(bytes) !== NOT_JSON;
  assert.equal(isJson(bytes), parses, `${JSON.stringify(new TextDecoder().decode(bytes))}`);
  return parses;
}

Deno.test("what JSON.parse takes is JSON, and nothing else is", async (t) => {
  const texts = [
    ...["", " ", "1", "-1", "-0", "01", "1.", ".5", "1.5", "-", "+1", "1e5", "1E+5", "1e", "1e-"],
    ...["0x1", "1_0", "NaN", "Infinity", "true", "tru", "truee", "false", "null", "nul", "TRUE"],
    ...[
      '""',
      '"',
      '"a',
      '"\\',
      '"\\"',
      '"\\u12"',
      '"\\u123g"',
      '"\\u1aF0"',
      '"\\x"',
      '"\\/\\b\\f"',
    ],
    ...['"\t"', '"\n"', '"\u007f"', '"\ud83d\ude00"', '"ä€"', '"\\ud800"', "'a'", '"a" "b"'],
    ...["[]", "[", "]", "[1]", "[1,]", "[,1]", "[1 2]", "[[]]", "[[]", "[]]", "[1}", "[ 1 , 2 ]"],
    ...["{}", "{", "}", '{"a":1}', '{"a":1,}', '{"a"}', '{"a":}', "{a:1}", "{1:1}", '{"a" : [ ] }'],
    ...[
      '{"a":1,"a":2}',
      '{"a":{"b":[{}]}}',
      '{"a":1]',
      "\ufeff1",
      "1\u00a0",
      "\v1",
      " \t\r\n1\r\n",
    ],
  ];
  for (const text of texts) {
    await t.step(JSON.stringify(text), () => void agrees(encoder.encode(text)));
  }
});

Deno.test("UTF-8 that is none is not JSON, nor are its pieces", () => {
  const sequences = [[0x80], [0xc0, 0x80], [0xc1, 0xbf], [0xc2], [0xc2, 0x20], [0xc2, 0x80]];
  for (const first of [0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xff]) {
    for (const second of [0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0]) {
      sequences.push([first, second], [first, second, 0x80], [first, second, 0x80, 0x80]);
    }
  }
  for (const sequence of sequences) {
    agrees(new Uint8Array([0x22, ...sequence, 0x22]));
    agrees(new Uint8Array([0x22, ...sequence]));
  }
});

Deno.test("values of all forms are JSON, and with a byte changed what JSON.parse says they are", () => {
  let accepted = 0;
  fc.assert(
    fc.property(fc.json({ stringUnit: "binary" }), fc.nat(), fc.nat(255), (text, place, byte) => {
      const bytes = encoder.encode(text);
      assert.ok(agrees(bytes));
      bytes[place % bytes.length] = byte;
      if (agrees(bytes)) accepted++;
      agrees(bytes.subarray(0, place % bytes.length));
    }),
    { numRuns: 5000 },
  );
  // Both kinds must have been met for that to say anything.
  assert.ok(accepted > 100 && accepted < 4900, `${accepted}`);
});

Deno.test("brackets and quotes in any order are what JSON.parse says they are", () => {
  const pieces = ["[", "]", "{", "}", ",", ":", '"', "1", "-", "null", '"a"', " ", '"a":', "\\"];
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...pieces), { maxLength: 12 }),
      (words) => void agrees(encoder.encode(words.join(""))),
    ),
    { numRuns: 20_000 },
  );
});

Deno.test("a million brackets are JSON where they close in order", () => {
  const deep = 1_000_000;
  assert.ok(isJson(encoder.encode("[".repeat(deep) + "]".repeat(deep))));
  assert.ok(!isJson(encoder.encode("[".repeat(deep) + "]".repeat(deep - 1))));
  assert.ok(isJson(encoder.encode('{"a":['.repeat(deep) + "]}".repeat(deep))));
  assert.ok(!isJson(encoder.encode('{"a":['.repeat(deep) + "]}".repeat(deep - 1) + "}]")));
});
