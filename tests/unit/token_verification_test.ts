import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHmac, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import type { JWK } from "jose";
import type { AuthSettings } from "../../src/auth/claims.ts";
import { TokenError, type TokenErrorCode } from "../../src/auth/errors.ts";
import { TokenVerifier } from "../../src/auth/verifier.ts";
import { ConfigurationError } from "../../src/errors.ts";
import { authSettings } from "../support/auth_settings.ts";
import { JwksServer } from "../support/jwks_server.ts";
import { temporaryFolder } from "../support/run_ranger.ts";
import { AuthFailures, type FailureHolder } from "../../src/session/auth_failures.ts";
import { LabelledCounter } from "../../src/telemetry/labelled_counter.ts";

type Claims = Record<string, unknown>;

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const otherRsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ed25519 = generateKeyPairSync("ed25519");
const p256 = generateKeyPairSync("ec", { namedCurve: "prime256v1" });

const NOW = 1_700_000_000;
const END_OF_2200 = Date.UTC(2201, 0) / 1000;
const pem = (key: KeyObject) => key.export({ type: "spki", format: "pem" }).toString();
const part = (value: unknown) =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

const GOOD: Claims = {
  iat: NOW - 10,
  exp: NOW + 3600,
  jti: "a1b2",
  sub: "session",
  iss: "barong",
  aud: ["peatio", "barong"],
  uid: "ID123",
  role: "admin",
};

const AUTH = authSettings({ publicKey: pem(rsa.publicKey) });

/** Signs by hand, so that what is tested is not also what makes the test's input. */
function jwt(
  claims: Claims | string,
  key: KeyObject = rsa.privateKey,
  header: Claims = { alg: "RS256" },
): string {
  const input = `${part(header)}.${part(claims)}`;
  const algorithm = key.asymmetricKeyType === "ed25519" ? null : "sha256";
  const signature = sign(algorithm, Buffer.from(input), { key, dsaEncoding: "ieee-p1363" });
  return `${input}.${signature.toString("base64url")}`;
}

const without = (...names: string[]): Claims =>
  Object.fromEntries(Object.entries(GOOD).filter(([name]) => !names.includes(name)));

const verifier = (auth: Partial<AuthSettings> = {}, now = NOW) =>
  TokenVerifier.create({ ...AUTH, ...auth }, { now: () => now });

async function codeOf(token: string, auth: Partial<AuthSettings> = {}): Promise<TokenErrorCode> {
  const error = await (await verifier(auth)).verify(token).then(
    () => assert.fail("the token verified"),
    (error: unknown) => error,
  );
  assert.ok(error instanceof TokenError, String(error));
  const shown = `${error.stack} ${String(error.cause)}`;
  for (const piece of token.split(".").filter((piece) => piece.length > 8)) {
    assert.ok(!shown.includes(piece), "the error repeats the token");
  }
  assert.ok(!shown.includes("ID123"), "the error repeats a claim");
  return error.code;
}

Deno.test("a good token says who the connection is", async () => {
  assert.deepEqual(await (await verifier()).verify(jwt(GOOD)), {
    uid: "ID123",
    role: "admin",
    jti: "a1b2",
    expiresAt: NOW + 3600,
  });
});

Deno.test("a token verifies by the key's own algorithm, or by the one that is set", async () => {
  const ofEd25519 = [ed25519.publicKey, ed25519.privateKey] as const;
  const cases: [KeyObject, KeyObject, string, string][] = [
    // RFC 9864: the same signature by two names.
    ...["", "EdDSA", "Ed25519"].flatMap((algorithm) => [
      [...ofEd25519, algorithm, "EdDSA"] as [KeyObject, KeyObject, string, string],
      [...ofEd25519, algorithm, "Ed25519"] as [KeyObject, KeyObject, string, string],
    ]),
    [p256.publicKey, p256.privateKey, "", "ES256"],
    [rsa.publicKey, rsa.privateKey, "RS256", "RS256"],
  ];
  for (const [publicKey, privateKey, algorithm, alg] of cases) {
    const { uid } = await (await verifier({ publicKey: pem(publicKey), algorithm }))
      .verify(jwt(GOOD, privateKey, { alg, typ: "JWT" }));
    assert.equal(uid, "ID123");
  }
});

Deno.test("an algorithm that does not fit the key is refused at the start", async () => {
  for (const algorithm of ["HS256", "none", "ES256", "RS257"]) {
    await assert.rejects(verifier({ algorithm }), ConfigurationError);
  }
});

