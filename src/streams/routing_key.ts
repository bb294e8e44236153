/** The scope and the stream of an event, from its routing key. */
export type Route =
  | { readonly scope: "public"; readonly id: string; readonly event: string; readonly name: string }
  | { readonly scope: "private"; readonly uid: string; readonly event: string }
  | {
    readonly scope: "prefixed";
    readonly id: string;
    readonly event: string;
    /** The name that clients subscribe to: `<prefix>.<id>.<event>`. */
    readonly subscription: string;
    /** The name that clients receive it under: `<id>.<event>`. */
    readonly name: string;
  };

/**
 * Reads a routing key.
 *
 * | key | scope |
 * | --- | --- |
 * | `public.<id>.<event>` | public |
 * | `private.<uid>.<event>` | private |
 * | `<prefix>.<id>.<event>` | prefixed |
 * | `public.<event>`, `global.<event>` | public, under the same two words |
 * | `global.<id>.<event>` | public, under `<id>.<event>`, as with Rango; or prefixed |
 *
 * @param globalIsPrefix whether `global` with three words is a prefix for roles like any other
 * @returns `undefined` if the key has another number of words, or an empty word
 *
 * @example
 * ```ts
 * parseRoutingKey("public.usdbtc.trades");
 * // { scope: "public", id: "usdbtc", event: "trades", name: "usdbtc.trades" }
 * ```
 */
export function parseRoutingKey(key: string, globalIsPrefix = false): Route | undefined {
  const first = key.indexOf(".");
  if (first <= 0) return undefined;
  const second = key.indexOf(".", first + 1);
  if (second === -1) {
    const scope = key.slice(0, first);
    const event = key.slice(first + 1);
    if (event === "" || (scope !== "public" && scope !== "global")) return undefined;
    return { scope: "public", id: scope, event, name: key };
  }
  if (second === first + 1 || second === key.length - 1) return undefined;
  if (key.indexOf(".", second + 1) !== -1) return undefined;
  const middle = key.slice(first + 1, second);
  const event = key.slice(second + 1);
  if (
    first === 6 &&
    (key.startsWith("public") || (!globalIsPrefix && key.startsWith("global")))
  ) {
    return { scope: "public", id: middle, event, name: key.slice(first + 1) };
  }
  if (first === 7 && key.startsWith("private")) return { scope: "private", uid: middle, event };
  return {
    scope: "prefixed",
    id: middle,
    event,
    subscription: key,
    name: key.slice(first + 1),
  };
}
