import { loadSigningKey, signToken } from "../auth/signing.ts";
import { ConfigurationError } from "../errors.ts";
import { defineCommand } from "./command.ts";
import { parseDuration } from "./flag_values.ts";

/** `ranger token` */
export const token = defineCommand({
  name: "token",
  summary: "Signs a token for tests",
  description: "Prints a token as the authentication service of the exchange would sign it, and\n" +
    "nothing else, so that $(ranger token …) works.",
  usage: "ranger token --uid UID --key FILE [--role ROLE] [--ttl TIME] [--issuer TEXT]\n" +
    "             [--audience NAME,…] [--subject TEXT] [--email TEXT] [--level N] [--state TEXT]",
  example: "ranger token --uid ID123 --role trader --ttl 10m --key jwt.key",
  options: {
    uid: { type: "string", value: "UID", help: "User id; required" },
    key: { type: "string", value: "FILE", help: "Private key, a PEM file; required" },
    role: { type: "string", value: "ROLE", help: "Role, which decides about prefixed streams" },
    ttl: {
      type: "string",
      value: "TIME",
      help: "Time until it expires: seconds, or 10m, 1h, 7d",
      default: "1h",
    },
    issuer: { type: "string", value: "TEXT", help: "The claim iss" },
    audience: { type: "string", value: "NAME,…", help: "The claim aud" },
    subject: {
      type: "string",
      value: "TEXT",
      help: "The claim sub; empty text (--subject=) leaves it out",
      default: "session",
    },
    email: { type: "string", value: "TEXT", help: "The claim email" },
    level: { type: "string", value: "N", help: "The claim level, a number" },
    state: { type: "string", value: "TEXT", help: "The claim state, such as active" },
  },
  settings: false,
  async run({ values }) {
    const uid = required(values.uid, "--uid", "a user id such as ID123");
    const keyFile = required(values.key, "--key", "the file of a private key, such as jwt.key");
    const { role, issuer, subject, email, state } = values;
    const claims = {
      uid,
      role,
      issuer,
      subject,
      ttl: parseDuration(values.ttl, "--ttl"),
      audience: audienceOf(values.audience),
      more: defined({ email, level: levelOf(values.level), state }),
    };
    console.log(await signToken(await loadSigningKey(keyFile, "--key"), claims));
    return 0;
  },
});

function required(value: string | undefined, flag: string, expected: string): string {
  if (value !== undefined && value !== "") return value;
  const wrong = value === undefined ? "is missing" : "is empty";
  throw new ConfigurationError(`${flag} ${wrong}; expected ${expected}`);
}

function audienceOf(text: string | undefined): string[] | undefined {
  return text?.split(",").map((name) => name.trim()).filter((name) => name !== "");
}

function levelOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new ConfigurationError(
    `--level is ${JSON.stringify(text)}; expected a number such as 3`,
  );
}

function defined(claims: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
}