Deno.test("a token without exp never expires, one without role has none", async () => {
  const verify = await verifier();
  assert.deepEqual(await verify.verify(jwt(without("exp", "iat", "role"))), {
    uid: "ID123",
    role: "",
    jti: "a1b2",
    expiresAt: undefined,
  });
  for (const role of [null, 7, ["admin"], { admin: true }]) {
    assert.equal((await verify.verify(jwt({ ...GOOD, role }))).role, "");
  }
});

Deno.test("what is checked follows the settings", async (t) => {
  const cases: [string, Partial<AuthSettings>, Claims][] = [
    ["no subject set, another in the token", { subject: "" }, { ...GOOD, sub: "api_key" }],
    ["no subject set, none in the token", { subject: "" }, without("sub")],
    ["jti not required", { requireJti: false }, without("jti")],
    ["a jti that is a number", {}, { ...GOOD, jti: 1_700_000_000 }],
    ["the issuer set", { issuer: "barong" }, GOOD],
    ["no issuer set", {}, without("iss")],
    ["one audience of the token's list", { audience: ["peatio"] }, GOOD],
    ["any one of the audiences set", { audience: ["rango", "barong"] }, GOOD],
    ["the token's audience a string", { audience: ["a", "b"] }, { ...GOOD, aud: "b" }],
    ["no audience set", {}, without("aud")],
    ["exp required", { requireExp: true }, GOOD],
    ["exp at the edge of max_ttl", { maxTtl: 3600 }, GOOD],
    ["exp at the edge of max_ttl, with other clocks", {
      maxTtl: 3595,
      iatLeeway: 5,
    }, GOOD],
    ["exp in the year 2200", {}, { ...GOOD, exp: END_OF_2200 - 1 }],
  ];
  for (const [name, auth, claims] of cases) {
    await t.step(name, async () => {
      assert.equal((await (await verifier(auth)).verify(jwt(claims))).uid, "ID123");
    });
  }
});

Deno.test("exp, nbf and iat hold to the second, each with its own leeway", async (t) => {
  const leeways = [
    { expLeeway: 30, nbfLeeway: 20, iatLeeway: 10 },
    { expLeeway: 10, nbfLeeway: 20, iatLeeway: 30 },
  ];
  for (const leeway of leeways) {
    const { expLeeway: exp, nbfLeeway: nbf, iatLeeway: iat } = leeway;
    const cases: [string, Claims, TokenErrorCode | "good"][] = [
      ["exp at the edge", { exp: NOW - exp + 1 }, "good"],
      ["exp over the edge", { exp: NOW - exp }, "ERR_TOKEN_EXPIRED"],
      ["nbf at the edge", { nbf: NOW + nbf }, "good"],
      ["nbf over the edge", { nbf: NOW + nbf + 1 }, "ERR_TOKEN_NOT_YET_VALID"],
      ["iat at the edge", { iat: NOW + iat }, "good"],
      ["iat over the edge", { iat: NOW + iat + 1 }, "ERR_TOKEN_ISSUED_IN_FUTURE"],
      ["a fraction of a second over", { nbf: NOW + nbf + 0.5 }, "ERR_TOKEN_NOT_YET_VALID"],
    ];
    for (const [name, claims, expected] of cases) {
      const token = jwt({ ...GOOD, ...claims });
      await t.step(`leeway ${exp}/${nbf}/${iat}, ${name}`, async () => {
        if (expected !== "good") assert.equal(await codeOf(token, leeway), expected);
        else await (await verifier(leeway)).verify(token);
      });
    }
  }
  const none: [string, Claims, TokenErrorCode | "good"][] = [
    ["expires now", { exp: NOW }, "ERR_TOKEN_EXPIRED"],
    ["expires next", { exp: NOW + 1 }, "good"],
    ["valid from now", { nbf: NOW }, "good"],
    ["valid from next", { nbf: NOW + 1 }, "ERR_TOKEN_NOT_YET_VALID"],
    ["issued now", { iat: NOW }, "good"],
    ["issued next", { iat: NOW + 1 }, "ERR_TOKEN_ISSUED_IN_FUTURE"],
  ];
  for (const [name, claims, expected] of none) {
    const token = jwt({ ...GOOD, ...claims });
    await t.step(`no leeway, ${name}`, async () => {
      if (expected !== "good") assert.equal(await codeOf(token), expected);
      else await (await verifier()).verify(token);
    });
  }
});

