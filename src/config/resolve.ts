import { brokerAddresses, wrongUrls } from "./broker_address.ts";
import type { Candidate } from "./candidate.ts";
import type { Entry, Loaded, LoadOptions } from "./loaded.ts";
import { rbacProblem } from "./rbac.ts";
import { brokenRules, managementPort } from "./rules.ts";
import { LEEWAYS } from "./settings/auth.ts";
import {
  eachSetting,
  environmentName,
  type Setting,
  type SettingKey,
  SETTINGS,
  type SettingValues,
} from "./settings.ts";
import { toSettings, type ValuesInForce } from "./shape.ts";
import { quote } from "./show.ts";

/** How to continue without a key. */
const NO_KEY = "auth.public_key (flag --jwt-public-key, environment JWT_PUBLIC_KEY) is not set, " +
  "so no token could be verified; expected the path of a PEM file, PEM text or base64 of " +
  "it, or auth.jwks_url. `ranger keygen` makes a pair of keys; --no-auth runs public streams only";

type Candidates = ReadonlyMap<SettingKey, Candidate>;

/** A value in force, and the source that decided it. */
interface InForce {
  readonly value: unknown;
  readonly source: string;
}

/**
 * Checks the values that won, computes those that depend on several settings, and puts them into
 * the shape that the program reads.
 *
 * @param candidates one for every setting
 * @param rbac roles by prefix
 * @param problems gets a sentence for everything that is wrong
 * @returns `undefined` when there are problems
 */
export function resolve(
  candidates: Candidates,
  rbac: ReadonlyMap<string, Candidate>,
  { requireKey = true, terminal = Deno.stderr.isTerminal() }: LoadOptions,
  problems: string[],
): Pick<Loaded, "settings" | "entries" | "values"> | undefined {
  const values = checkAll(candidates, problems);
  for (const [prefix, { value, source }] of rbac) {
    const problem = rbacProblem(prefix, value);
    if (problem !== undefined) problems.push(`rbac.${prefix}, from ${source}: ${problem}`);
  }
  if (values === undefined || problems.length > 0) return undefined;
  const noKey = values["auth.public_key"] === "" && values["auth.jwks_url"] === "";
  if (requireKey && values["auth.enabled"] && noKey) problems.push(NO_KEY);
  problems.push(...brokenRules(values));
  if (problems.length > 0) return undefined;

  const roles = [...rbac].map(([prefix, { value, source }]) =>
    [prefix, { value: value as readonly string[], source }] as const
  );
  const { inForce, shown } = derive(candidates, values, terminal);
  const byPrefix = Object.fromEntries(roles.map(([prefix, { value }]) => [prefix, value]));
  return {
    settings: toSettings(inForce, byPrefix),
    entries: [
      ...eachSetting().map(([key]) => entry(key, shown[key] ?? given(candidates, values, key))),
      ...roles.map(([prefix, { value, source }]) => entry(`rbac.${prefix}`, { value, source })),
    ],
    values: new Map<string, unknown>([
      ...Object.entries(values),
      ...roles.map(([prefix, { value }]) => [`rbac.${prefix}`, value] as const),
    ]),
  };
}

/** @returns `undefined` when a value is wrong */
function checkAll(candidates: Candidates, problems: string[]): SettingValues | undefined {
  const before = problems.length;
  const checked: Partial<Record<SettingKey, unknown>> = {};
  for (const [key, setting] of eachSetting()) {
    const candidate = candidates.get(key);
    checked[key] = candidate === undefined || candidate.rank === 0
      ? setting.default
      : check(key, setting, candidate, problems);
  }
  problems.push(...wrongUrls(candidates, checked));
  return problems.length > before ? undefined : checked as SettingValues;
}

/** Checks one value against its schema; a problem never quotes a secret. */
function check(
  key: SettingKey,
  setting: Setting,
  { value, source }: Candidate,
  problems: string[],
): unknown {
  const result = setting.kind.schema.safeParse(value);
  if (result.success) return result.data;
  const shown = setting.secret === true ? "the value (not shown)" : quote(value);
  const issue = result.error.issues[0];
  const entry = Array.isArray(value) && typeof issue?.path[0] === "number" && !setting.secret
    ? `: ${quote(value[issue.path[0]])}`
    : "";
  const wrong = (issue?.message ?? "is not valid") + entry;
  // Kubernetes sets <SERVICE>_PORT in every pod beside a service of that name.
  const link = /^environment .*_PORT$/.test(source) && /^tcp:\/\//.test(String(value))
    ? " (Kubernetes sets it for a service of that name: use enableServiceLinks: false, or set " +
      `${environmentName(key)})`
    : "";
  problems.push(`${key}, from ${source}: ${shown} ${wrong}; expected ${setting.right}${link}`);
  return undefined;
}

/**
 * Computes the values that depend on several settings.
 *
 * @returns every value that the program reads, and those to show that differ from what is given
 */
function derive(candidates: Candidates, values: SettingValues, terminal: boolean): {
  readonly inForce: ValuesInForce;
  readonly shown: Partial<Record<SettingKey, InForce>>;
} {
  const broker = brokerAddresses(candidates, values);
  const format = values["log.format"] ?? (terminal ? "text" : "json");
  const leeway = (claim: keyof typeof LEEWAYS) => {
    const { [`auth.${claim}_leeway` as const]: own, "auth.leeway": common } = values;
    const { source } = given(candidates, values, `auth.${claim}_leeway`);
    if (own !== undefined || common === undefined) return { value: own ?? LEEWAYS[claim], source };
    return {
      value: common,
      source: `auth.leeway, ${given(candidates, values, "auth.leeway").source}`,
    };
  };
  const [exp, nbf, iat] = [leeway("exp"), leeway("nbf"), leeway("iat")];
  return {
    inForce: {
      ...values,
      "management.port": managementPort(values),
      "amqp.urls": broker.urls,
      "auth.exp_leeway": exp.value,
      "auth.nbf_leeway": nbf.value,
      "auth.iat_leeway": iat.value,
      "log.format": format,
    },
    shown: {
      ...broker.entries,
      "auth.exp_leeway": exp,
      "auth.nbf_leeway": nbf,
      "auth.iat_leeway": iat,
      "log.format": { ...given(candidates, values, "log.format"), value: format },
    },
  };
}

function given(candidates: Candidates, values: SettingValues, key: SettingKey): InForce {
  return { value: values[key], source: candidates.get(key)?.source ?? "default" };
}

function entry(key: string, { value, source }: InForce): Entry {
  return { key, shown: shown(key, value), source };
}

/** A value for people, on one short line; never a secret. */
function shown(key: string, value: unknown): string {
  const setting = Object.hasOwn(SETTINGS, key) ? SETTINGS[key as SettingKey] as Setting : undefined;
  if (setting?.show && value !== undefined && value !== null) return setting.show(value);
  if (setting?.secret === true) return "***";
  const text = Array.isArray(value) ? value.join(", ") : String(value ?? "");
  return text === "" ? `(${setting?.defaultText ?? "none"})` : text;
}
