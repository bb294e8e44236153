import assert from "node:assert/strict";
import fc from "fast-check";
import { extended } from "../../web/src/page_socket.ts";
import { formProblem, timeProblem } from "../../web/src/token_problem.ts";

const NOW = 1_600_000_000_000;

function token(claims: unknown, header: unknown = { alg: "RS256" }): string {
  const part = (value: unknown) =>
    new TextEncoder().encode(JSON.stringify(value)).toBase64({ alphabet: "base64url" })
      .replace(/=+$/, "");
  return `${part(header)}.${part(claims)}.c2ln`;
}

Deno.test("what is not a JWT is refused with what it lacks", () => {
  assert.match(formProblem("nonsense")!, /no dot/);
  assert.match(formProblem("a.b")!, /2 parts/);
  assert.match(formProblem("no.such.token")!, /first part/);
  assert.match(formProblem(token({}).replace(/\.[^.]+\./, ".e30x."))!, /second part/);
  assert.match(formProblem(token([1]))!, /second part/);
  assert.equal(formProblem(token({ uid: "IDü" })), undefined);
  fc.assert(fc.property(fc.string(), (text) => {
    assert.equal(typeof (formProblem(text) ?? ""), "string");
    assert.equal(typeof timeProblem(text, NOW), "string");
  }));
});

Deno.test("a refused token's times are explained", () => {
  assert.match(timeProblem(token({}), NOW), /no expiry/);
  assert.match(timeProblem(token({ exp: "soon" }), NOW), /not a number/);
  assert.match(timeProblem(token({ exp: 1_599_999_999 }), NOW), /^It expired on .*2020/);
  assert.match(timeProblem(token({ exp: 1_700_000_000, nbf: 1_650_000_000 }), NOW), /before/);
  assert.equal(timeProblem(token({ exp: 1_700_000_000 }), NOW), "");
});

Deno.test("the page's tokens ask for the reason of a refusal", () => {
  assert.deepEqual(JSON.parse(extended('{"jwt":"Bearer x"}')), { jwt: "Bearer x", id: "token" });
  const other = '{"event":"unsubscribe","streams":["a.trades"]}';
  assert.equal(extended(other), other);
  assert.equal(extended("ping"), "ping");
});
