/**
 * Prints a token as Peatio's authentication service (Barong) issues it: RS256, subject `session`.
 * It has no dependencies.
 *
 *     openssl genrsa -out jwt.key 2048 && openssl rsa -in jwt.key -pubout -out jwt.pub
 *     ranger serve --jwt-public-key jwt.pub
 *     ranger tail order --token "$(node examples/jwt-node/token.mjs jwt.key ID0000000001)"
 *
 * A third argument is the role, `member` by default.
 */
import { randomBytes, sign } from "node:crypto";
import { readFileSync } from "node:fs";

/** Seconds; a client gets a new token before this one expires. */
const LIFETIME = 3600;

const [file, uid, role = "member"] = process.argv.slice(2);
if (uid === undefined) {
  console.error("usage: token.mjs PRIVATE_KEY_FILE UID [ROLE]");
  process.exit(64);
}

const now = Math.floor(Date.now() / 1000);
const header = { alg: "RS256", typ: "JWT" };
const claims = {
  iat: now,
  exp: now + LIFETIME,
  sub: "session",
  // Checked only where auth.issuer and auth.audience are set.
  iss: "barong",
  aud: ["peatio", "barong"],
  jti: randomBytes(10).toString("hex"),
  uid,
  role,
};

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const content = `${encoded(header)}.${encoded(claims)}`;
const signature = sign("sha256", content, readFileSync(file, "utf8")).toString("base64url");
console.log(`${content}.${signature}`);
