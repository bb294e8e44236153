/** The name of a subscription, by its form. */
export type StreamName =
  /** `usdbtc.trades` */
  | { readonly form: "public"; readonly id: string; readonly event: string }
  /** `admin.usdbtc.orders` */
  | {
    readonly form: "prefixed";
    readonly prefix: string;
    readonly id: string;
    readonly event: string;
  }
  /** `order`: a private event of the client's user, or all public streams of an id. */
  | { readonly form: "bare"; readonly word: string }
  /** A name that no event can have: it is refused. */
  | { readonly form: "other" };

/** Bytes of a name in UTF-8: an AMQP routing key is not longer (AMQP 0-9-1 §4.2.5.3, shortstr). */
const MAX_NAME_BYTES = 255;

// deno-lint-ignore no-control-regex
const SPACE_OR_CONTROL = /[\s\u0000-\u001f\u007f-\u009f]/;

const encoder = new TextEncoder();

function isTooLong(name: string): boolean {
  // A UTF-16 unit takes one to three bytes, so most names need not be encoded.
  if (name.length * 3 <= MAX_NAME_BYTES) return false;
  return name.length > MAX_NAME_BYTES || encoder.encode(name).length > MAX_NAME_BYTES;
}

/**
 * Reads the name of a stream as a client writes it: one to three words, at most 255 bytes of UTF-8,
 * without white space and control characters.
 *
 * @example
 * ```ts
 * parseStreamName("usdbtc.trades"); // { form: "public", id: "usdbtc", event: "trades" }
 * parseStreamName("order"); // { form: "bare", word: "order" }
 * ```
 */
export function parseStreamName(name: string): StreamName {
  if (isTooLong(name) || SPACE_OR_CONTROL.test(name)) return { form: "other" };
  const words = name.split(".", 4);
  const [a, b, c] = words;
  if (words.includes("") || a === undefined) return { form: "other" };
  if (b === undefined) return { form: "bare", word: a };
  if (c === undefined) return { form: "public", id: a, event: b };
  if (words.length === 3) return { form: "prefixed", prefix: a, id: b, event: c };
  return { form: "other" };
}

/**
 * The streams that a request's query names: `stream`, repeated, comma-separated, or both.
 *
 * @param query the part after `?`, still percent-encoded
 * @returns names in the order given, without empty names and duplicates
 *
 * @example
 * ```ts
 * streamsOfQuery("stream=a.b,c&stream=a.b&x=1"); // ["a.b", "c"]
 * ```
 */
export function streamsOfQuery(query: string): string[] {
  const names = new Set<string>();
  for (const value of new URLSearchParams(query).getAll("stream")) {
    for (const name of value.split(",")) {
      if (name !== "") names.add(name);
    }
  }
  return [...names];
}
