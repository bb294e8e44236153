import { type AmqpAddress, formatAmqpUrl, parseAmqpUrl } from "./amqp_url.ts";
import type { Candidate } from "./candidate.ts";
import { type SettingKey, SETTINGS, type SettingValues } from "./settings.ts";

const PIECES = {
  "amqp.host": "host",
  "amqp.port": "port",
  "amqp.user": "user",
  "amqp.password": "password",
  "amqp.vhost": "vhost",
} as const satisfies Partial<Record<SettingKey, keyof AmqpAddress>>;
/** The pieces that are the same for every broker of a cluster. */
const COMMON = ["amqp.user", "amqp.password", "amqp.vhost"] as const;
/** The settings that name one broker, so they and a list exclude each other. */
const OF_ONE = ["amqp.url", "amqp.host", "amqp.port"] as const;

type Piece = keyof typeof PIECES;
type Candidates = ReadonlyMap<SettingKey, Candidate>;
type Shown = { readonly value: unknown; readonly source: string };
type Entries = Partial<Record<SettingKey, Shown>>;

/** The brokers in force, and for each setting about them its value and source. */
export interface BrokerAddresses {
  readonly urls: readonly string[];
  readonly entries: Entries;
}

/**
 * The broker addresses in force: `amqp.url`, with every piece (host, port, …) replaced whose source
 * ranks at least as high as the URL's. So RABBITMQ_HOST in the environment overrides the default
 * URL and one in the file, and a URL given by flag overrides RABBITMQ_HOST.
 *
 * If `amqp.urls` has entries it replaces URL, host and port, unless one of those has a source of a
 * higher rank; user, password and virtual host override those of each entry.
 *
 * @param candidates the sources of the values
 * @param values checked; the URLs can be parsed
 */
export function brokerAddresses(candidates: Candidates, values: SettingValues): BrokerAddresses {
  const rank = (key: SettingKey) => candidates.get(key)?.rank ?? 0;
  const own = rank("amqp.urls");
  const inForce = values["amqp.urls"].length > 0 && OF_ONE.every((key) => rank(key) <= own);
  const one = ofOne(candidates, values);
  const { source = "default" } = candidates.get("amqp.urls") ?? {};
  if (!inForce) {
    if (values["amqp.urls"].length === 0) return one;
    const beaten = { value: values["amqp.urls"], source: `${source}, not in force` };
    return { urls: one.urls, entries: { ...one.entries, "amqp.urls": beaten } };
  }
  const pieces = COMMON.filter((key) => wins(candidates, values, key, own));
  const urls = values["amqp.urls"].map((url) => overlaid(url, pieces, values));
  const ofEach = (Object.keys(PIECES) as Piece[]).map((key) => {
    if (pieces.some((each) => each === key)) return [key, one.entries[key]];
    const given = rank(key) > 0 ? `${candidates.get(key)?.source}, not in force: ` : "";
    return [key, { value: "(in amqp.urls)", source: `${given}amqp.urls, ${source}` }];
  });
  const beaten = `${candidates.get("amqp.url")?.source ?? "default"}, not in force`;
  return {
    urls,
    entries: {
      ...Object.fromEntries(ofEach),
      "amqp.url": { value: values["amqp.url"], source: beaten },
      "amqp.urls": { value: urls, source: withOthers(candidates, source, pieces) },
    },
  };
}

/**
 * What is wrong with the URLs, a sentence each; never quotes one.
 *
 * @param checked values that passed their schema
 */
export function wrongUrls(
  candidates: Candidates,
  checked: Partial<Record<SettingKey, unknown>>,
): string[] {
  return (["amqp.url", "amqp.urls"] as const).flatMap((key) => {
    const value = checked[key];
    const urls = Array.isArray(value) ? value : value === undefined ? [] : [value];
    const wrong = urls.map((url) => parseAmqpUrl(String(url))).find((found) =>
      typeof found === "string"
    );
    if (wrong === undefined) return [];
    const what = key === "amqp.url" ? "the value (not shown)" : "an entry (not shown)";
    const { source = "default" } = candidates.get(key) ?? {};
    return [`${key}, from ${source}: ${what} ${wrong}; expected ${SETTINGS[key].right}`];
  });
}

function ofOne(candidates: Candidates, values: SettingValues): BrokerAddresses {
  const { rank = 0, source = "default" } = candidates.get("amqp.url") ?? {};
  const keys = Object.keys(PIECES) as Piece[];
  const pieces = keys.filter((key) => wins(candidates, values, key, rank));
  const url = overlaid(values["amqp.url"], pieces, values);
  const address = parsed(url);
  const entries: Entries = Object.fromEntries(keys.map((key) => [key, {
    value: address[PIECES[key]],
    source: pieces.includes(key)
      ? candidates.get(key)!.source
      : source === "default"
      ? source
      : `amqp.url, ${source}`,
  }]));
  const shown = { value: url, source: withOthers(candidates, source, pieces) };
  return { urls: [url], entries: { ...entries, "amqp.url": shown } };
}

/** Whether a piece overrides a URL whose source has that rank. */
function wins(candidates: Candidates, values: SettingValues, key: Piece, rank: number): boolean {
  const piece = candidates.get(key);
  return piece !== undefined && values[key] !== undefined && piece.rank > 0 && piece.rank >= rank;
}

/** The URL with pieces replaced; without any it stays as it was written. */
function overlaid(url: string, pieces: readonly Piece[], values: SettingValues): string {
  if (pieces.length === 0) return url;
  const over = Object.fromEntries(pieces.map((key) => [PIECES[key], values[key]]));
  return formatAmqpUrl({ ...parsed(url), ...over });
}

function parsed(url: string): AmqpAddress {
  const address = parseAmqpUrl(url);
  if (typeof address === "string") throw new TypeError("the URL has been checked before");
  return address;
}

function withOthers(candidates: Candidates, source: string, pieces: readonly Piece[]): string {
  if (pieces.length === 0) return source;
  // One file may have several of them.
  const others = new Set(pieces.map((key) => candidates.get(key)!.source));
  return `${source}, with ${[...others].join(", ")}`;
}
