import assert from "node:assert/strict";
import fc from "fast-check";
import { publicReason, TokenError } from "../../src/auth/errors.ts";
import { parseMessage } from "../../src/session/messages.ts";
import { MESSAGES, streamsAnswer, TEXTS, textWithId } from "../../src/session/responses.ts";

function idOf(text: string): string | undefined {
  const message = parseMessage(text);
  assert.ok(message.kind === "request" || message.kind === "invalid");
  return message.id;
}

Deno.test("an id is repeated as the client wrote it", () => {
  const rows: [written: string, id: string | undefined][] = [
    ["7", "7"],
    ["-1.50", "-1.50"],
    ["1E3", "1E3"],
    ["12345678901234567890123", "12345678901234567890123"],
    ['"a1"', '"a1"'],
    ['"\\u00e4 \\""', '"ä \\""'],
    ['""', '""'],
    [`"${"x".repeat(64)}"`, `"${"x".repeat(64)}"`],
    [`"${"😀".repeat(64)}"`, `"${"😀".repeat(64)}"`],
    // What is not a valid id is ignored, as any other unknown member.
    [`"${"x".repeat(65)}"`, undefined],
    ["1".repeat(65), undefined],
    ["null", undefined],
    ["true", undefined],
    ["[1]", undefined],
    ['{"id":1}', undefined],
  ];
  for (const [written, id] of rows) {
    assert.equal(idOf(`{"event":"list","id":${written}}`), id, written);
    assert.equal(idOf(`{"id":${written},"event":"nonsense","x":{"id":8},"y":[{"id":9}]}`), id);
  }
});

Deno.test("the id is the message's, whatever else is called so", () => {
  assert.equal(idOf('{"event":"list","x":{"id":8}}'), undefined);
  assert.equal(idOf('{"x":{"id":8},"id":7,"event":"list"}'), "7");
  assert.equal(idOf('{"event":"list","id":7,"":{"id":8}}'), "7");
});

Deno.test("a number of any spelling comes back digit by digit", () => {
  const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) =>
    JSON.stringify(value)
  );
  fc.assert(fc.property(number, (written) => {
    assert.equal(idOf(`{"event":"list","id":${written}}`), written);
  }));
});

Deno.test("an answer with an id is the answer without, and the id behind it", () => {
  assert.equal(
    textWithId(TEXTS.authenticated, "7"),
    '{"success":{"message":"Authenticated."},"id":7}',
  );
  assert.equal(
    textWithId(TEXTS.messageError, '"a"', 'unknown event "x"'),
    '{"error":{"message":"Error while handling message.","reason":"unknown event \\"x\\""},"id":"a"}',
  );
  assert.equal(
    streamsAnswer("available", ["a.b"]).text,
    '{"success":{"message":"available","streams":["a.b"]}}',
  );
  assert.equal(
    streamsAnswer("subscribed", ["a.b"], "1").text,
    '{"success":{"message":"subscribed","streams":["a.b"]},"id":1}',
  );
  for (const [name, message] of Object.entries(MESSAGES)) {
    const frame = message.frame({ transport: "websocket" });
    assert.equal(new TextDecoder().decode(frame.subarray(2)), TEXTS[name as keyof typeof TEXTS]);
  }
});

Deno.test("a reason says what is wrong with a token that was signed here, and nothing of others", () => {
  assert.equal(
    publicReason(new TokenError("ERR_TOKEN_EXPIRED", "the token has expired")),
    "the token has expired",
  );
  for (
    const code of ["ERR_TOKEN_SIGNATURE", "ERR_TOKEN_REVOKED", "ERR_TOKEN_UNKNOWN_KEY"] as const
  ) {
    assert.equal(publicReason(new TokenError(code, "a detail")), "the token does not verify");
  }
  assert.equal(publicReason(new TypeError("a detail")), "the token does not verify");
});
