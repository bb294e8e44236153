import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { type KeyOptions, loadVerificationKeys } from "../../src/auth/keys.ts";
import type { VerificationKey } from "../../src/auth/verification_key.ts";
import { ConfigurationError } from "../../src/errors.ts";

/** Loads what is one key. */
async function loadVerificationKey(given: string, options?: KeyOptions): Promise<VerificationKey> {
  const [key, ...others] = await loadVerificationKeys(given, options);
  assert.ok(key);
  assert.equal(others.length, 0);
  return key;
}

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ed25519 = generateKeyPairSync("ed25519");
const p256 = generateKeyPairSync("ec", { namedCurve: "prime256v1" });

const pemOf = (key: KeyObject, type: "spki" | "pkcs1" | "pkcs8" | "sec1" = "spki") =>
  key.export({ type, format: "pem" } as never).toString();
const derOf = (key: KeyObject, type: "spki" | "pkcs1" | "pkcs8" | "sec1" = "spki") =>
  Buffer.from(key.export({ type, format: "der" } as never));
const base64 = (text: string | Buffer) => Buffer.from(text).toString("base64");
const base64url = (text: string | Buffer) => Buffer.from(text).toString("base64url");
const wrapped = (text: string) => (text.match(/.{1,76}/g) ?? []).join("\n") + "\n";

/** Writes a file for the test's time. */
async function withFile(content: string | Uint8Array, work: (path: string) => Promise<void>) {
  const path = await Deno.makeTempFile({ suffix: ".pem" });
  try {
    await Deno.writeFile(path, Buffer.from(content as string));
    await work(path);
  } finally {
    await Deno.remove(path);
  }
}

/** The error's message, after a look that none of the secrets is in it. */
async function refusal(text: string, ...secrets: string[]): Promise<string> {
  const error = await loadVerificationKey(text).then(
    () => assert.fail("the key was taken"),
    (error: unknown) => error,
  );
  assert.ok(error instanceof ConfigurationError, String(error));
  assert.match(error.message, /^auth\.(public_key|algorithm)/);
  for (const secret of secrets) {
    for (const line of secret.split("\n").filter((line) => line.length > 30)) {
      if (!line.startsWith("-----")) assert.ok(!error.message.includes(line.slice(0, 30)));
    }
  }
  return error.message;
}

Deno.test("a public key is taken in every form that deployments give it in", async (t) => {
  const keys = [
    { name: "RSA", key: rsa.publicKey, kind: "RSA 2048", algorithm: "RS256" },
    { name: "Ed25519", key: ed25519.publicKey, kind: "Ed25519", algorithm: "EdDSA" },
    { name: "P-256", key: p256.publicKey, kind: "P-256", algorithm: "ES256" },
  ];
  for (const { name, key, kind, algorithm } of keys) {
    const pem = pemOf(key);
    const { fingerprint } = await loadVerificationKey(pem);
    assert.match(fingerprint, /^sha256:[0-9a-f]{64}$/);
    const forms: Record<string, string> = {
      "PEM text": pem,
      "PEM text in white space": `\n  ${pem}\n\n`,
      "PEM text with CRLF": pem.replaceAll("\n", "\r\n"),
      "PEM text with literal \\n": pem.replaceAll("\n", "\\n"),
      "PEM text with literal \\r\\n": pem.replaceAll("\n", "\\r\\n"),
      "PEM text on one line": pem.replaceAll("\n", " "),
      "PEM text in quotes": `"${pem.replaceAll("\n", "\\n")}"`,
      "PEM text after a comment": `# the exchange's key\n${pem}`,
      "base64": base64(pem),
      "base64 without padding": base64(pem).replaceAll("=", ""),
      "base64 wrapped": wrapped(base64(pem)),
      "base64url": base64url(pem),
      "base64 of a PEM with literal \\n": base64(pem.replaceAll("\n", "\\n")),
      "base64 of the DER": base64(derOf(key)),
    };
    for (const [form, text] of Object.entries(forms)) {
      await t.step(`${name}: ${form}`, async () => {
        const loaded = await loadVerificationKey(text);
        const { kind: k, algorithm: a, fingerprint: f } = loaded;
        assert.deepEqual({ k, a, f }, { k: kind, a: algorithm, f: fingerprint });
        assert.equal(loaded.key.type, "public");
      });
    }
    for (const form of ["PEM text", "base64", "PEM text with CRLF"]) {
      await t.step(`${name}: a file of ${form}`, async () => {
        await withFile(forms[form] ?? "", async (path) => {
          assert.equal((await loadVerificationKey(path)).fingerprint, fingerprint);
        });
      });
    }
    await t.step(`${name}: a DER file`, async () => {
      await withFile(derOf(key), async (path) => {
        assert.equal((await loadVerificationKey(`  ${path}\n`)).fingerprint, fingerprint);
      });
    });
  }
});

