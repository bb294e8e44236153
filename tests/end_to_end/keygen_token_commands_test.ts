import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { loadVerificationKeys } from "../../src/auth/keys.ts";
import { TokenVerifier } from "../../src/auth/verifier.ts";
import { authSettings } from "../support/auth_settings.ts";
import { runRanger, temporaryFolder } from "../support/run_ranger.ts";

const mode = async (path: string) => ((await Deno.stat(path)).mode ?? 0) & 0o777;

Deno.test("keygen makes pairs that token signs with and Ranger verifies", async (t) => {
  await using folder = await temporaryFolder();
  const kinds: [string[], string, string][] = [
    [[], "RSA 2048", "RS256"],
    [["--bits", "3072"], "RSA 3072", "RS256"],
    [["--type", "ed25519"], "Ed25519", "EdDSA"],
    [["--type", "p256"], "P-256", "ES256"],
  ];
  for (const [flags, kind, algorithm] of kinds) {
    await t.step(kind, async () => {
      const out = `${folder.path}/${kind.replace(" ", "-")}`;
      const made = await runRanger(["keygen", "--out", out, ...flags]);
      assert.equal(made.code, 0, made.output);

      const [, line = ""] = /^JWT_PUBLIC_KEY=([\w-]+={0,2})\n$/.exec(made.stdout) ?? [];
      const publicPem = await Deno.readTextFile(`${out}.pub`);
      assert.equal(Buffer.from(line, "base64url").toString(), publicPem);
      const [key] = await loadVerificationKeys(line);
      assert.ok(key);
      assert.deepEqual([key.kind, key.algorithm], [kind, algorithm]);

      const privatePem = await Deno.readTextFile(`${out}.key`);
      assert.match(privatePem, /^-----BEGIN PRIVATE KEY-----\n/);
      assert.equal(
        createPublicKey(privatePem).export({ type: "spki", format: "pem" }),
        publicPem,
      );
      assert.equal(await mode(`${out}.key`), 0o600);
      assert.equal(await mode(`${out}.pub`), 0o644);

      for (const shown of [`${out}.key`, `${out}.pub`, key.fingerprint]) {
        assert.ok(made.stderr.includes(shown), made.stderr);
      }
      assert.ok(!made.output.includes(privatePem.split("\n")[1] ?? "-"), "shows the private key");

      const signed = await runRanger(["token", "--uid", "ID1", "--key", `${out}.key`]);
      assert.equal(signed.code, 0, signed.output);
      assert.equal(signed.stderr, "");
      assert.match(signed.stdout, /^[\w-]+\.[\w-]+\.[\w-]+\n$/);
      const verifier = await TokenVerifier.create(authSettings({ publicKey: line }));
      const { uid, role } = await verifier.verify(signed.stdout.trim());
      assert.deepEqual({ uid, role }, { uid: "ID1", role: "" });
    });
  }
});

Deno.test("keygen never overwrites unless told to", async (t) => {
  await using folder = await temporaryFolder();
  const out = `${folder.path}/jwt`;
  for (const there of ["key", "pub"]) {
    await t.step(`.${there} exists`, async () => {
      const other = there === "key" ? "pub" : "key";
      await folder.write(`jwt.${there}`, "precious");
      const { code, stdout, stderr } = await runRanger(["keygen", "--out", out]);
      assert.equal(code, 78);
      assert.equal(stdout, "");
      assert.ok(stderr.includes(`${out}.${there} already exists`), stderr);
      assert.match(stderr, /--force/);
      assert.equal(await Deno.readTextFile(`${out}.${there}`), "precious");
      await assert.rejects(Deno.stat(`${out}.${other}`), Deno.errors.NotFound);
      await Deno.remove(`${out}.${there}`);
    });
  }
  await t.step("--force, over files that everybody may read, and through no link", async () => {
    const elsewhere = await folder.write("elsewhere", "precious");
    await Deno.symlink(elsewhere, `${out}.key`);
    await folder.write("jwt.pub", "old");
    const { code, output } = await runRanger(["keygen", "--out", out, "--force"]);
    assert.equal(code, 0, output);
    assert.equal(await Deno.readTextFile(elsewhere), "precious");
    assert.ok((await Deno.lstat(`${out}.key`)).isFile);
    assert.equal(await mode(`${out}.key`), 0o600);
    assert.match(await Deno.readTextFile(`${out}.pub`), /BEGIN PUBLIC KEY/);
  });
});