Deno.test("a token that was good before is good until its time is over, and no longer", async () => {
  let now = NOW;
  const verifier = await TokenVerifier.create(AUTH, { now: () => now });
  const token = jwt({ ...GOOD, exp: NOW + 60 });
  const first = await verifier.verify(token);
  assert.equal(await verifier.verify(token), first, "the signature is not looked at twice");
  now = NOW + 60;
  await assert.rejects(verifier.verify(token), { code: "ERR_TOKEN_EXPIRED" });
  now = NOW - 11;
  await assert.rejects(verifier.verify(token), { code: "ERR_TOKEN_ISSUED_IN_FUTURE" });
  now = NOW;
  const forged = `${token.slice(0, token.lastIndexOf("."))}.${part("not the signature")}`;
  await assert.rejects(verifier.verify(forged), { code: "ERR_TOKEN_SIGNATURE" });
});

/** Counts what WebCrypto is asked to verify, and how much of it at once. */
function countVerifications() {
  const { subtle } = crypto;
  let count = 0;
  let now = 0;
  let atOnce = 0;
  const verify = subtle.verify;
  subtle.verify = async (...args) => {
    count++;
    atOnce = Math.max(atOnce, ++now);
    try {
      return await verify.apply(subtle, args);
    } finally {
      now--;
    }
  };
  return {
    get count() {
      return count;
    },
    get atOnce() {
      return atOnce;
    },
    [Symbol.dispose]() {
      delete (subtle as Partial<SubtleCrypto>).verify;
    },
  };
}

Deno.test("a forged signature is verified once, however often it comes", async () => {
  let now = NOW;
  const verifier = await TokenVerifier.create(AUTH, { now: () => now });
  using verified = countVerifications();
  const forged = jwt(GOOD, otherRsa.privateKey);
  const refused = () => assert.rejects(verifier.verify(forged), { code: "ERR_TOKEN_SIGNATURE" });
  await Promise.all([refused(), refused(), refused()]);
  await refused();
  assert.equal(verified.count, 1);
  now += 61;
  await refused();
  assert.equal(verified.count, 2, "no refusal is remembered for long");
  (await verifier.prepare({ ...AUTH, publicKey: pem(otherRsa.publicKey) }))();
  assert.equal((await verifier.verify(forged)).uid, "ID123", "nor longer than its keys");
});

Deno.test("what time alone can change is not remembered as refused", async () => {
  let now = NOW - 60;
  const verifier = await TokenVerifier.create({ ...AUTH, maxTtl: 3600 }, { now: () => now });
  const early = jwt({ ...GOOD, iat: NOW, nbf: NOW });
  await assert.rejects(verifier.verify(early), { code: "ERR_TOKEN_NOT_YET_VALID" });
  const long = jwt({ ...GOOD, iat: NOW - 100, exp: NOW + 3600 });
  await assert.rejects(verifier.verify(long), { code: "ERR_TOKEN_EXP_TOO_FAR" });
  now = NOW;
  await verifier.verify(early);
  await verifier.verify(long);
});

Deno.test("above its limit of failures a client's signatures are not verified", async () => {
  const verifier = await TokenVerifier.create(AUTH, { now: () => NOW });
  const hit = new LabelledCounter();
  let clock = 0;
  const limits = { authFailures: 3, authFailuresPerAddress: 6 };
  const failures = new AuthFailures(limits, hit, () => clock);
  const connections = Array.from({ length: 3 }, () => ({ failuresForgottenAt: 0 }));
  const fail = async (address: string, holder?: FailureHolder) => {
    // Each of them is another one, so that none is remembered.
    const forged = jwt({ ...GOOD, jti: crypto.randomUUID() }, otherRsa.privateKey);
    const error = await verifier.verify(forged, failures.of(address, holder)).catch((e) => e);
    return error.code;
  };
  const good = jwt(GOOD);
  await verifier.verify(good, failures.of("192.0.2.1", connections[0]));
  using verified = countVerifications();
  for (let times = 0; times < 3; times++) {
    assert.equal(await fail("192.0.2.1", connections[0]), "ERR_TOKEN_SIGNATURE");
  }
  assert.equal(await fail("192.0.2.1", connections[0]), "ERR_TOKEN_TOO_MANY_FAILURES");
  assert.equal(verified.count, 3);
  assert.equal(hit.of("auth_failures"), 1);

  // What was good before costs nothing, and is good still.
  await verifier.verify(good, failures.of("192.0.2.1", connections[0]));
  const other = jwt({ ...GOOD, jti: "other" });
  await assert.rejects(verifier.verify(other, failures.of("192.0.2.1", connections[0])), {
    code: "ERR_TOKEN_TOO_MANY_FAILURES",
  });
  await verifier.verify(other, failures.of("192.0.2.1", connections[1]));

  // Handshakes and other connections count by the address, which is a /64 network of IPv6.
  for (let times = 0; times < 3; times++) {
    assert.equal(await fail("192.0.2.1"), "ERR_TOKEN_SIGNATURE");
  }
  assert.equal(await fail("192.0.2.1"), "ERR_TOKEN_TOO_MANY_FAILURES");
  assert.equal(await fail("192.0.2.1", connections[2]), "ERR_TOKEN_TOO_MANY_FAILURES");
  for (let host = 0; host < 6; host++) {
    assert.equal(await fail(`2001:db8::${host}`), "ERR_TOKEN_SIGNATURE");
  }
  assert.equal(await fail("2001:db8::ffff"), "ERR_TOKEN_TOO_MANY_FAILURES");
  assert.equal(await fail("2001:db8:0:1::1"), "ERR_TOKEN_SIGNATURE");

  // Room for one of six comes before room for one of three.
  clock = 9_000;
  assert.equal(await fail("192.0.2.1", connections[0]), "ERR_TOKEN_TOO_MANY_FAILURES");
  assert.equal(await fail("192.0.2.1"), "ERR_TOKEN_SIGNATURE");
  clock = 20_000;
  assert.equal(await fail("192.0.2.1", connections[0]), "ERR_TOKEN_SIGNATURE");
  limits.authFailures = 0;
  limits.authFailuresPerAddress = 0;
  assert.equal(await fail("192.0.2.1", connections[0]), "ERR_TOKEN_SIGNATURE");
});

