import { AMQP } from "./settings/amqp.ts";
import { AUTH } from "./settings/auth.ts";
import { COMPRESSION } from "./settings/compression.ts";
import { LIMITS } from "./settings/limits.ts";
import { LOG } from "./settings/log.ts";
import { MANAGEMENT } from "./settings/management.ts";
import { PROTOCOL } from "./settings/protocol.ts";
import { SERVER } from "./settings/server.ts";
import type { Setting } from "./settings/setting.ts";
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
  rbac: "Which roles may have streams that are neither public nor private.",
  protocol: "What clients read.",
  streams: "What passes, and what is kept.",
  compression: "permessage-deflate, for clients that offer it, as browsers do.",
  limits: "What one client may cost.",
  log: "What is logged, to standard error.",
};

export type Section = keyof typeof SECTIONS;
export type SettingKey = keyof typeof SETTINGS;
/** Every setting's checked value, by key. */
export type SettingValues = {
  readonly [K in SettingKey]: (typeof SETTINGS)[K] extends Setting<infer T> ? T : never;
};

/** The settings with their keys, in the order of the documents. */
export function eachSetting(): readonly (readonly [SettingKey, Setting])[] {
  return Object.entries(SETTINGS) as unknown as readonly (readonly [SettingKey, Setting])[];
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
  return [`RANGER_${key.replace(".", "_").toUpperCase()}`, ...(setting.legacy ?? [])];
}
