import { overlay, wrongUrls } from "./broker_address.ts";
import { describe, quote } from "./describe.ts";
import { keepaliveProblem } from "./keepalive.ts";
import type { Entry, LoadOptions } from "./loaded.ts";
import { managementPort, portProblem } from "./ports.ts";
import { rbacProblem } from "./rbac.ts";
import { sizesProblem } from "./sizes.ts";
import { LEEWAYS } from "./settings/auth.ts";
import { eachSetting, type Setting, type SettingKey, type SettingValues } from "./settings.ts";
import type { Candidate } from "./sources.ts";
import type { Settings } from "./types.ts";

/** How to go on without a key, said wherever one is missing. */
const NO_KEY = "auth.public_key (flag --jwt-public-key, environment JWT_PUBLIC_KEY) is not set, " +
  "so no token could be verified; right would be the path of a PEM file, PEM text or base64 of " +
  "it, or auth.jwks_url. `ranger keygen` makes a pair of keys; --no-auth runs public streams only";

/**
 * Checks the values that won and puts them into the shape that the program reads.
 *
 * @param candidates one for every setting
 * @param rbac by prefix
 * @param problems gets a sentence for everything that is wrong
 * @returns settings (`undefined` when there are problems) and every setting with its source
 */
export function resolve(
  candidates: ReadonlyMap<SettingKey, Candidate>,
  rbac: ReadonlyMap<string, Candidate>,
  options: LoadOptions,
  problems: string[],
): {
  settings: Settings | undefined;
  entries: readonly Entry[];
  values: ReadonlyMap<string, unknown>;
} {
  const checked: Partial<Record<SettingKey, unknown>> = {};
  for (const [key, setting] of eachSetting()) {
    const candidate = candidates.get(key);
    if (candidate === undefined) continue;
    checked[key] = candidate.rank === 0
      ? setting.default
      : check(key, setting, candidate, problems);
  }
  problems.push(...wrongUrls(candidates, checked));
  for (const [prefix, { value, source }] of rbac) {
    const problem = rbacProblem(prefix, value);
    if (problem !== undefined) problems.push(`rbac.${prefix}, from ${source}: ${problem}`);
  }
  // From here on everything has the type that its schema says.
  const values = checked as SettingValues;
  if (problems.length > 0) return { settings: undefined, entries: [], values: new Map() };

  const noKey = values["auth.public_key"] === "" && values["auth.jwks_url"] === "";
  if ((options.requireKey ?? true) && values["auth.enabled"] && noKey) problems.push(NO_KEY);
  for (const problem of [portProblem(values), keepaliveProblem(values), sizesProblem(values)]) {
    if (problem !== undefined) problems.push(problem);
  }
  const address = overlay(candidates, values);
  const format = values["log.format"] ??
    ((options.terminal ?? Deno.stderr.isTerminal()) ? "text" : "json");
  const leeway = values["auth.leeway"];
  const settings: Settings = {
    server: {
      host: values["server.host"],
      port: values["server.port"],
      origins: values["server.origins"],
      trustedProxies: values["server.trusted_proxies"],
      forwardedHeader: values["server.forwarded_header"],
      reusePort: values["server.reuse_port"],
      drain: values["server.drain"],
      page: values["server.page"],
    },
    management: {
      host: values["management.host"],
      port: managementPort(values),
      grace: values["management.grace"],
      streams: values["management.streams"],
      rangoMetrics: values["management.rango_metrics"],
    },
    amqp: {
      urls: address.urls,
      exchange: values["amqp.exchange"],
      queueLength: values["amqp.queue_length"],
      queueBytes: values["amqp.queue_bytes"],
      heartbeat: values["amqp.heartbeat"],
    },
    auth: {
      enabled: values["auth.enabled"],
      publicKey: values["auth.public_key"],
      jwks: {
        url: values["auth.jwks_url"],
        refresh: values["auth.jwks_refresh"],
        cooldown: values["auth.jwks_cooldown"],
        timeout: values["auth.jwks_timeout"],
      },
      algorithm: values["auth.algorithm"],
      issuer: values["auth.issuer"],
      audience: values["auth.audience"],
      subject: values["auth.subject"],
      requireJti: values["auth.require_jti"],
      requireExp: values["auth.require_exp"],
      revoked: values["auth.revoked"],
      maxTtl: values["auth.max_ttl"],
      enforceExpiry: values["auth.enforce_expiry"],
      leeway: {
        exp: values["auth.exp_leeway"] ?? leeway ?? LEEWAYS.exp,
        nbf: values["auth.nbf_leeway"] ?? leeway ?? LEEWAYS.nbf,
        iat: values["auth.iat_leeway"] ?? leeway ?? LEEWAYS.iat,
      },
    },
    rbac: Object.fromEntries([...rbac].map(([prefix, { value }]) => [prefix, value as string[]])),
    protocol: { envelope: values["protocol.envelope"] },
    streams: {
      mode: values["streams.mode"],
      replay: values["streams.replay"],
      eventBytes: values["streams.event_bytes"],
      states: values["streams.states"],
      stateBytes: values["streams.state_bytes"],
      bookLevels: values["streams.book_levels"],
    },
    compression: {
      enabled: values["compression.enabled"],
      threshold: values["compression.threshold"],
      level: values["compression.level"],
    },
    limits: {
      messageBytes: values["limits.message_bytes"],
      messageRate: values["limits.message_rate"],
      messageBurst: values["limits.message_burst"],
      messageTimeout: values["limits.message_timeout"],
      streams: values["limits.streams"],
      unsentBytes: values["limits.unsent_bytes"],
      stateRate: values["limits.state_rate"],
      stateBurst: values["limits.state_burst"],
      authFailures: values["limits.auth_failures"],
      authFailuresPerAddress: values["limits.auth_failures_per_address"],
      connections: values["limits.connections"],
      connectionsPerAddress: values["limits.connections_per_address"],
      connectionsPerUser: values["limits.connections_per_user"],
      handshakeTimeout: values["limits.handshake_timeout"],
      pingInterval: values["limits.ping_interval"],
      idleTimeout: values["limits.idle_timeout"],
    },
    log: { level: values["log.level"], format },
  };

  const effective: Readonly<
    Partial<Record<SettingKey, Pick<Entry, "source"> & { value: unknown }>>
  > = {
    ...address.entries,
    "log.format": { value: format, source: candidates.get("log.format")?.source ?? "default" },
    "auth.leeway": {
      value: leeway ?? "",
      source: candidates.get("auth.leeway")?.source ?? "default",
    },
    "auth.exp_leeway": followed("auth.exp_leeway", settings.auth.leeway.exp),
    "auth.nbf_leeway": followed("auth.nbf_leeway", settings.auth.leeway.nbf),
    "auth.iat_leeway": followed("auth.iat_leeway", settings.auth.leeway.iat),
  };
  const entries = eachSetting().map(([key]) => {
    const { value, source } = effective[key] ??
      { value: checked[key], source: candidates.get(key)?.source ?? "default" };
    return { key, shown: describe(key, value), source };
  });
  const roles = [...rbac].map(([prefix, { value, source }]) => ({
    key: `rbac.${prefix}`,
    shown: describe(`rbac.${prefix}`, value),
    source,
  }));
  const compared = new Map<string, unknown>([
    ...Object.entries(checked),
    ...[...rbac].map(([prefix, { value }]) => [`rbac.${prefix}`, value] as const),
  ]);
  return { settings, entries: [...entries, ...roles], values: compared };

  /** A leeway of its own, or the common one with that one's source. */
  function followed(key: SettingKey, value: number) {
    const own = candidates.get(key);
    const common = candidates.get("auth.leeway")?.source ?? "default";
    if (own !== undefined && own.rank > 0) return { value, source: own.source };
    return { value, source: common === "default" ? common : `auth.leeway, ${common}` };
  }
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
  const wrong = result.error.issues[0]?.message ?? "is not what it should be";
  // Kubernetes puts such values into <SERVICE>_PORT of every pod beside a service of that name.
  const link = /^environment .*_PORT$/.test(source) && /^tcp:\/\//.test(String(value))
    ? ` (Kubernetes sets it for a service of that name: use enableServiceLinks: false, or set ${`RANGER_${
      key.replace(".", "_").toUpperCase()
    }`})`
    : "";
  problems.push(
    `${key}, from ${source}: ${shown} ${wrong}; right would be ${setting.right}${link}`,
  );
  return undefined;
}