/** Verifies by a clock that the test sets; each failure of a client counts for its connection. */
async function recalling({
  auth = {},
  limits = { authFailures: 3, authFailuresPerAddress: 10_000 },
}: {
  auth?: Partial<AuthSettings>;
  limits?: { authFailures: number; authFailuresPerAddress: number };
} = {}) {
  const clock = { now: NOW, milliseconds: 0 };
  const verifier = await TokenVerifier.create({ ...AUTH, ...auth }, { now: () => clock.now });
  const hit = new LabelledCounter();
  const failures = new AuthFailures(limits, hit, () => clock.milliseconds);
  const client = (address = "192.0.2.1") => failures.of(address, { failuresForgottenAt: 0 });
  return { verifier, clock, hit, client, failures };
}

const forged = () => jwt({ ...GOOD, jti: crypto.randomUUID() }, otherRsa.privateKey);

Deno.test("a token that is known is judged at once, and another has to be verified", async () => {
  const { verifier, client } = await recalling();
  const one = client();
  const [good, bad] = [jwt(GOOD), forged()];
  assert.equal(verifier.recall(good, one), undefined);
  assert.equal(verifier.recall(bad, one), undefined);
  assert.equal(verifier.state.results.of("accepted"), 0, "nothing was judged yet");
  const identity = await verifier.verify(good, one);
  await assert.rejects(verifier.verify(bad, one), { code: "ERR_TOKEN_SIGNATURE" });
  using verified = countVerifications();
  assert.equal(verifier.recall(good, one), identity);
  assert.equal(verifier.recall(good), identity, "where nothing limits failures, too");
  assert.throws(() => verifier.recall(bad, one), { code: "ERR_TOKEN_SIGNATURE" });
  assert.throws(() => verifier.recall(bad), { code: "ERR_TOKEN_SIGNATURE" });
  assert.equal(verified.count, 0);
  assert.equal(verifier.state.results.of("accepted"), 3);
  assert.equal(verifier.state.results.of("signature"), 3);
});

Deno.test("a refusal is recalled for a while, and what time has changed not at all", async () => {
  const { verifier, clock, client } = await recalling();
  const [bad, good] = [forged(), jwt({ ...GOOD, exp: NOW + 600 })];
  await assert.rejects(verifier.verify(bad, client()));
  await verifier.verify(good, client());
  clock.now += 61;
  assert.equal(verifier.recall(bad, client()), undefined);
  clock.now = NOW + 600;
  assert.throws(() => verifier.recall(good, client()), { code: "ERR_TOKEN_EXPIRED" });
});

Deno.test("a token whose key is not in force any more is not recalled", async () => {
  const { verifier, client } = await recalling();
  const token = jwt(GOOD);
  await verifier.verify(token, client());
  (await verifier.prepare({ ...AUTH, publicKey: pem(otherRsa.publicKey) }))();
  assert.equal(verifier.recall(token, client()), undefined);
  await assert.rejects(verifier.verify(token, client()), { code: "ERR_TOKEN_SIGNATURE" });
  assert.throws(() => verifier.recall(token, client()), { code: "ERR_TOKEN_SIGNATURE" });
  (await verifier.prepare(AUTH))();
  assert.equal(verifier.recall(token, client()), undefined, "a refusal ends with its keys");
  await verifier.verify(token, client());
  assert.equal(verifier.recall(token, client())?.uid, "ID123");
});

