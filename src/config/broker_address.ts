import { type AmqpAddress, formatAmqpUrl, parseAmqpUrl } from "./amqp_url.ts";
import type { SettingKey, SettingValues } from "./settings.ts";
import type { Candidate } from "./sources.ts";

const PIECES = {
  "amqp.host": "host",
  "amqp.port": "port",
  "amqp.user": "user",
  "amqp.password": "password",
  "amqp.vhost": "vhost",
} as const satisfies Partial<Record<SettingKey, keyof AmqpAddress>>;

type Shown = { readonly value: unknown; readonly source: string };

/**
 * The broker's address in force: `amqp.url`, and over it every single piece (host, port, …) whose
 * source ranks at least as high as the URL's. So RABBITMQ_HOST in the environment wins over the
 * default URL and over one in the file, and a URL given by flag wins over RABBITMQ_HOST.
 *
 * @param candidates where the values came from
 * @param values checked; the URL can be parsed
 * @returns the URL, and for URL and pieces what is in force and by whom
 */
export function overlay(
  candidates: ReadonlyMap<SettingKey, Candidate>,
  values: SettingValues,
): { url: string; entries: Partial<Record<SettingKey, Shown>> } {
  const given = candidates.get("amqp.url");
  const parsed = parseAmqpUrl(values["amqp.url"]);
  if (typeof parsed === "string") throw new TypeError("amqp.url has been checked before");
  const source = given?.source ?? "default";

  let address: AmqpAddress = parsed;
  const entries: Partial<Record<SettingKey, Shown>> = {};
  const others: string[] = [];
  for (const [key, part] of Object.entries(PIECES) as [keyof typeof PIECES, keyof AmqpAddress][]) {
    const piece = candidates.get(key);
    const value = values[key];
    const wins = piece !== undefined && value !== undefined && piece.rank > 0 &&
      piece.rank >= (given?.rank ?? 0);
    if (wins) {
      address = { ...address, [part]: value };
      others.push(piece.source);
    }
    entries[key] = {
      value: address[part],
      source: wins ? piece.source : source === "default" ? source : `amqp.url, ${source}`,
    };
  }
  // Untouched, the URL stays as it was written.
  const url = others.length === 0 ? values["amqp.url"] : formatAmqpUrl(address);
  entries["amqp.url"] = {
    value: url,
    source: others.length === 0 ? source : `${source}, with ${others.join(", ")}`,
  };
  return { url, entries };
}
