import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import type { AuthSettings } from "../../src/auth/claims.ts";
import { TokenVerifier } from "../../src/auth/verifier.ts";
import { makeKey, type TestKey } from "../../testing/tokens.ts";
import { authSettings } from "../support/auth_settings.ts";

const [one, two, rsa, p256, stranger] = await Promise.all([
  makeKey(),
  makeKey(),
  makeKey("RS256"),
  makeKey("ES256"),
  makeKey(),
]);

const pemOf = (...keys: readonly TestKey[]) => keys.map((key) => key.publicPem).join("");
const setOf = async (named: Readonly<Record<string, TestKey>>, more: object[] = []) => {
  const keys = await Promise.all(Object.entries(named).map(([kid, key]) => key.jwk({ kid })));
  return JSON.stringify({ keys: [...keys, ...more] });
};
const verifierOf = (publicKey: string, more: Partial<AuthSettings> = {}) =>
  TokenVerifier.create(authSettings({ publicKey, ...more }));
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

Deno.test("every key of a file of several verifies, of whatever kind", async () => {
  const verifier = await verifierOf(pemOf(one, rsa, two, p256, one));
  assert.equal(verifier.keys.length, 4, "the same key twice is one");
  for (const key of [one, two, rsa, p256]) {
    await verifier.verify(await key.token());
    // A name that PEM does not know is ignored.
    await verifier.verify(await key.token({}, { kid: "2026-01" }));
  }
  await assert.rejects(verifier.verify(await stranger.token()), { code: "ERR_TOKEN_SIGNATURE" });
  const other = await makeKey("ES256");
  await assert.rejects(verifier.verify(await other.token()), { code: "ERR_TOKEN_SIGNATURE" });
});

Deno.test("a key of a set is chosen by the token's kid, and by nothing else", async () => {
  const verifier = await verifierOf(await setOf({ a: one, b: two, r: rsa }));
  await verifier.verify(await one.token({}, { kid: "a" }));
  await verifier.verify(await two.token({}, { kid: "b" }));
  await verifier.verify(await rsa.token({}, { kid: "r" }));
  await verifier.verify(await two.token());
  const refused: [string, string][] = [
    [await one.token({}, { kid: "b" }), "ERR_TOKEN_SIGNATURE"],
    [await one.token({}, { kid: "c" }), "ERR_TOKEN_UNKNOWN_KEY"],
    [await one.token({}, { kid: "r" }), "ERR_TOKEN_UNKNOWN_KEY"],
    [await p256.token({}, { kid: "a" }), "ERR_TOKEN_ALGORITHM"],
  ];
  for (const [token, code] of refused) await assert.rejects(verifier.verify(token), { code });
});

Deno.test("an Ed25519 key of a set takes EdDSA and Ed25519, whatever its own alg", async (t) => {
  for (const declared of [undefined, "EdDSA", "Ed25519"]) {
    for (const algorithm of ["", "EdDSA", "Ed25519"]) {
      await t.step(`alg ${declared ?? "none"}, auth.algorithm "${algorithm}"`, async () => {
        const jwk = await one.jwk({
          kid: "a",
          ...(declared === undefined ? {} : { alg: declared }),
        });
        const verifier = await verifierOf(JSON.stringify({ keys: [jwk] }), { algorithm });
        for (const alg of ["EdDSA", "Ed25519"]) {
          await verifier.verify(await one.token({}, { kid: "a", alg }));
          await verifier.verify(await one.token({}, { alg }));
          await assert.rejects(
            verifier.verify(await stranger.token({}, { kid: "a", alg })),
            { code: "ERR_TOKEN_SIGNATURE" },
          );
        }
      });
    }
  }
});

Deno.test("a set is passed over where it should be, and refused where it must be", async (t) => {
  const good = await one.jwk({ kid: "good" });
  const cases: [string, object, RegExp | undefined][] = [
    ["for encryption", await two.jwk({ use: "enc" }), undefined],
    ["for signing only", await two.jwk({ key_ops: ["sign"] }), undefined],
    ["a secret", { kty: "oct", kid: "s", k: "c2VjcmV0" }, /the key "s" is a shared secret/],
    ["private", { ...await two.jwk({ kid: "p" }), d: "AAAA" }, /the key "p" is a private key/],
    ["another kind", { kty: "EC", crv: "P-384", x: "AA", y: "AA" }, /damaged or of an unknown/],
    ["an algorithm that does not fit", await two.jwk({ alg: "RS256" }), /alg of a key without kid/],
    ["an HMAC by name", await rsa.jwk({ alg: "HS256" }), /is an? .*HMAC|"HS256", an HMAC/],
  ];
  for (const [name, jwk, refusal] of cases) {
    await t.step(name, async () => {
      const loading = verifierOf(JSON.stringify({ keys: [good, jwk] }));
      if (refusal === undefined) assert.equal((await loading).keys.length, 1);
      else await assert.rejects(loading, refusal);
    });
  }
  await t.step("a single key is a set of one, base64 as well", async () => {
    for (const text of [JSON.stringify(good), btoa(JSON.stringify(good))]) {
      const verifier = await verifierOf(text);
      await verifier.verify(await one.token({}, { kid: "good" }));
    }
  });
});