Deno.test("a token that was revoked since is not recalled as good", async () => {
  const { verifier, client } = await recalling();
  const [revoked, other] = [jwt(GOOD), jwt({ ...GOOD, jti: "other" })];
  for (const token of [revoked, other]) await verifier.verify(token, client());
  await using folder = await temporaryFolder();
  const file = await folder.write("revoked", "jti a1b2\n");
  (await verifier.prepare({ ...AUTH, revoked: file }))();
  for (let times = 0; times < 2; times++) {
    assert.equal(verifier.recall(revoked, client()), undefined);
    await assert.rejects(verifier.verify(revoked, client()), { code: "ERR_TOKEN_REVOKED" });
  }
  await verifier.verify(other, client());
  assert.equal(verifier.recall(other, client())?.jti, "other");
});

Deno.test("a connection that failed too often is refused, also with a token that is known", async () => {
  const { verifier, clock, hit, client } = await recalling();
  const good = jwt(GOOD);
  const [one, other] = [client(), client()];
  await verifier.verify(good, other);
  for (let times = 0; times < 3; times++) await assert.rejects(verifier.verify(forged(), one));
  using verified = countVerifications();
  assert.throws(() => verifier.recall(good, one), { code: "ERR_TOKEN_TOO_MANY_FAILURES" });
  assert.throws(() => verifier.recall(forged(), one), { code: "ERR_TOKEN_TOO_MANY_FAILURES" });
  assert.equal(hit.of("auth_failures"), 2);
  assert.equal(verified.count, 0);
  assert.equal(verifier.recall(good, other)?.uid, "ID123", "of the same address");
  clock.milliseconds = 60_000;
  assert.equal(verifier.recall(good, one)?.uid, "ID123");
});

Deno.test("an address that failed too often is refused what would have to be verified", async () => {
  const { verifier, hit, client, failures } = await recalling({
    limits: { authFailures: 0, authFailuresPerAddress: 3 },
  });
  const good = jwt(GOOD);
  await verifier.verify(good, client());
  for (let times = 0; times < 3; times++) {
    await assert.rejects(verifier.verify(forged(), failures.of("192.0.2.1")));
  }
  assert.throws(() => verifier.recall(forged(), client()), { code: "ERR_TOKEN_TOO_MANY_FAILURES" });
  assert.equal(hit.of("auth_failures"), 1);
  assert.equal(verifier.recall(good, client())?.uid, "ID123", "what is known costs nothing");
  assert.equal(verifier.recall(forged(), client("192.0.2.2")), undefined);
});

Deno.test("tokens refused without verifying them count for their connection, not its address", async () => {
  const { verifier, clock, client } = await recalling({
    limits: { authFailures: 3, authFailuresPerAddress: 4 },
  });
  const [one, other] = [client(), client()];
  const [bad, good] = [forged(), jwt(GOOD)];
  await assert.rejects(verifier.verify(bad, other));
  await verifier.verify(good, other);
  for (let times = 0; times < 3; times++) {
    assert.throws(() => verifier.recall(bad, one), { code: "ERR_TOKEN_SIGNATURE" });
  }
  const tooMany = { code: "ERR_TOKEN_TOO_MANY_FAILURES" };
  for (let times = 0; times < 1000; times++) {
    assert.throws(() => verifier.recall(times % 2 === 0 ? bad : good, one), tooMany);
  }
  assert.equal(verifier.recall(forged(), other), undefined, "another of the address");
  // Not a thousand times as long, and not before it was quiet for a while.
  clock.milliseconds = 5_000;
  assert.throws(() => verifier.recall(good, one), tooMany);
  clock.milliseconds += 60_000;
  assert.equal(verifier.recall(good, one)?.uid, "ID123");
});

