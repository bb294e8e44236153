/**
 * Checks in one pass, without allocating, whether bytes are JSON in UTF-8 (RFC 8259). It accepts
 * exactly what a strict UTF-8 decoder and `JSON.parse` accept, at any depth of nesting.
 *
 * @example
 * ```ts
 * isJson(new TextEncoder().encode('{"a":[1]}')); // true
 * isJson(new Uint8Array([0xff])); // false
 * ```
 */
export function isJson(bytes: Uint8Array): boolean {
  const nesting = new Nesting();
  let at = skipSpace(bytes, 0);
  for (;;) {
    // The start of a value.
    const first = bytes[at];
    if (first === OPEN_OBJECT || first === OPEN_ARRAY) {
      const isObject = first === OPEN_OBJECT;
      at = skipSpace(bytes, at + 1);
      if (bytes[at] !== (isObject ? CLOSE_OBJECT : CLOSE_ARRAY)) {
        nesting.enter(isObject);
        if (isObject) at = skipKey(bytes, at);
        if (at === WRONG) return false;
        continue;
      }
      at++;
    } else {
      at = skipScalar(bytes, at, first);
      if (at === WRONG) return false;
    }
    // The end of a value, and perhaps of the arrays and objects around it.
    for (;;) {
      at = skipSpace(bytes, at);
      if (nesting.depth === 0) return at === bytes.length;
      const next = bytes[at++];
      if (next === COMMA) {
        at = skipSpace(bytes, at);
        if (nesting.inObject) at = skipKey(bytes, at);
        if (at === WRONG) return false;
        break;
      }
      if (next !== (nesting.inObject ? CLOSE_OBJECT : CLOSE_ARRAY)) return false;
      nesting.leave();
    }
  }
}

const WRONG = -1;

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Bytes that continue a string: ASCII except the quote, the backslash and control characters. */
const PLAIN = Uint8Array.from(
  { length: 256 },
  (_, byte) => Number(byte >= 0x20 && byte < 0x80 && byte !== QUOTE && byte !== BACKSLASH),
);

const LITERALS = ["true", "false", "null"].map((word) => new TextEncoder().encode(word));

/** The arrays and objects around a value: one bit per level, so that a million levels cost little. */
class Nesting {
  depth = 0;
  inObject = false;
  readonly #outer: number[] = [];

  enter(isObject: boolean): void {
    const word = this.depth >>> 5;
    const bit = 1 << (this.depth & 31);
    const bits = this.#outer[word] ?? 0;
    this.#outer[word] = this.inObject ? bits | bit : bits & ~bit;
    this.depth++;
    this.inObject = isObject;
  }

  leave(): void {
    this.depth--;
    this.inObject = (this.#outer[this.depth >>> 5]! & (1 << (this.depth & 31))) !== 0;
  }
}

function skipSpace(bytes: Uint8Array, at: number): number {
  for (;; at++) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at;
  }
}

/** Skips a name, its colon, and the white space before the value. */
function skipKey(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== QUOTE) return WRONG;
  at = skipString(bytes, at + 1);
  if (at === WRONG) return WRONG;
  at = skipSpace(bytes, at);
  return bytes[at] === COLON ? skipSpace(bytes, at + 1) : WRONG;
}

function skipScalar(bytes: Uint8Array, at: number, first: number | undefined): number {
  if (first === QUOTE) return skipString(bytes, at + 1);
  if (first === MINUS || isDigit(first)) return skipNumber(bytes, at);
  for (const literal of LITERALS) {
    if (literal.every((byte, i) => bytes[at + i] === byte)) return at + literal.length;
  }
  return WRONG;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}

/** RFC 8259 §6. */
function skipNumber(bytes: Uint8Array, at: number): number {
  if (bytes[at] === MINUS) at++;
  if (!isDigit(bytes[at])) return WRONG;
  at = bytes[at] === ZERO ? at + 1 : skipDigits(bytes, at);
  if (bytes[at] === POINT) {
    if (!isDigit(bytes[++at])) return WRONG;
    at = skipDigits(bytes, at);
  }
  // e or E.
  if ((bytes[at]! | 0x20) === 0x65) {
    at++;
    if (bytes[at] === 0x2b || bytes[at] === MINUS) at++;
    if (!isDigit(bytes[at])) return WRONG;
    at = skipDigits(bytes, at);
  }
  return at;
}

function skipDigits(bytes: Uint8Array, at: number): number {
  while (isDigit(bytes[at])) at++;
  return at;
}

/** RFC 8259 §7. @param at the index after the quote */
function skipString(bytes: Uint8Array, at: number): number {
  const end = bytes.length;
  for (;;) {
    while (at < end && PLAIN[bytes[at]!] === 1) at++;
    if (at >= end) return WRONG;
    const byte = bytes[at++]!;
    if (byte === QUOTE) return at;
    if (byte === BACKSLASH) at = skipEscape(bytes, at);
    else if (byte >= 0x80) at = skipCharacter(bytes, at, byte);
    else return WRONG;
    if (at === WRONG) return WRONG;
  }
}

/** @param at the index after the backslash */
function skipEscape(bytes: Uint8Array, at: number): number {
  switch (bytes[at]) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f: // slash
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return at + 1;
    case 0x75: // u
      for (let digit = 1; digit <= 4; digit++) if (!isHexDigit(bytes[at + digit])) return WRONG;
      return at + 5;
    default:
      return WRONG;
  }
}

function isHexDigit(byte: number | undefined): boolean {
  if (isDigit(byte)) return true;
  const lower = byte! | 0x20;
  return lower >= 0x61 && lower <= 0x66;
}

/**
 * Skips the rest of a character of two to four bytes (RFC 3629 §4). Overlong forms, surrogates and
 * characters beyond U+10FFFF are wrong.
 */
function skipCharacter(bytes: Uint8Array, at: number, first: number): number {
  const second = bytes[at]!;
  if (!isTail(second)) return WRONG;
  if (first >= 0xc2 && first <= 0xdf) return at + 1;
  if (first >= 0xe0 && first <= 0xef) {
    if ((first === 0xe0 && second < 0xa0) || (first === 0xed && second > 0x9f)) return WRONG;
    return isTail(bytes[at + 1]) ? at + 2 : WRONG;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    if ((first === 0xf0 && second < 0x90) || (first === 0xf4 && second > 0x8f)) return WRONG;
    return isTail(bytes[at + 1]) && isTail(bytes[at + 2]) ? at + 3 : WRONG;
  }
  return WRONG;
}

function isTail(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
