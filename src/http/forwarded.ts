import { readAddress } from "./address.ts";

/** A pair of RFC 7239 §4 with what ends it; values that need quotes but lack them are read as well. */
const PAIR = /\s*([^\s=;,"]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*))\s*(?:;|$)/y;

/**
 * The addresses in an `X-Forwarded-For` header, from the right: the last one is what the proxy next
 * to us saw.
 *
 * @returns `undefined` for what is not an address
 */
export function* forwardedForAddresses(header: string): Generator<string | undefined> {
  for (const entry of fromTheRight(header)) yield readAddress(entry);
}

/** The same of a `Forwarded` header (RFC 7239): what its elements have as `for`. */
export function* forwardedAddresses(header: string): Generator<string | undefined> {
  for (const { address } of forwardedHops(header)) yield address;
}

/** One proxy's word: who asked it, by which protocol, and for which host. */
export interface Hop {
  readonly address: string | undefined;
  /** In lower case: `https`. */
  readonly proto: string | undefined;
  /** In lower case: `ws.example.com:8443`. */
  readonly host: string | undefined;
}

/** What the elements of a `Forwarded` header say, from the right. */
export function* forwardedHops(header: string): Generator<Hop> {
  for (const element of fromTheRight(header)) {
    const pairs = pairsOf(element);
    const node = pairs.get("for");
    yield {
      address: node === undefined ? undefined : readAddress(node),
      proto: pairs.get("proto")?.toLowerCase(),
      host: pairs.get("host")?.toLowerCase(),
    };
  }
}

/** The entries of `X-Forwarded-Proto` and `X-Forwarded-Host`, from the right, in lower case. */
export function* forwardedValues(header: string): Generator<string> {
  for (const entry of fromTheRight(header)) yield entry.toLowerCase();
}

/**
 * The entries of a list, the last one first. Read from the right as well, not only counted: what
 * stands left of a trusted proxy's entry may be a stranger's, with a quote that never ends.
 */
function* fromTheRight(header: string): Generator<string> {
  let end = header.length;
  let quoted = false;
  for (let at = header.length - 1; at >= -1; at--) {
    if (header[at] === '"' && !isEscaped(header, at)) quoted = !quoted;
    if (at >= 0 && (header[at] !== "," || quoted)) continue;
    const entry = header.slice(at + 1, end).trim();
    end = at;
    // Empty entries are none (RFC 9110 §5.6.1.2).
    if (entry !== "") yield entry;
  }
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text[at - 1 - backslashes] === "\\") backslashes++;
  return backslashes % 2 === 1;
}

/** By their names in lower case; none where the element is not well formed. */
function pairsOf(element: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (PAIR.lastIndex = 0; PAIR.lastIndex < element.length;) {
    const pair = PAIR.exec(element);
    if (pair === null) return new Map();
    const [, name = "", quoted, plain = ""] = pair;
    found.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, "$1") ?? plain);
  }
  return found;
}