Deno.test("keygen says what is wrong", async (t) => {
  await using folder = await temporaryFolder();
  const out = `${folder.path}/jwt`;
  const cases: [string, string[], RegExp][] = [
    ["a type it does not know", ["--type", "dsa"], /--type is "dsa"; .*rsa, ed25519, p256/],
    ["a length that is too short", ["--bits", "1024"], /--bits is "1024"; .*2048, 3072, 4096/],
    ["a length for a key that has one", ["--type", "p256", "--bits", "2048"], /--bits is for RSA/],
    ["a folder that is not there", ["--out", `${folder.path}/no/jwt`], /folder does not exist/],
    ["no prefix", ["--out", ""], /--out is empty/],
  ];
  for (const [name, flags, expected] of cases) {
    await t.step(name, async () => {
      const args = flags.includes("--out") ? flags : ["--out", out, ...flags];
      const { code, stdout, stderr } = await runRanger(["keygen", ...args]);
      assert.equal(code, 78);
      assert.equal(stdout, "");
      assert.match(stderr, expected);
    });
  }
  assert.deepEqual([...Deno.readDirSync(folder.path)], []);
});

const ed25519 = generateKeyPairSync("ed25519");
const pem = (key: KeyObject, type: string) =>
  key.export({ type, format: "pem" } as never).toString();

Deno.test("token carries the claims that are asked for", async (t) => {
  await using folder = await temporaryFolder();
  const key = await folder.write("jwt.key", pem(ed25519.privateKey, "pkcs8"));
  const tokenOf = async (...flags: string[]) => {
    const { code, stdout, output } = await runRanger(["token", "--key", key, ...flags]);
    assert.equal(code, 0, output);
    return stdout.trim();
  };

  await t.step("the least", async () => {
    const token = await tokenOf("--uid", "ID1");
    assert.deepEqual(decodeProtectedHeader(token), { alg: "EdDSA", typ: "JWT" });
    const { iat, exp, jti, ...others } = decodeJwt(token);
    assert.deepEqual(others, { uid: "ID1", sub: "session" });
    assert.equal(Number(exp) - Number(iat), 3600);
    assert.match(String(jti), /^[0-9a-f-]{36}$/);
    const again = decodeJwt(await tokenOf("--uid", "ID1"));
    assert.notEqual(again.jti, jti);
  });

  await t.step("the most", async () => {
    const token = await tokenOf(
      ...["--uid", "ID1", "--role", "admin", "--issuer", "barong", "--audience", "peatio, rango"],
      ...["--subject", "api", "--email", "a@example.com", "--level", "3", "--state", "active"],
    );
    const { iat: _iat, exp: _exp, jti: _jti, ...others } = decodeJwt(token);
    assert.deepEqual(others, {
      uid: "ID1",
      role: "admin",
      iss: "barong",
      aud: ["peatio", "rango"],
      sub: "api",
      email: "a@example.com",
      level: 3,
      state: "active",
    });
    const verifier = await TokenVerifier.create({
      ...authSettings({ publicKey: pem(ed25519.publicKey, "spki") }),
      issuer: "barong",
      audience: ["rango"],
      subject: "api",
    });
    assert.equal((await verifier.verify(token)).role, "admin");
  });

  await t.step("no subject", async () => {
    assert.ok(!("sub" in decodeJwt(await tokenOf("--uid", "ID1", "--subject="))));
  });

  for (const [ttl, seconds] of [["90", 90], ["45s", 45], ["10m", 600], ["2h", 7200]] as const) {
    await t.step(`--ttl ${ttl}`, async () => {
      const { iat, exp } = decodeJwt(await tokenOf("--uid", "ID1", "--ttl", ttl));
      assert.equal(Number(exp) - Number(iat), seconds);
    });
  }
});

Deno.test("token takes private keys in their older forms", async (t) => {
  await using folder = await temporaryFolder();
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const p256 = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  for (const [type, pair] of [["pkcs1", rsa], ["sec1", p256]] as const) {
    await t.step(type, async () => {
      const key = await folder.write(`${type}.key`, pem(pair.privateKey, type));
      const { code, stdout, output } = await runRanger(["token", "--uid", "ID1", "--key", key]);
      assert.equal(code, 0, output);
      const verifier = await TokenVerifier.create(
        authSettings({ publicKey: pem(pair.publicKey, "spki") }),
      );
      assert.equal((await verifier.verify(stdout.trim())).uid, "ID1");
    });
  }
});