Deno.test("an RSA key in its older form (PKCS#1) is the same key", async () => {
  const { fingerprint } = await loadVerificationKey(pemOf(rsa.publicKey));
  const older = pemOf(rsa.publicKey, "pkcs1");
  assert.match(older, /BEGIN RSA PUBLIC KEY/);
  for (const text of [older, base64url(older), base64(derOf(rsa.publicKey, "pkcs1"))]) {
    assert.equal((await loadVerificationKey(text)).fingerprint, fingerprint);
  }
});

/** RFC 8037, appendix A.1, as Rango's tools write it: the raw bytes in a PEM block. */
const RAW = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
const rawPem = (content: string | Uint8Array, label = "PUBLIC KEY") =>
  `-----BEGIN ${label}-----\n${
    typeof content === "string" ? content : Buffer.from(content).toString("base64")
  }\n-----END ${label}-----\n`;

Deno.test("Rango's Ed25519 key, 32 raw bytes in a PEM block, is taken in every form", async (t) => {
  const x = Buffer.from(RAW, "base64").toString("base64url");
  const jwk = JSON.stringify({ kty: "OKP", crv: "Ed25519", x });
  const { fingerprint } = await loadVerificationKey(jwk);
  const pem = rawPem(RAW);
  const forms: Record<string, string> = {
    "PEM text": pem,
    "PEM text with CRLF": pem.replaceAll("\n", "\r\n"),
    "PEM text with literal \\n": pem.replaceAll("\n", "\\n"),
    "PEM text on one line": pem.replaceAll("\n", " "),
    "base64, as in Rango's JWT_PUBLIC_KEY": base64(pem),
    "base64 wrapped": wrapped(base64(pem)),
    "base64url": base64url(pem),
  };
  for (const [form, text] of Object.entries(forms)) {
    await t.step(form, async () => {
      const { kind, algorithm, fingerprint: found } = await loadVerificationKey(text);
      assert.deepEqual([kind, algorithm, found], ["Ed25519", "EdDSA", fingerprint]);
    });
    await t.step(`a file of ${form}`, async () => {
      await withFile(text, async (path) => {
        assert.equal((await loadVerificationKey(path)).fingerprint, fingerprint);
      });
    });
  }
  await t.step("beside a key in DER, while keys change", async () => {
    const keys = await loadVerificationKeys(pem + pemOf(rsa.publicKey));
    assert.deepEqual(keys.map(({ kind }) => kind), ["Ed25519", "RSA 2048"]);
  });
});

Deno.test("a raw key of another length is refused, and its private key as well", async (t) => {
  for (const length of [0, 1, 31, 33, 43, 64]) {
    await t.step(`${length} bytes`, async () => {
      const message = await refusal(rawPem(new Uint8Array(length).fill(7)));
      const expected = length < 44
        ? `holds a PUBLIC KEY block of ${length} bytes; a raw Ed25519 public key, as Rango writes ` +
          "it, has 32, and the same key in DER 44"
        : "holds a PUBLIC KEY block that is damaged or of an unknown kind";
      assert.ok(message.includes(expected), message);
    });
  }
  await t.step("32 bytes that are not a point of the curve", async () => {
    const message = await refusal(rawPem(new Uint8Array(32).fill(2)));
    assert.match(message, /holds a PUBLIC KEY block that is damaged or of an unknown kind/);
  });
  await t.step("a seed", async () => {
    const seed = Buffer.from(
      "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
      "hex",
    );
    const pem = rawPem(seed, "PRIVATE KEY");
    const message = await refusal(pem, pem);
    assert.match(message, /private key \(PRIVATE KEY\).*must never be given to Ranger/);
    assert.match(message, /the one that Rango's tools wrote/);
    assert.doesNotMatch(message, /openssl/);
  });
});

Deno.test("a configured algorithm must fit the key", async (t) => {
  const fits: [KeyObject, string[]][] = [
    [rsa.publicKey, ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]],
    [ed25519.publicKey, ["EdDSA", "Ed25519"]],
    [p256.publicKey, ["ES256"]],
  ];
  const everything = [...fits.flatMap(([, names]) => names), "HS256", "none", "ES384", "rs256"];
  for (const [key, names] of fits) {
    for (const algorithm of everything) {
      await t.step(`${key.asymmetricKeyType}: ${algorithm}`, async () => {
        const loading = loadVerificationKey(pemOf(key), { algorithm });
        if (names.includes(algorithm)) {
          assert.equal((await loading).algorithm, algorithm);
        } else {
          await assert.rejects(loading, (error) => {
            assert.ok(error instanceof ConfigurationError);
            assert.match(error.message, /^auth\.algorithm is /);
            for (const name of names) assert.ok(error.message.includes(name));
            return true;
          });
        }
      });
    }
  }
});

