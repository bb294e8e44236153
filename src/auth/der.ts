/** The name that a DER structure would have as a PEM block. */
export type DerLabel =
  | "PUBLIC KEY"
  | "RSA PUBLIC KEY"
  | "CERTIFICATE"
  | "PRIVATE KEY"
  | "ENCRYPTED PRIVATE KEY";

const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OBJECT_IDENTIFIER = 0x06;
const SEQUENCE = 0x30;

interface Element {
  readonly tag: number;
  /** Where the content begins and ends. */
  readonly start: number;
  readonly end: number;
}

/**
 * Tells the DER structures of keys and certificates apart by their first elements.
 *
 * @param der anything
 * @returns the label, or undefined when the bytes are no such structure from the first to the last
 */
export function labelOfDer(der: Uint8Array): DerLabel | undefined {
  const whole = element(der, 0);
  if (whole?.tag !== SEQUENCE || whole.end !== der.length) return undefined;
  const first = element(der, whole.start);
  if (first === undefined) return undefined;
  if (first.tag === INTEGER) {
    // A version number opens PKCS#8, PKCS#1 and SEC1 private keys, a modulus PKCS#1 public ones.
    return first.end - first.start === 1 ? "PRIVATE KEY" : "RSA PUBLIC KEY";
  }
  if (first.tag !== SEQUENCE) return undefined;
  if (element(der, first.start)?.tag !== OBJECT_IDENTIFIER) return "CERTIFICATE";
  const second = element(der, first.end);
  if (second?.tag === BIT_STRING) return "PUBLIC KEY";
  return second?.tag === OCTET_STRING ? "ENCRYPTED PRIVATE KEY" : undefined;
}

/** The element that begins at `offset`, when it lies within the bytes. */
function element(der: Uint8Array, offset: number): Element | undefined {
  const tag = der[offset];
  const short = der[offset + 1];
  if (tag === undefined || short === undefined) return undefined;
  const lengthBytes = short < 0x80 ? 0 : short - 0x80;
  if (lengthBytes > 4) return undefined;
  let length = short < 0x80 ? short : 0;
  for (let i = 0; i < lengthBytes; i++) length = length * 256 + (der[offset + 2 + i] ?? 0);
  const start = offset + 2 + lengthBytes;
  const end = start + length;
  return end <= der.length ? { tag, start, end } : undefined;
}
