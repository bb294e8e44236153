import { AMQP } from "./settings/amqp.ts";
import { AUTH } from "./settings/auth.ts";
import { COMPRESSION } from "./settings/compression.ts";
import { HISTORY } from "./settings/history.ts";
import { LIMITS } from "./settings/limits.ts";
import { LOG } from "./settings/log.ts";
import { MANAGEMENT } from "./settings/management.ts";
import { PROTOCOL } from "./settings/protocol.ts";
import { SERVER } from "./settings/server.ts";
import type { LiveSetting, Setting } from "./settings/setting.ts";
import { STREAMS } from "./settings/streams.ts";

export type { Setting };

/**
 * Every setting but `rbac.<prefix>`, whose names are free (rbac.ts), by its key in the file, in the
 * order of the documents.
 */
export const SETTINGS = {
  ...SERVER,
  ...MANAGEMENT,
  ...AMQP,
  ...AUTH,
  ...PROTOCOL,
  ...STREAMS,
  ...HISTORY,
  ...COMPRESSION,
  ...LIMITS,
  ...LOG,
};

/** What each section of the file is about, in the order of the documents. */
export const SECTIONS = {
  server: "The listener for clients.",
  management: "The listener for operators: metrics, health, statistics. Keep it off the internet.",
  amqp: "The broker that events come from.",
  auth: "How clients' tokens are verified.",
  rbac: "Which roles may subscribe to streams that are neither public nor private.",
  protocol: "The format of the messages that clients read.",
  streams: "Which events are delivered, and how much state is kept.",
  history: "Which events are kept in memory for clients that were away or read slowly.",
  compression: "permessage-deflate, for clients that offer it, as browsers do.",
  limits: "What one client may use.",
  log: "What is logged, to standard error.",
};

export type Section = keyof typeof SECTIONS;
export type SettingKey = keyof typeof SETTINGS;
/** Every setting's checked value, by key. */
export type SettingValues = {
  readonly [K in SettingKey]: (typeof SETTINGS)[K] extends Setting<infer T> ? T : never;
};
/** The keys of the settings declared `live: true`. */
export type LiveKey = {
  [K in SettingKey]: (typeof SETTINGS)[K] extends LiveSetting<infer _> ? K : never;
}[SettingKey];

const EACH = Object.entries(SETTINGS) as unknown as readonly (readonly [SettingKey, Setting])[];

/** Keys by the names of earlier versions. */
const FORMER_KEYS: ReadonlyMap<string, SettingKey> = new Map(
  EACH.flatMap(([key, { formerly }]) => formerly === undefined ? [] : [[formerly.key, key]]),
);

/** The settings with their keys, in the order of the documents. */
export function eachSetting(): readonly (readonly [SettingKey, Setting])[] {
  return EACH;
}

/**
 * The key that a name in the file means, which may be that of an earlier version.
 *
 * @example
 * ```ts
 * settingKey("server.port"); // "server.port"
 * settingKey("server.drain"); // "server.drain_seconds"
 * settingKey("server.prot"); // undefined
 * ```
 */
export function settingKey(name: string): SettingKey | undefined {
  return Object.hasOwn(SETTINGS, name) ? name as SettingKey : FORMER_KEYS.get(name);
}

/**
 * The name of a secret's second form in the file: `amqp.password_file` has the path of a file that
 * holds `amqp.password`. Settings that are paths need none.
 *
 * @returns undefined for what is not a secret
 */
export function fileForm(key: SettingKey): string | undefined {
  const { secret, kind }: Setting = SETTINGS[key] as Setting;
  return secret === true && kind.isPath !== true ? `${key}_file` : undefined;
}

/** The secret whose second form has that name in the file. */
export function settingOfFileForm(name: string): SettingKey | undefined {
  return EACH.find(([key]) => fileForm(key) === name)?.[0];
}

/**
 * The environment variables of a setting; the first that is set counts.
 *
 * @example
 * ```ts
 * environmentNames("server.port"); // ["RANGER_SERVER_PORT", "RANGER_PORT"]
 * ```
 */
export function environmentNames(key: SettingKey): readonly string[] {
  const setting: Setting = SETTINGS[key] as Setting;
  return [environmentName(key), ...(setting.legacy ?? [])];
}

/**
 * The environment variable that a key has by its name alone.
 *
 * @example
 * ```ts
 * environmentName("server.reuse_port"); // "RANGER_SERVER_REUSE_PORT"
 * ```
 */
export function environmentName(key: string): string {
  return `RANGER_${key.replace(".", "_").toUpperCase()}`;
}
