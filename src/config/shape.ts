import {
  type LiveKey,
  type Section,
  type SettingKey,
  SETTINGS,
  type SettingValues,
} from "./settings.ts";

/**
 * What the rest of the program reads, derived from the declarations in settings/: checked, in the
 * units that the declarations name, one object per section. `server.trusted_proxies` in the file is
 * `settings.server.trustedProxies`.
 */
export type Settings = Nested<ValuesInForce> & WithRoles;

/** The part of the settings that a running server applies when it reads them again. */
export type LiveSettings =
  & Nested<Pick<ValuesInForce, Extract<LiveKey, keyof ValuesInForce>>>
  & WithRoles;

interface WithRoles {
  /** Roles by the prefix of the streams that they may subscribe to: `<prefix>.<id>.<event>`. */
  readonly rbac: Readonly<Record<string, readonly string[]>>;
}

/** Settings that only contribute to others: `amqp.urls`, `management.port`, the leeways. */
const INPUTS = [
  "amqp.url",
  "amqp.host",
  "amqp.port",
  "amqp.user",
  "amqp.password",
  "amqp.vhost",
  "management.port_offset",
  "auth.leeway",
] as const satisfies readonly SettingKey[];

type Input = (typeof INPUTS)[number];

/** Values that resolving always gives, whether or not the setting is given. */
interface Resolved {
  readonly "auth.exp_leeway": number;
  readonly "auth.nbf_leeway": number;
  readonly "auth.iat_leeway": number;
  readonly "log.format": "text" | "json";
}

/**
 * Every value that the program reads, by key. `amqp.urls` has one or more URLs with their
 * passwords: never log them as they are. `management.port` includes the offset.
 */
export type ValuesInForce = Omit<SettingValues, Input | keyof Resolved> & Resolved;

type SectionOf<Key> = Key extends `${infer Name}.${string}` ? Name : never;

/** `trusted_proxies` to `trustedProxies`. */
type PropertyName<Word extends string> = Word extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<PropertyName<Tail>>}`
  : Word;

/** Values by key as one object per section. */
type Nested<Values> = {
  readonly [Name in SectionOf<keyof Values>]: {
    readonly [
      Key in keyof Values as Key extends `${Name}.${infer Word}` ? PropertyName<Word> : never
    ]: Values[Key];
  };
};

const INPUT_KEYS: ReadonlySet<string> = new Set(INPUTS);

/** Where each value goes, and whether it is live. */
const PLACES = Object.entries(SETTINGS).filter(([key]) => !INPUT_KEYS.has(key)).map(
  ([key, { live = false }]) => {
    const [section = "", word = ""] = key.split(".");
    const property = word.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
    return { key, section, property, live };
  },
);

/**
 * Puts the values in force into the shape that the program reads.
 *
 * @param values by key; other keys are left out
 * @param rbac roles by prefix
 */
export function toSettings(values: ValuesInForce, rbac: Settings["rbac"]): Settings {
  const settings: Record<string, Record<string, unknown>> = { rbac: { ...rbac } };
  for (const { key, section, property } of PLACES) {
    (settings[section] ??= {})[property] = values[key as keyof ValuesInForce];
  }
  return settings as unknown as Settings;
}

/**
 * The live part of the settings, and nothing of the rest.
 *
 * @example
 * ```ts
 * declare const settings: Settings;
 * liveSettings(settings).server; // { origins: [], trustedProxies: [] }
 * ```
 */
export function liveSettings(settings: Settings): LiveSettings {
  const found: Record<string, Record<string, unknown>> = { rbac: { ...settings.rbac } };
  for (const { section, property, live } of PLACES) {
    const from = settings[section as Section] as Readonly<Record<string, unknown>>;
    if (live) (found[section] ??= {})[property] = from[property];
  }
  return found as unknown as LiveSettings;
}
