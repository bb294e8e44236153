import { isIP } from "node:net";
import * as z from "zod";

/**
 * How one kind of value is read from text (flags, environment), checked, and named in the help.
 * The schema checks values as the file has them; its messages complete the sentence
 * `"<value>" …`, such as `is not a whole number`.
 */
export interface Kind<T> {
  readonly schema: z.ZodType<T>;
  /** Text to the value that a file would have; unreadable text is returned, and the schema refuses it. */
  readonly read: (text: string) => unknown;
  /** The value's placeholder in the help; empty for switches, which take none. */
  readonly placeholder: string;
  /** The accepted words, where the value is one of a few. */
  readonly words?: readonly string[];
  /** Whether the value is a path, or may be one. */
  readonly isPath?: boolean;
}

const SWITCH: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  "1": true,
  false: false,
  no: false,
  off: false,
  "0": false,
};

/** A whole number from `min` to `max`. */
export function whole(min: number, max: number, placeholder = "NUMBER"): Kind<number> {
  return {
    schema: z.int({ error: "is not a whole number" })
      .min(min, { error: `is below ${min}` })
      .max(max, { error: `is above ${max}` }),
    read: (text) => /^[+-]?\d+$/.test(text.trim()) ? Number(text) : text,
    placeholder,
  };
}

/** Text; where there is a `pattern`, text that does not match it is refused with `wrong`. */
export function text(placeholder: string, pattern = /^/, wrong = ""): Kind<string> {
  return {
    schema: z.string({ error: "is not text" }).regex(pattern, { error: wrong }),
    read: (given) => given,
    placeholder,
  };
}

/** The path of a file; or empty. */
export function file(): Kind<string> {
  return { ...text("PATH"), read: (given) => given.trim(), isPath: true };
}

/** A host name or address without a port; brackets around an IPv6 address are removed. */
export function host(): Kind<string> {
  const wrong = "is not a host name or address alone";
  return {
    schema: z.string({ error: "is not text" })
      .transform((given) => given.replace(/^\[(.*)\]$/, "$1"))
      .pipe(
        z.string().regex(/^([^\s/:@?#[\]]+|[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*)$/i, {
          error: wrong,
        }),
      ),
    read: (given) => given.trim(),
    placeholder: "HOST",
  };
}

/** An http or https URL without user and password; or empty. */
export function webAddress(): Kind<string> {
  return {
    schema: z.string({ error: "is not text" }).refine((given) => {
      if (given === "") return true;
      const url = URL.parse(given);
      return url !== null && /^https?:$/.test(url.protocol) && url.username + url.password === "";
    }, { error: "is not an http:// or https:// address without user and password" }),
    read: (given) => given.trim(),
    placeholder: "URL",
  };
}

/** A list; as text its entries are separated by commas. */
export function list(placeholder: string, entry = /^[^,]*$/, wrong = "has a comma in an entry") {
  return {
    schema: z.array(z.string({ error: "has an entry that is not text" }).regex(entry, wrong), {
      error: "is not a list of texts",
    }),
    read: (given: string) => given.split(",").map((part) => part.trim()).filter(Boolean),
    placeholder,
  } satisfies Kind<string[]>;
}

/** A list of addresses and networks, IPv4 and IPv6, in CIDR notation (RFC 4632 §3.1, RFC 4291 §2.3). */
export function networks(): Kind<string[]> {
  const { read, placeholder } = list("NETWORK,…");
  const entry = z.string({ error: "has an entry that is not text" }).refine(isNetwork, {
    error: "has an entry that is neither an address nor a network",
  });
  return { schema: z.array(entry, { error: "is not a list of texts" }), read, placeholder };
}

function isNetwork(text: string): boolean {
  const [, address = "", length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const version = isIP(address);
  return version !== 0 && Number(length ?? 0) <= (version === 4 ? 32 : 128);
}

/** A switch: true or false. */
export function toggle(): Kind<boolean> {
  return {
    schema: z.boolean({ error: "is neither true nor false" }),
    read: (given) => SWITCH[given.trim().toLowerCase()] ?? given,
    placeholder: "",
  };
}

/** One of several words, in upper or lower case; `aliases` are other spellings. */
export function choice<const Word extends string>(
  words: readonly Word[],
  aliases: Readonly<Record<string, Word>> = {},
): Kind<Word> {
  const known = new Map<string, Word>([
    ...words.map((word) => [word.toLowerCase(), word] as const),
    ...Object.entries(aliases),
  ]);
  return {
    schema: z.string({ error: "is not text" })
      .transform((given) => known.get(given.trim().toLowerCase()) ?? given)
      .pipe(z.enum(words, { error: `is not one of ${words.filter(Boolean).join(", ")}` })),
    read: (given) => given,
    words: words.filter(Boolean),
    placeholder: words.filter(Boolean).length > 4 ? "NAME" : words.filter(Boolean).join("|"),
  };
}
