import { ConfigurationError } from "../errors.ts";
import type { Loaded } from "./loaded.ts";

/**
 * Names the source of a setting whose value turned out wrong only when it was used, such as a file
 * that is not there.
 *
 * @returns the error, with `auth.public_key, from flag --jwt-public-key: ` where its message began
 *   with `auth.public_key: ` or `auth.public_key is …`; any other error as it is
 *
 * @example
 * ```ts
 * import { ConfigurationError } from "../errors.ts";
 * import { loadSettings } from "./load.ts";
 * const loaded = await loadSettings([], { JWT_PUBLIC_KEY: "/none.pub" });
 * namedSource(new ConfigurationError("auth.public_key: there is no file /none.pub"), loaded);
 * // auth.public_key, from environment JWT_PUBLIC_KEY: there is no file /none.pub
 * ```
 */
export function namedSource(error: unknown, { entries }: Pick<Loaded, "entries">): unknown {
  if (!(error instanceof ConfigurationError)) return error;
  const { message } = error;
  const entry = entries.find(({ key }) =>
    message.startsWith(`${key}: `) || message.startsWith(`${key} `)
  );
  if (entry === undefined || entry.source === "default") return error;
  const { key, source } = entry;
  const rest = message.slice(key.length).replace(/^:? /, "");
  const named = `${key}, from ${source}: ${rest}`;
  return new ConfigurationError(named, { cause: error });
}
