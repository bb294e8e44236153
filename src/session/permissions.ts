import { parseStreamName } from "../streams/stream_name.ts";

/** Prefix to the roles that may subscribe to `<prefix>.<id>.<event>`. */
export type Rbac = Readonly<Record<string, readonly string[]>>;

/**
 * Whether roles are configured for a prefix, if only an empty list.
 *
 * @example
 * ```ts
 * guards({ global: ["admin"] }, "global"); // true
 * guards({}, "global"); // false
 * ```
 */
export function guards(rbac: Rbac, prefix: string): boolean {
  return Object.hasOwn(rbac, prefix);
}

/**
 * Whether a role may hold a stream. Only prefixed streams are guarded: private ones need no
 * guard, since they deliver what is the user's own.
 *
 * @param role empty for anonymous connections and tokens without one
 *
 * @example
 * ```ts
 * mayHold({ admin: ["superadmin"] }, "superadmin", "admin.usdbtc.orders"); // true
 * mayHold({}, "superadmin", "admin.usdbtc.orders"); // false
 * ```
 */
export function mayHold(rbac: Rbac, role: string, stream: string): boolean {
  // Most names have two words, and a prefixed one has three.
  if (stream.indexOf(".", stream.indexOf(".") + 1) === -1) return true;
  // A name of more words cannot be a stream.
  if (role === "") return false;
  const name = parseStreamName(stream);
  if (name.form !== "prefixed") return true;
  return guards(rbac, name.prefix) && rbac[name.prefix]!.includes(role);
}