Deno.test("no token chooses its algorithm or its key", async (t) => {
  const claims = { uid: "ID1", sub: "session", jti: "1", exp: 4_000_000_000 };
  const hmac = (secret: string | Uint8Array, header: object) => {
    const input = `${part({ alg: "HS256", ...header })}.${part(claims)}`;
    return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
  };
  const set = await setOf({ a: rsa });
  const jwk = await stranger.jwk();
  const der = Buffer.from(rsa.publicPem.replace(/-----.*-----|\n/g, ""), "base64");
  const tokens: [string, string][] = [
    ["HS256 by the PEM", hmac(rsa.publicPem, { kid: "a" })],
    ["HS256 by the PEM without its last newline", hmac(rsa.publicPem.trim(), {})],
    ["HS256 by the DER", hmac(der, {})],
    ["HS256 by the set", hmac(set, { kid: "a" })],
    ["HS256 by nothing", hmac("", {})],
    ["none", `${part({ alg: "none", kid: "a" })}.${part(claims)}.`],
    ["nOnE", `${part({ alg: "nOnE" })}.${part(claims)}.`],
    ["its own key in jwk", await stranger.token({}, { jwk })],
    ["its own key in jwk, by a known kid", await stranger.token({}, { jwk, kid: "b" })],
    ["its own set in jku", await stranger.token({}, { jku: "http://127.0.0.1:1/", kid: "mine" })],
    [
      "a certificate in x5c",
      await stranger.token({}, { x5c: ["MIIB"], x5u: "http://127.0.0.1:1/" }),
    ],
  ];
  for (const publicKey of [pemOf(rsa, one), await setOf({ a: rsa, b: one })]) {
    const verifier = await verifierOf(publicKey);
    for (const [name, token] of tokens) {
      await t.step(name, () =>
        assert.rejects(verifier.verify(token), {
          code: /^ERR_TOKEN_(ALGORITHM|SIGNATURE|UNKNOWN_KEY)$/,
        }));
    }
    // Those headers do no harm to a token that is good without them.
    await verifier.verify(await one.token({}, { jwk, jku: "http://127.0.0.1:1/" }));
  }
});

Deno.test("a remembered token is good for as long as its key is in force", async () => {
  const verifier = await verifierOf(pemOf(one, two));
  const [first, second] = [await one.token(), await two.token()];
  await verifier.verify(first);
  await verifier.verify(second);

  const commit = await verifier.prepare(authSettings({ publicKey: pemOf(two) }));
  await verifier.verify(first);
  commit();
  await assert.rejects(verifier.verify(first), { code: "ERR_TOKEN_SIGNATURE" });
  await verifier.verify(second);

  (await verifier.prepare(authSettings({ publicKey: pemOf(two), issuer: "barong" })))();
  await assert.rejects(verifier.verify(second), { code: "ERR_TOKEN_ISSUER" });
  await verifier.verify(await two.token({ iss: "barong" }));
});

Deno.test("a token whose key goes while it is verified is refused", async () => {
  const verifier = await verifierOf(pemOf(one));
  const commit = await verifier.prepare(authSettings({ publicKey: pemOf(two) }));
  const verifying = verifier.verify(await one.token());
  commit();
  await assert.rejects(verifying, { code: "ERR_TOKEN_SIGNATURE" });
});

Deno.test("keys that cannot be used leave the old ones in force", async () => {
  const verifier = await verifierOf(pemOf(one));
  for (const publicKey of ["/nonexistent/jwt.pub", one.privatePem, "{", ""]) {
    await assert.rejects(verifier.prepare(authSettings({ publicKey })), /auth\.public_key/);
  }
  await verifier.verify(await one.token());
});

Deno.test("what came of tokens is counted by a few words", async () => {
  const verifier = await verifierOf(await setOf({ a: one }));
  const good = await one.token({}, { kid: "a" });
  const tokens = [
    good,
    good,
    "nonsense",
    await one.token({ exp: 1 }),
    await one.token({}, { kid: "b" }),
    await two.token({}, { kid: "a" }),
    await rsa.token(),
    await one.token({ uid: 7 }),
    await one.token({ sub: "x" }),
  ];
  await Promise.allSettled(tokens.map((token) => verifier.verify(token)));
  assert.deepEqual(Object.fromEntries(verifier.state.results), {
    accepted: 2,
    malformed: 1,
    expired: 1,
    unknown_key: 1,
    signature: 1,
    algorithm: 1,
    uid: 1,
    subject: 1,
  });
});
