/**
 * What the events of a stream are, by the stream's name (protocol, section 6): events that stand
 * alone, or the snapshots and the increments of a state. This also holds for streams that the
 * registry does not know, and for prefixed ones.
 */
export type StreamRole = "plain" | "snapshot" | "increment";

const SNAPSHOT_SUFFIX = "-snap";
const INCREMENT_SUFFIX = "-inc";

/**
 * @param name a stream's name, or the pattern of a kind
 *
 * @example
 * ```ts
 * roleOf("usdbtc.ob-inc"); // "increment"
 * roleOf("usdbtc.trades"); // "plain"
 * ```
 */
export function roleOf(name: string): StreamRole {
  if (name.endsWith(INCREMENT_SUFFIX)) return "increment";
  return name.endsWith(SNAPSHOT_SUFFIX) ? "snapshot" : "plain";
}

/**
 * The name that the snapshots and the increments of one state share.
 *
 * @param name of a stream that is not plain
 *
 * @example
 * ```ts
 * stateNameOf("usdbtc.ob-inc"); // "usdbtc.ob"
 * ```
 */
export function stateNameOf(name: string): string {
  const suffix = name.endsWith(INCREMENT_SUFFIX) ? INCREMENT_SUFFIX : SNAPSHOT_SUFFIX;
  return name.slice(0, -suffix.length);
}

/** The stream of a state's snapshots: `usdbtc.ob-snap` of `usdbtc.ob`. */
export function snapshotsOf<const Name extends string>(state: Name): `${Name}-snap` {
  return `${state}${SNAPSHOT_SUFFIX}`;
}

/** The stream of a state's increments: `usdbtc.ob-inc` of `usdbtc.ob`. */
export function incrementsOf<const Name extends string>(state: Name): `${Name}-inc` {
  return `${state}${INCREMENT_SUFFIX}`;
}