Deno.test("that a client failed too often is never a token's own refusal", async () => {
  const { verifier, client } = await recalling();
  const [one, other] = [client(), client()];
  const tokens = Array.from({ length: 10 }, (_, jti) => jwt({ ...GOOD, jti: `${jti}` }));
  for (let times = 0; times < 3; times++) await assert.rejects(verifier.verify(forged(), one));
  for (const token of tokens) {
    await assert.rejects(verifier.verify(token, one), { code: "ERR_TOKEN_TOO_MANY_FAILURES" });
    assert.equal(verifier.recall(token, other), undefined);
  }
  for (const token of tokens) assert.equal((await verifier.verify(token, other)).uid, "ID123");

  // Neither where the client had failed too often only when the token's turn came.
  const third = client();
  const later = [...Array.from({ length: 200 }, forged), jwt({ ...GOOD, jti: "last" })];
  const results = await Promise.all(
    later.map((token) => verifier.verify(token, third).then(() => "good", ({ code }) => code)),
  );
  assert.equal(results.at(-1), "ERR_TOKEN_TOO_MANY_FAILURES");
  assert.equal((await verifier.verify(later.at(-1)!, other)).jti, "last");
});

Deno.test("of thousands of forged tokens at once few signatures are verified", async () => {
  const { verifier, client } = await recalling({
    limits: { authFailures: 10, authFailuresPerAddress: 10_000 },
  });
  const one = client();
  // What differs is not signed, so that making them costs nothing.
  const [head, , signature] = forged().split(".");
  const all = Array.from(
    { length: 3000 },
    (_, jti) => `${head}.${part({ ...GOOD, jti })}.${signature}`,
  );
  using verified = countVerifications();
  const codes = await Promise.all(
    all.map((token) => verifier.verify(token, one).then(() => "good", ({ code }) => code)),
  );
  const count = (code: string) => codes.filter((each) => each === code).length;
  // Up to 64 are in flight when the last that may fail does, and each of those that end in the same
  // moment gives its place to another before its failure is counted.
  assert.ok(verified.count >= 10 && verified.count <= 10 + 2 * 64, `${verified.count} signatures`);
  assert.equal(count("ERR_TOKEN_SIGNATURE"), verified.count);
  assert.equal(count("ERR_TOKEN_TOO_MANY_FAILURES"), 3000 - verified.count);
});

Deno.test("without a limit of failures no more than 64 signatures are verified at once", async () => {
  const { verifier, client } = await recalling({
    limits: { authFailures: 0, authFailuresPerAddress: 0 },
  });
  const tokens = Array.from({ length: 200 }, (_, jti) => jwt({ ...GOOD, jti: `${jti}` }));
  using verified = countVerifications();
  const identities = await Promise.all(tokens.map((token) => verifier.verify(token, client())));
  assert.equal(verified.atOnce, 64);
  assert.deepEqual(identities.map(({ jti }) => jti), tokens.map((_, jti) => `${jti}`));
});

Deno.test("a client that failed too often fails no other that sends the same token at once", async () => {
  const { verifier, client } = await recalling();
  const [one, other] = [client(), client()];
  const bad = Array.from({ length: 200 }, forged);
  const good = jwt(GOOD);
  const outcome = (token: string, failures: typeof one) =>
    verifier.verify(token, failures).then(({ uid }) => uid, ({ code }) => code);
  const all = Promise.all(bad.map((token) => outcome(token, one)));
  // Both wait for the same verification, until the first client has failed too often.
  const both = await Promise.all([outcome(good, one), outcome(good, other), outcome(good, other)]);
  assert.deepEqual(both, ["ERR_TOKEN_TOO_MANY_FAILURES", "ID123", "ID123"]);
  await all;
});

Deno.test("a token whose key was withdrawn is forgiven once, and then counts as any other", async () => {
  await using server = new JwksServer();
  const publish = (key: KeyObject) =>
    server.publish({ ...key.export({ format: "jwk" }), kid: "a" } as JWK);
  publish(rsa.publicKey);
  const auth = { ...AUTH, publicKey: "", jwksUrl: server.url };
  const verifier = await TokenVerifier.create(auth, { now: () => NOW });
  try {
    (await verifier.prepare(auth))();
    const { client } = await recalling();
    const one = client();
    const token = jwt(GOOD);
    await verifier.verify(token, one);
    publish(otherRsa.publicKey);
    // Fetches the keys again, and leaves the settings as they are.
    await verifier.prepare(auth);
    using verified = countVerifications();
    // Once for nothing: its client cannot have known. Then three times.
    for (let times = 0; times < 4; times++) {
      assert.equal(verifier.recall(token, one), undefined);
      await assert.rejects(verifier.verify(token, one), { code: "ERR_TOKEN_SIGNATURE" });
    }
    assert.throws(() => verifier.recall(token, one), { code: "ERR_TOKEN_TOO_MANY_FAILURES" });
    await assert.rejects(verifier.verify(token, one), { code: "ERR_TOKEN_TOO_MANY_FAILURES" });
    assert.equal(verified.count, 4);
  } finally {
    verifier.stop();
  }
});

