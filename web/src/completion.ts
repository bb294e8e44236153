import { STREAM_KINDS } from "../../client/src/streams.ts";

/** Maximum suggestions: a longer list is hard to scan. */
const MAX_SUGGESTIONS = 60;

/**
 * Returns the stream names that contain the typed text; names that begin with it come first.
 *
 * @param markets ids of the known markets
 *
 * @example
 * ```ts
 * completions("btcusd.kl", ["btcusd"]); // ["btcusd.kline-1m", …]
 * ```
 */
export function completions(typed: string, markets: readonly string[]): string[] {
  const ids = markets.length > 0 ? markets : ["btcusd"];
  const all: string[] = [];
  for (const { name, words = {} } of STREAM_KINDS) {
    let names = name.includes("<id>") ? ids.map((id) => name.replace("<id>", id)) : [name];
    for (const [parameter, list] of Object.entries(words)) {
      names = names.flatMap((one) => list.map((word) => one.replace(`<${parameter}>`, word)));
    }
    all.push(...names);
  }
  const found = all.filter((name) => name.includes(typed));
  const rank = (name: string) => name.startsWith(typed) ? 0 : 1;
  return found.sort((a, b) => rank(a) - rank(b) || a.localeCompare(b)).slice(0, MAX_SUGGESTIONS);
}

/** Whether a stream is private to a user. */
export function isPrivate(stream: string): boolean {
  return STREAM_KINDS.some(({ name, scope }) => name === stream && scope === "private");
}
