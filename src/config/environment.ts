import { bothForms, bothNames, type Candidate } from "./candidate.ts";
import { nearest } from "./nearest.ts";
import {
  eachSetting,
  environmentName,
  environmentNames,
  type Setting,
  type SettingKey,
} from "./settings.ts";

/** The process environment, or one like it; an empty value counts as not set. */
export type Environment = Readonly<Record<string, string>>;

/** Where an environment variable comes from, as errors and `ranger check` say it. */
export type SourceOf = (name: string) => string;

/** What is put behind a variable's name to give the path of a file that holds the value. */
const FILE = "_FILE";

/** Variables of RabbitMQ's server (rabbitmq-env.conf(5)) and of its image that end in _FILE. */
const FOREIGN = new Set([
  "RABBITMQ_ADVANCED_CONFIG_FILE",
  "RABBITMQ_CONFIG_FILE",
  "RABBITMQ_CONF_ENV_FILE",
  "RABBITMQ_DEFAULT_PASS_FILE",
  "RABBITMQ_DEFAULT_USER_FILE",
  "RABBITMQ_DEFAULT_VHOST_FILE",
  "RABBITMQ_ENABLED_PLUGINS_FILE",
  "RABBITMQ_ERLANG_COOKIE_FILE",
  "RABBITMQ_PID_FILE",
]);

/** Variables of Ranger's that belong to no setting, and those of its tests and build. */
const OWN =
  /^RANGER_(CONFIG|IGNORE_UNKNOWN|OPEN_FILES|SOMAXCONN|BIN|URL|FUZZ_\w+|TEST_\w+|RBAC_\w+)$/;

/**
 * What others set: Kubernetes for a service called `ranger` (`RANGER_SERVICE_HOST`,
 * `RANGER_PORT_8080_TCP_ADDR`), and the file manager of that name for the shells that it starts.
 */
const OTHERS =
  /^RANGER_(\w+_)?(SERVICE_(HOST|PORT)|PORT_\d+_(TCP|UDP|SCTP))(_|$)|^RANGER_(LEVEL|LOAD_DEFAULT_RC)$/;

/**
 * What the environment gives for a setting: by the first of its names that is set, or by the name
 * of a file that holds it (`RABBITMQ_PASSWORD_FILE`).
 *
 * @param problems gets a sentence where two variables contradict each other
 */
export function fromEnvironment(
  environment: Environment,
  key: SettingKey,
  { kind, formerly }: Setting,
  sourceOf: SourceOf,
  problems: string[],
): Candidate | undefined {
  const names = environmentNames(key);
  const name = names.find((name) => environment[name]);
  const file = names.map((name) => name + FILE).find((name) => environment[name]);
  const former = formerly === undefined ? undefined : environmentName(formerly.key);
  const used = name ?? former;
  const text = used === undefined ? undefined : environment[used];
  if (file !== undefined) {
    if (used !== undefined && text) problems.push(`environment: ${bothForms(used, file)}`);
    const path = environment[file] ?? "";
    // A setting that is a path is the same either way.
    return {
      value: path,
      source: sourceOf(file),
      rank: 2,
      ...(kind.isPath ? {} : { inFile: true }),
    };
  }
  if (used === undefined || !text) return undefined;
  const candidate = { value: kind.read(text), source: sourceOf(used), rank: 2 } as const;
  if (former === undefined || !environment[former]) return candidate;
  const renamed = { from: former, to: environmentName(key) };
  if (name === undefined) return { ...candidate, renamed };
  problems.push(`environment: ${bothNames(renamed)}`);
  return candidate;
}

/**
 * Variables that end in _FILE and mean no setting, a sentence each: a secret that is not read must
 * not go unnoticed.
 */
export function unknownFiles(environment: Environment, sourceOf: SourceOf): string[] {
  const known = eachSetting().flatMap(([key]) => environmentNames(key)).map((name) => name + FILE);
  return Object.keys(environment)
    .filter((name) => /^(RANGER|RANGO|RABBITMQ)_(\w+_)?FILE$/.test(name) && environment[name])
    .filter((name) => !known.includes(name) && !FOREIGN.has(name))
    .map((name) => {
      const near = nearest(name, known);
      const hint = name === "RANGER_CONFIG_FILE"
        ? "expected RANGER_CONFIG"
        : /^RANG(ER|O)_RBAC_/.test(name)
        ? `roles cannot be read from a file; expected ${name.slice(0, -FILE.length)}`
        : near === undefined
        ? "expected the variable of a setting with _FILE behind it"
        : `did you mean ${near}?`;
      return `${sourceOf(name)}: this variable belongs to no setting; ${hint}`;
    });
}

/**
 * Variables that begin with RANGER_ and belong to no setting, a sentence each. They are not an error:
 * several versions and programs may share an environment.
 *
 * @example
 * ```ts
 * unknownVariables({ RANGER_PRT: "8080" }, (name) => `environment ${name}`);
 * // ["environment RANGER_PRT: this variable belongs to no setting and has no effect; did you mean RANGER_PORT?"]
 * ```
 */
export function unknownVariables(environment: Environment, sourceOf: SourceOf): string[] {
  const known = eachSetting().flatMap(([key, { formerly }]) => [
    ...environmentNames(key),
    ...(formerly === undefined ? [] : [environmentName(formerly.key)]),
  ]);
  // Suggested as well: they are what a typo may mean.
  const meant = [...known.filter((name) => name.startsWith("RANGER_")), "RANGER_CONFIG"];
  return Object.keys(environment)
    .filter((name) => name.startsWith("RANGER_") && environment[name])
    .filter((name) => !known.includes(name) && !OWN.test(name) && !OTHERS.test(name))
    // Those are refused: see unknownFiles.
    .filter((name) => !name.endsWith(FILE))
    .map((name) => {
      const near = nearestVariable(name, meant);
      const hint = near === undefined
        ? "docs/configuration.md has their names"
        : `did you mean ${near}?`;
      return `${sourceOf(name)}: this variable belongs to no setting and has no effect; ${hint}`;
    });
}

/** The nearest name, by what follows RANGER_, which all of them begin with. */
function nearestVariable(name: string, known: readonly string[]): string | undefined {
  const start = "RANGER_".length;
  const near = nearest(name.slice(start), known.map((one) => one.slice(start)));
  return near === undefined ? undefined : `RANGER_${near}`;
}
