import { readAddress } from "./address.ts";

/** A pair of RFC 7239 §4 with what ends it; values that need quotes but lack them are read as well. */
const PAIR = /\s*([^\s=;,"]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*))\s*(?:;|$)/y;

/**
 * The addresses in an `X-Forwarded-For` header, from the right: the last one is what the proxy next
 * to us saw.
 *
 * @returns `undefined` for what is no address
 */
export function* forwardedForAddresses(header: string): Generator<string | undefined> {
  for (const entry of fromTheRight(header)) yield readAddress(entry);
}

/** The same of a `Forwarded` header (RFC 7239): what its elements have as `for`. */
export function* forwardedAddresses(header: string): Generator<string | undefined> {
  for (const element of fromTheRight(header)) {
    const node = forOf(element);
    yield node === undefined ? undefined : readAddress(node);
  }
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

/** `undefined` where there is none, or where the element is not well formed. */
function forOf(element: string): string | undefined {
  let found: string | undefined;
  for (PAIR.lastIndex = 0; PAIR.lastIndex < element.length;) {
    const pair = PAIR.exec(element);
    if (pair === null) return undefined;
    const [, name = "", quoted, plain] = pair;
    if (name.toLowerCase() === "for") found = quoted?.replace(/\\(.)/g, "$1") ?? plain;
  }
  return found;
}