Deno.test("a private key is refused by name, wherever it is, and never shown", async (t) => {
  const keys: Record<string, Buffer | string> = {
    "RSA PKCS#8": pemOf(rsa.privateKey, "pkcs8"),
    "RSA PKCS#1": pemOf(rsa.privateKey, "pkcs1"),
    "Ed25519 PKCS#8": pemOf(ed25519.privateKey, "pkcs8"),
    "P-256 SEC1": pemOf(p256.privateKey, "sec1"),
    "cut off": pemOf(rsa.privateKey, "pkcs8").slice(0, 600),
    "after its public key": pemOf(rsa.publicKey) + pemOf(rsa.privateKey, "pkcs8"),
    "RSA PKCS#8 DER": derOf(rsa.privateKey, "pkcs8"),
    "RSA PKCS#1 DER": derOf(rsa.privateKey, "pkcs1"),
    "Ed25519 PKCS#8 DER": derOf(ed25519.privateKey, "pkcs8"),
    "P-256 SEC1 DER": derOf(p256.privateKey, "sec1"),
    "OpenSSH": "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZ" +
      "Q==\n-----END OPENSSH PRIVATE KEY-----\n",
    "encrypted": "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIGjMF8GCSqGSIb3DQEFDTBSMDEGCSqGSIb3DQE" +
      "FDDAkBBA=\n-----END ENCRYPTED PRIVATE KEY-----\n",
  };
  for (const [name, key] of Object.entries(keys)) {
    const texts = [base64(key), base64url(key), ...(typeof key === "string" ? [key] : [])];
    const named = (message: string) => {
      assert.match(message, /private key \([A-Z0-9 ]*PRIVATE KEY\)/);
      assert.match(message, /must never be given to Ranger/);
      assert.match(message, /openssl pkey -in \S+ -pubout|ssh-keygen -e -m PKCS8/);
      assert.match(message, /ranger keygen/);
    };
    await t.step(`${name}, as text`, async () => {
      for (const text of texts) {
        named(await refusal(text, text, typeof key === "string" ? key : base64(key)));
      }
    });
    await t.step(`${name}, in a file`, async () => {
      await withFile(key, async (path) => {
        const message = await refusal(path, typeof key === "string" ? key : base64(key));
        named(message);
        assert.ok(message.includes(path));
      });
    });
  }
});

Deno.test("other kinds of keys are refused by name", async (t) => {
  const others: [string, KeyObject, RegExp][] = [
    ["P-384", generateKeyPairSync("ec", { namedCurve: "secp384r1" }).publicKey, /P-384/],
    ["X25519", generateKeyPairSync("x25519").publicKey, /X25519/],
    ["RSA 1024", generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey, /RSA 1024.*2048/],
  ];
  for (const [name, key, expected] of others) {
    await t.step(name, async () => assert.match(await refusal(pemOf(key)), expected));
  }
});

Deno.test("a file that is not a key gets an error that says so", async (t) => {
  const pem = pemOf(rsa.publicKey);
  const texts: [string, string, RegExp][] = [
    ["nothing", "", /is empty.*ranger keygen/],
    ["white space", " \n", /is empty.*ranger keygen/],
    [
      "a file that is not there",
      "/nonexistent/jwt.pub",
      /there is no file \/nonexistent\/jwt\.pub/,
    ],
    ["a directory", Deno.cwd(), /is a directory/],
    ["a PEM without an end", pem.slice(0, 200), /cut off or damaged/],
    ["a PEM whose body is damaged", pem.replace(/MII/, "AAA"), /damaged or of an unknown kind/],
    ["a PEM and one without an end", pem + pem.slice(0, 200), /cut off or damaged/],
    [
      "more keys than a token is tried with",
      Array.from({ length: 9 }, () => pem).join(""),
      /holds 9 keys.*8 at most/,
    ],
    ["another block", pem.replaceAll("PUBLIC KEY", "X509 CRL"), /kind X509 CRL/],
    ["base64 of something else", base64("x".repeat(90)), /not PEM text, not base64 of a PEM/],
    ["JSON that is cut off", '{"keys":[', /begins as JSON and is none/],
    ["JSON that is not a set", '{"kty":7}', /is not a JSON Web Key Set/],
    ["a set without keys", '{"keys":[]}', /holds no key for signatures/],
  ];
  for (const [name, text, expected] of texts) {
    await t.step(name, async () => assert.match(await refusal(text), expected));
  }
  await t.step("a mangled private key is not repeated", async () => {
    const body = base64(derOf(rsa.privateKey, "pkcs8")).slice(5);
    assert.match(await refusal(body, body), /not shown/);
  });
});

