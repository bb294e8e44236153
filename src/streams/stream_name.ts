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
  /** More words, or an empty one: nothing is ever published under such a name. */
  | { readonly form: "other" };

/**
 * Reads the name of a stream as a client writes it.
 *
 * @example
 * ```ts
 * parseStreamName("usdbtc.trades"); // { form: "public", id: "usdbtc", event: "trades" }
 * parseStreamName("order"); // { form: "bare", word: "order" }
 * ```
 */
export function parseStreamName(name: string): StreamName {
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
