/** What the page can say about a token without its key. */
import { decodePart } from "../../client/src/tokens.ts";
import { moment } from "./numbers.ts";

/** The claims of a token that are looked at (RFC 7519 §4.1). */
interface Claims {
  readonly exp?: unknown;
  readonly nbf?: unknown;
}

/**
 * Says why a text cannot be a token that any server accepts.
 *
 * @returns a sentence; `undefined` if the text has the form of a JWT
 *
 * @example
 * ```ts
 * formProblem("nonsense"); // "This is not a JWT: …"
 * ```
 */
export function formProblem(token: string): string | undefined {
  const parts = token.split(".");
  if (parts.length !== 3) {
    const has = parts.length === 1 ? "no dot" : `${parts.length} parts`;
    return `This is not a JWT: one has three parts with dots between them, and this text has ${has}.`;
  }
  for (const [at, name] of [[0, "first"], [1, "second"]] as const) {
    if (!objectOf(parts[at]!)) {
      return `This is not a JWT: its ${name} part is not a JSON object in base64url. ` +
        "Copy the whole token.";
    }
  }
  return undefined;
}

/**
 * Says what a token's times have to do with a refusal.
 *
 * @param now milliseconds since the epoch
 * @returns a sentence; empty if its times are good
 */
export function timeProblem(token: string, now: number): string {
  const { exp, nbf } = (objectOf(token.split(".")[1] ?? "") ?? {}) as Claims;
  if (exp === undefined) return "It has no expiry (exp).";
  if (typeof exp !== "number") return "Its expiry (exp) is not a number of seconds.";
  if (exp * 1000 <= now) return `It expired on ${moment(exp * 1000)}.`;
  if (typeof nbf === "number" && nbf * 1000 > now) {
    return `It is not valid before ${moment(nbf * 1000)}.`;
  }
  return "";
}

/** Decodes a part of a token. */
function objectOf(part: string): object | undefined {
  try {
    const value: unknown = decodePart(part);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