/** Four bits of an RSA signature's last digit are no part of the bytes. */
function respelled(token: string): string {
  const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return token.slice(0, -1) + digits[digits.indexOf(token.at(-1)!) + 1];
}

Deno.test("a client's failures are not those of another client with the same token", async () => {
  const own = await verifier();
  const token = jwt(GOOD);
  let asked = 0;
  // It may still be verified when it comes, and not any more when it is its turn.
  const spent = {
    isSpentHere: () => false,
    isSpent: () => ++asked > 1,
    refused: () => {},
    failed: () => assert.fail("nothing failed to verify"),
  };
  const fresh = { ...spent, isSpent: () => false };
  const refused = assert.rejects(own.verify(token, spent), { code: "ERR_TOKEN_TOO_MANY_FAILURES" });
  const [first, second] = await Promise.all([own.verify(token, fresh), own.verify(token)]);
  await refused;
  for (const identity of [first, second]) assert.equal(identity.uid, "ID123");
});

Deno.test("a bad token is refused, with a code that says why", async (t) => {
  const issuer = { issuer: "barong" };
  const audience = { audience: ["peatio", "rango"] };
  const good = jwt(GOOD);
  const [head = "", body = "", signature = ""] = good.split(".");
  const secret = AUTH.publicKey;
  const hmacInput = `${part({ alg: "HS256" })}.${part(GOOD)}`;
  const hmac = createHmac("sha256", secret).update(hmacInput).digest("base64url");
  const forEd25519 = { publicKey: pem(ed25519.publicKey) };

  const cases: [string, string, TokenErrorCode, Partial<AuthSettings>?][] = [
    ["alg none", `${part({ alg: "none" })}.${part(GOOD)}.`, "ERR_TOKEN_ALGORITHM"],
    ["alg None", `${part({ alg: "None" })}.${part(GOOD)}.`, "ERR_TOKEN_ALGORITHM"],
    [
      "alg none, signature kept",
      `${part({ alg: "none" })}.${body}.${signature}`,
      "ERR_TOKEN_ALGORITHM",
    ],
    ["HS256 by the public key", `${hmacInput}.${hmac}`, "ERR_TOKEN_ALGORITHM"],
    ["RS256 for an Ed25519 key", good, "ERR_TOKEN_ALGORITHM", forEd25519],
    [
      "Ed25519 for an RSA key",
      jwt(GOOD, ed25519.privateKey, { alg: "Ed25519" }),
      "ERR_TOKEN_ALGORITHM",
    ],
    [
      "another spelling of Ed25519",
      jwt(GOOD, ed25519.privateKey, { alg: "ed25519" }),
      "ERR_TOKEN_ALGORITHM",
      forEd25519,
    ],
    [
      "Ed448 for an Ed25519 key",
      jwt(GOOD, ed25519.privateKey, { alg: "Ed448" }),
      "ERR_TOKEN_ALGORITHM",
      forEd25519,
    ],
    ["another RSA algorithm", good, "ERR_TOKEN_ALGORITHM", { algorithm: "RS512" }],
    ["no alg", jwt(GOOD, rsa.privateKey, {}), "ERR_TOKEN_MALFORMED"],
    ["signed by another key", jwt(GOOD, otherRsa.privateKey), "ERR_TOKEN_SIGNATURE"],
    [
      "another payload",
      `${head}.${part({ ...GOOD, uid: "ID9" })}.${signature}`,
      "ERR_TOKEN_SIGNATURE",
    ],
    ["no signature", `${head}.${body}.`, "ERR_TOKEN_SIGNATURE"],
    ["half a signature", good.slice(0, -100), "ERR_TOKEN_SIGNATURE"],
    [
      "a short Ed25519 signature",
      jwt(GOOD, ed25519.privateKey, { alg: "EdDSA" }).slice(0, -20),
      "ERR_TOKEN_SIGNATURE",
      forEd25519,
    ],
    [
      "a critical header nobody knows",
      jwt(GOOD, rsa.privateKey, { alg: "RS256", crit: ["x"], x: 1 }),
      "ERR_TOKEN_MALFORMED",
    ],
    [
      "an unencoded payload",
      jwt(GOOD, rsa.privateKey, { alg: "RS256", b64: false, crit: ["b64"] }),
      "ERR_TOKEN_MALFORMED",
    ],
    [
      "white space in the signature",
      `${good.slice(0, -9)} ${good.slice(-9)}`,
      "ERR_TOKEN_MALFORMED",
    ],
    ["a padded signature", `${good}==`, "ERR_TOKEN_MALFORMED"],
    ["another last digit of the same bytes", respelled(good), "ERR_TOKEN_MALFORMED"],
    ["empty", "", "ERR_TOKEN_MALFORMED"],
    ["one part", "abc", "ERR_TOKEN_MALFORMED"],
    ["two parts", `${head}.${body}`, "ERR_TOKEN_MALFORMED"],
    ["four parts", `${good}.x`, "ERR_TOKEN_MALFORMED"],
    ["five parts, as an encrypted token", "a.b.c.d.e", "ERR_TOKEN_MALFORMED"],
    ["a header that is not JSON", `${part("{")}.${body}.${signature}`, "ERR_TOKEN_MALFORMED"],
    ["no base64", "!.!.!", "ERR_TOKEN_MALFORMED"],
    ["claims that are no JSON", jwt("uid=ID123"), "ERR_TOKEN_MALFORMED"],
    ["claims that are a list", jwt("[1]"), "ERR_TOKEN_MALFORMED"],
    ["exp a string", jwt({ ...GOOD, exp: String(NOW + 60) }), "ERR_TOKEN_MALFORMED"],
    ["exp null", jwt({ ...GOOD, exp: null }), "ERR_TOKEN_MALFORMED"],
    [
      "exp no date",
      jwt(JSON.stringify(GOOD).replace(String(NOW + 3600), "1e999")),
      "ERR_TOKEN_MALFORMED",
    ],
    ["exp in milliseconds", jwt({ ...GOOD, exp: (NOW + 3600) * 1000 }), "ERR_TOKEN_EXP_TOO_FAR"],
    ["exp in 2201", jwt({ ...GOOD, exp: END_OF_2200 }), "ERR_TOKEN_EXP_TOO_FAR"],
    ["no exp", jwt(without("exp")), "ERR_TOKEN_EXP_MISSING", { requireExp: true }],
    ["no exp, so no end within max_ttl", jwt(without("exp")), "ERR_TOKEN_EXP_MISSING", {
      maxTtl: 3600,
    }],
    ["exp beyond max_ttl", jwt(GOOD), "ERR_TOKEN_EXP_TOO_FAR", { maxTtl: 3599 }],
    ["exp beyond max_ttl and the leeway for iat", jwt(GOOD), "ERR_TOKEN_EXP_TOO_FAR", {
      maxTtl: 3594,
      expLeeway: 60,
      nbfLeeway: 60,
      iatLeeway: 5,
    }],
    ["nbf a string", jwt({ ...GOOD, nbf: "1" }), "ERR_TOKEN_MALFORMED"],
    ["iat a string", jwt({ ...GOOD, iat: "1" }), "ERR_TOKEN_MALFORMED"],
    ["another iss", jwt({ ...GOOD, iss: "evil" }), "ERR_TOKEN_ISSUER", issuer],
    ["no iss", jwt(without("iss")), "ERR_TOKEN_ISSUER", issuer],
    ["another aud", jwt({ ...GOOD, aud: ["x", "y"] }), "ERR_TOKEN_AUDIENCE", audience],
    ["aud a string, another", jwt({ ...GOOD, aud: "peati" }), "ERR_TOKEN_AUDIENCE", audience],
    ["aud an empty list", jwt({ ...GOOD, aud: [] }), "ERR_TOKEN_AUDIENCE", audience],
    ["no aud", jwt(without("aud")), "ERR_TOKEN_AUDIENCE", audience],
    ["another sub", jwt({ ...GOOD, sub: "reset" }), "ERR_TOKEN_SUBJECT"],
    ["no sub", jwt(without("sub")), "ERR_TOKEN_SUBJECT"],
    ["no jti", jwt(without("jti")), "ERR_TOKEN_JTI"],
    ["jti empty", jwt({ ...GOOD, jti: " " }), "ERR_TOKEN_JTI"],
    ["jti null", jwt({ ...GOOD, jti: null }), "ERR_TOKEN_JTI"],
    ["no uid", jwt(without("uid")), "ERR_TOKEN_UID"],
    ["uid empty", jwt({ ...GOOD, uid: "" }), "ERR_TOKEN_UID"],
    ["uid a number", jwt({ ...GOOD, uid: 123 }), "ERR_TOKEN_UID"],
    ["uid a list", jwt({ ...GOOD, uid: ["ID123"] }), "ERR_TOKEN_UID"],
  ];
  for (const [name, token, code, auth] of cases) {
    await t.step(name, async () => assert.equal(await codeOf(token, auth), code));
  }
});