/** RFC 8037, appendix A.1 and A.2. */
const SEED = Buffer.from("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A", "base64url");
const PUBLIC = Buffer.from("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "base64url");
const rawPem = (label: string, content: Uint8Array) =>
  `-----BEGIN ${label}-----\n${Buffer.from(content).toString("base64")}\n-----END ${label}-----\n`;

Deno.test("token signs with the seed that Rango's tools write, for Rango's public key", async (t) => {
  await using folder = await temporaryFolder();
  const pem = rawPem("PRIVATE KEY", SEED);
  const file = await folder.write("ed25519-key", pem);
  const keys = { "a file": file, "text": pem, "base64": Buffer.from(pem).toString("base64") };
  for (const [form, key] of Object.entries(keys)) {
    await t.step(form, async () => {
      const { code, stdout, output } = await runRanger(["token", "--uid", "ID1", `--key=${key}`]);
      assert.equal(code, 0, output);
      const token = stdout.trim();
      assert.equal(decodeProtectedHeader(token).alg, "EdDSA");
      const verifier = await TokenVerifier.create(
        authSettings({ publicKey: rawPem("PUBLIC KEY", PUBLIC) }),
      );
      assert.equal((await verifier.verify(token)).uid, "ID1");
    });
  }
  for (const length of [31, 33]) {
    await t.step(`${length} bytes are refused`, async () => {
      const key = await folder.write(
        `${length}.key`,
        rawPem("PRIVATE KEY", new Uint8Array(length).fill(7)),
      );
      const { code, stdout, stderr } = await runRanger(["token", "--uid", "ID1", "--key", key]);
      assert.deepEqual([code, stdout], [78, ""]);
      assert.match(
        stderr,
        new RegExp(`holds a PRIVATE KEY block of ${length} bytes; .* has 32, .* DER 48`),
      );
    });
  }
});

Deno.test("token says what is wrong, and prints no token", async (t) => {
  await using folder = await temporaryFolder();
  const good = pem(ed25519.privateKey, "pkcs8");
  const key = await folder.write("jwt.key", good);
  const pub = await folder.write("jwt.pub", pem(ed25519.publicKey, "spki"));
  const other = generateKeyPairSync("ec", { namedCurve: "secp384r1" }).privateKey;
  const p384 = await folder.write("p384.key", pem(other, "pkcs8"));
  const encrypted = await folder.write("x.key", good.replaceAll("PRIVATE", "ENCRYPTED PRIVATE"));
  const damaged = await folder.write("d.key", good.replace("MC4", "MC5"));
  const uid = ["--uid", "ID1"];
  const cases: [string, string[], RegExp][] = [
    ["no uid", ["--key", key], /--uid is missing/],
    ["an empty uid", ["--uid", "", "--key", key], /--uid is empty/],
    ["no key", uid, /--key is missing/],
    ["a key that is not there", [...uid, "--key", `${key}s`], /--key: there is no file/],
    ["a public key", [...uid, "--key", pub], /jwt\.pub holds no private key.*\.key file/],
    ["an encrypted key", [...uid, "--key", encrypted], /is encrypted; `openssl pkey/],
    ["a damaged key", [...uid, "--key", damaged], /damaged or of an unknown kind/],
    [
      "a key of another kind",
      [...uid, "--key", p384],
      /P-384; Ranger takes RSA, Ed25519 and P-256/,
    ],
    ["a time in words", [...uid, "--key", key, "--ttl", "soon"], /--ttl is "soon"; .*10m/],
    ["no time at all", [...uid, "--key", key, "--ttl", "0"], /--ttl is "0"/],
    ["a level in words", [...uid, "--key", key, "--level", "high"], /--level is "high"/],
  ];
  for (const [name, flags, expected] of cases) {
    await t.step(name, async () => {
      const { code, stdout, stderr } = await runRanger(["token", ...flags]);
      assert.equal(code, 78);
      assert.equal(stdout, "");
      assert.match(stderr, expected);
      assert.ok(!stderr.includes(good.split("\n")[1] ?? "-"), "shows the key");
    });
  }
});