Deno.test("a file that holds no key gets an error that names the file", async (t) => {
  const contents: [string, string, RegExp][] = [
    ["empty", "", /\.pem is empty/],
    ["a note", "the key is in the other folder", /\.pem holds no PEM/],
    [
      "an OpenSSH public key",
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA== me@host",
      /ssh-keygen -e -m PKCS8/,
    ],
    ["a damaged JSON Web Key", JSON.stringify({ kty: "RSA" }), /damaged or of an unknown kind/],
    ["a PuTTY key", "PuTTY-User-Key-File-3: ssh-rsa", /PuTTY private key/],
  ];
  for (const [name, content, expected] of contents) {
    await t.step(name, async () => {
      await withFile(content, async (path) => {
        const message = await refusal(path);
        assert.match(message, expected);
        assert.ok(message.includes(path));
      });
    });
  }
});

Deno.test("messages name the setting as the caller calls it", async () => {
  await assert.rejects(
    loadVerificationKey("/nonexistent/jwt.pub", { setting: "auth.public_key (from --x)" }),
    /^ConfigurationError: auth\.public_key \(from --x\): there is no file/,
  );
});

const openssl = (...args: string[]) => {
  const { success, stdout } = new Deno.Command("openssl", { args, stderr: "null" }).outputSync();
  assert.ok(success, `openssl ${args.join(" ")}`);
  return new TextDecoder().decode(stdout);
};

function hasOpenssl(): boolean {
  try {
    return new Deno.Command("openssl", { args: ["version"], stdout: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

Deno.test({
  name: "keys and certificates made by openssl",
  ignore: !hasOpenssl(),
  async fn(t) {
    const folder = await Deno.makeTempDir();
    try {
      const kinds: [string, string, string[]][] = [
        ["RSA 3072", "RS256", ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"]],
        ["Ed25519", "EdDSA", ["-algorithm", "ED25519"]],
        ["P-256", "ES256", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]],
      ];
      for (const [kind, algorithm, args] of kinds) {
        const key = `${folder}/${algorithm}.key`;
        openssl("genpkey", ...args, "-out", key);
        const pub = `${folder}/${algorithm}.pub`;
        openssl("pkey", "-in", key, "-pubout", "-out", pub);
        const loaded = await loadVerificationKey(pub);
        await t.step(`${kind}: the public key`, () => {
          assert.deepEqual([loaded.kind, loaded.algorithm], [kind, algorithm]);
        });
        await t.step(`${kind}: a certificate`, async () => {
          const crt = `${folder}/${algorithm}.crt`;
          openssl("req", "-x509", "-key", key, "-subj", "/CN=x", "-days", "2", "-out", crt);
          const { fingerprint } = await loadVerificationKey(crt);
          assert.equal(fingerprint, loaded.fingerprint);
        });
        await t.step(`${kind}: its private key, encrypted`, async () => {
          const encrypted = `${folder}/${algorithm}.encrypted`;
          openssl("pkey", "-in", key, "-aes256", "-passout", "pass:x", "-out", encrypted);
          assert.match(await refusal(encrypted), /private key \(ENCRYPTED PRIVATE KEY\)/);
          const der = `${encrypted}.der`;
          const pkcs8 = ["pkcs8", "-topk8", "-in", key, "-passout", "pass:x", "-outform", "der"];
          openssl(...pkcs8, "-out", der);
          assert.match(await refusal(der), /private key \(ENCRYPTED PRIVATE KEY\)/);
        });
      }
      const others: [RegExp, string[]][] = [
        [/secp256k1/, ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"]],
        [/P-521/, ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"]],
        [/Ed448/, ["-algorithm", "ED448"]],
        [/X448/, ["-algorithm", "X448"]],
        [/RSA-PSS/, ["-algorithm", "RSA-PSS"]],
      ];
      for (const [name, args] of others) {
        await t.step(`refused: ${name.source}`, async () => {
          const key = `${folder}/other.key`;
          openssl("genpkey", ...args, "-out", key);
          const pub = openssl("pkey", "-in", key, "-pubout");
          assert.match(await refusal(pub), name);
        });
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
