import assert from "node:assert/strict";
import { loadSettings } from "../../src/config/load.ts";
import { eachSetting, environmentNames, type SettingKey } from "../../src/config/settings.ts";
import { entryOf, NOWHERE } from "../support/loading.ts";
import { temporaryFolder } from "../support/run_ranger.ts";

/** For every setting two values that are not its default: as text, as TOML, and as they show. */
const SAMPLES: Readonly<Record<SettingKey, readonly [Sample, Sample]>> = {
  "server.host": [sample("10.1.2.3"), sample("localhost")],
  "server.port": [sample(9001), sample(9002)],
  "server.origins": [sample(["a.example", "*.b.example"]), sample(["https://c.example:8443"])],
  "server.trusted_proxies": [sample(["10.0.0.0/8", "fd00::/8"]), sample(["192.168.1.5"])],
  "server.forwarded_header": [sample("Forwarded"), sample("Forwarded")],
  "server.proxy_protocol": [sample(true), sample(true)],
  "server.reuse_port": [sample(true), sample(true)],
  "server.drain_seconds": [sample(0), sample(30)],
  "server.page": [sample(true), sample(true)],
  "management.host": [sample("10.1.2.4"), sample("::1")],
  "management.port": [sample(9003), sample(9004)],
  "management.port_offset": [sample(1), sample(12)],
  "management.broker_grace": [sample(0), sample(30)],
  "management.max_named_streams": [sample(0), sample(100)],
  "management.rango_metrics": [sample(true), sample(true)],
  "amqp.url": [
    sample("amqps://ann:s3cret-url@mq1:5671/live", "amqps://ann:***@mq1:5671/live"),
    sample("amqp://bob:s3cret-url@mq2/", "amqp://bob:***@mq2:5672/"),
  ],
  "amqp.urls": [
    sample(
      ["amqp://ann:s3cret-url@mq1/", "amqp://bob:s3cret-url@mq2/live"],
      "amqp://ann:***@mq1:5672/, amqp://bob:***@mq2:5672/live",
    ),
    sample(["amqps://ann:s3cret-url@mq3/"], "amqps://ann:***@mq3:5671/"),
  ],
  "amqp.host": [sample("mq3"), sample("mq4")],
  "amqp.port": [sample(5673), sample(5674)],
  "amqp.user": [sample("carol"), sample("d@ve")],
  "amqp.password": [sample("s3cret-one", "***"), sample("s3cret/two", "***")],
  "amqp.vhost": [sample("live"), sample("test/1")],
  "amqp.ca": [sample("/etc/ranger/ca.pem"), sample("/ca.pem")],
  "amqp.cert": [sample("/etc/ranger/amqp.pem"), sample("/amqp.pem")],
  "amqp.key": [sample("/etc/ranger/amqp.key"), sample("/amqp.key")],
  "amqp.tls_name": [sample("mq.example"), sample("localhost")],
  "amqp.exchange": [sample("events.one"), sample("events.two")],
  "amqp.stream": [sample("ranger"), sample("ranger.two")],
  "amqp.stream_max_age": [sample(60), sample(3600)],
  "amqp.stream_max_bytes": [sample(1_000_000), sample(2_000_000)],
  "amqp.stream_lookback": [sample(1), sample(60)],
  "amqp.queue_length": [sample(10), sample(20)],
  "amqp.queue_bytes": [sample(2048), sample(4096)],
  "amqp.heartbeat": [sample(0), sample(7)],
  "auth.enabled": [sample(false), sample(false)],
  "auth.public_key": [sample("/keys/one.pem"), sample("/keys/two.pub")],
  "auth.jwks_url": [
    sample("https://auth.example/jwks?key=s3cret", "https://auth.example/jwks?…"),
    sample("http://[::1]:8081/jwks.json"),
  ],
  "auth.jwks_refresh": [sample(60), sample(3600)],
  "auth.jwks_cooldown": [sample(10), sample(60)],
  "auth.jwks_timeout": [sample(2), sample(10)],
  "auth.algorithm": [sample("EdDSA"), sample("ES256")],
  "auth.issuer": [sample("barong"), sample("issuer two")],
  "auth.audience": [sample(["peatio", "barong"]), sample(["one"])],
  "auth.subject": [sample("login"), sample("other")],
  "auth.require_jti": [sample(false), sample(false)],
  "auth.require_exp": [sample(true), sample(true)],
  "auth.max_ttl": [sample(60), sample(14_400)],
  "auth.enforce_expiry": [sample(false), sample(false)],
  "auth.revoked": [sample("/etc/ranger/revoked"), sample("revoked.txt")],
  "auth.leeway": [sample(3), sample(4)],
  "auth.exp_leeway": [sample(5), sample(6)],
  "auth.nbf_leeway": [sample(7), sample(8)],
  "auth.iat_leeway": [sample(9), sample(10)],
  "protocol.envelope": [sample("tuple"), sample("tuple")],
  "protocol.close_on_loss": [sample(false), sample(false)],
  "streams.mode": [sample("strict"), sample("strict")],
  "streams.replay_increments": [sample(0), sample(50)],
  "streams.event_bytes": [sample(1024), sample(2048)],
  "streams.states": [sample(1), sample(10)],
  "streams.state_bytes": [sample(1_048_576), sample(2_097_152)],
  "streams.book_levels": [sample(5), sample(10)],
  "streams.depth_interval": [sample(50), sample(200)],
  "history.seconds": [sample(0), sample(60)],
  "history.bytes": [sample(0), sample(1_048_576)],
  "compression.enabled": [sample(false), sample(false)],
  "compression.threshold": [sample(0), sample(1024)],
  "compression.level": [sample(6), sample(9)],
  "limits.message_bytes": [sample(64), sample(65536)],
  "limits.message_rate": [sample(0), sample(100)],
  "limits.message_burst": [sample(1), sample(500)],
  "limits.message_timeout": [sample(1), sample(60)],
  "limits.streams": [sample(1), sample(1000)],
  "limits.unsent_bytes": [sample(600_000), sample(2_000_000)],
  "limits.unsent_timeout": [sample(5), sample(60)],
  "limits.state_rate": [sample(0), sample(1000)],
  "limits.state_burst": [sample(1024), sample(2048)],
  "limits.auth_failures": [sample(0), sample(10)],
  "limits.auth_failures_per_address": [sample(0), sample(100)],
  "limits.connections": [sample(1), sample(60000)],
  "limits.connections_per_address": [sample(1), sample(100)],
  "limits.connections_per_user": [sample(1), sample(20)],
  "limits.handshake_timeout": [sample(1), sample(20)],
  "limits.ping_interval": [sample(1), sample(20)],
  "limits.idle_timeout": [sample(60), sample(90)],
  "log.level": [sample("debug"), sample("fatal")],
  "log.format": [sample("text"), sample("text")],
};

interface Sample {
  readonly text: string;
  readonly toml: string;
  readonly shown: string;
}

function sample(value: string | number | boolean | readonly string[], shown?: string): Sample {
  const text = Array.isArray(value) ? value.join(",") : String(value);
  return {
    text,
    toml: JSON.stringify(value),
    shown: shown ?? (Array.isArray(value) ? value.join(", ") : text),
  };
}

function tomlOf(key: SettingKey, value: string): string {
  const [section, word] = key.split(".");
  return `[${section}]\n${word} = ${value}\n`;
}

for (const [key, { flag, kind }] of eachSetting()) {
  Deno.test(`${key} comes from file, environment and flag, each over the one before`, async () => {
    await using folder = await temporaryFolder();
    const [one, two] = SAMPLES[key];
    const file = await folder.write("ranger.toml", tomlOf(key, one.toml));
    const options = { ...NOWHERE, defaultFile: file };

    const fromFile = await entryOf(key, [], {}, options);
    assert.deepEqual(fromFile, { key, shown: one.shown, source: `file ${file}` });

    let environment: Record<string, string> = {};
    // From the name that counts least to the one that counts most.
    for (const name of environmentNames(key).toReversed()) {
      environment = { ...environment, [name]: two.text };
      const found = await entryOf(key, [], environment, options);
      assert.deepEqual(found, { key, shown: two.shown, source: `environment ${name}` });
      environment[name] = one.text;
    }

    const given = kind.placeholder !== ""
      ? [`--${flag}`, two.text]
      : [two.text === "true" ? `--${flag}` : `--no-${flag}`];
    const fromFlag = await entryOf(key, given, environment, options);
    assert.deepEqual(fromFlag, { key, shown: two.shown, source: `flag ${given[0]}` });
    if (kind.placeholder !== "") {
      const joined = await entryOf(key, [`--${flag}=${one.text}`], {}, options);
      assert.deepEqual(joined, { key, shown: one.shown, source: `flag --${flag}` });
    }
  });

  Deno.test(`${key} with an empty environment variable has its default`, async () => {
    const empty = Object.fromEntries(environmentNames(key).map((name) => [name, ""]));
    assert.equal((await entryOf(key, [], empty)).source, "default");
  });
}

Deno.test("no two settings share a flag or an environment variable", () => {
  const names = eachSetting().flatMap(([key, { flag }]) => [`--${flag}`, ...environmentNames(key)]);
  assert.deepEqual(names.length, new Set(names).size);
});

Deno.test("the environment of the older servers sets what it always set", async () => {
  const { settings } = await loadSettings([], {
    RANGER_HOST: "127.0.0.1",
    RANGER_PORT: "8081",
    RABBITMQ_HOST: "rabbitmq",
    RABBITMQ_PORT: "5673",
    RABBITMQ_USER: "peatio",
    RABBITMQ_PASSWORD: "ch@nge/me",
    JWT_PUBLIC_KEY: "LS0tLS1CRUdJTiBQVUJMSUMgS0VZLS0tLS0K",
    JWT_ISSUER: "barong",
    JWT_AUDIENCE: "peatio,barong",
    JWT_ALGORITHM: "RS256",
    JWT_DEFAULT_LEEWAY: "30",
    JWT_EXPIRATION_LEEWAY: "60",
    METRICS_HOST: "0.0.0.0",
    METRICS_PORT: "4242",
    API_CORS_ORIGINS: "https://a.example, https://b.example",
    RANGO_RBAC_ADMIN: "admin,superadmin",
    LOG_LEVEL: "WARN",
  }, NOWHERE);
  assert.deepEqual(settings.server, {
    host: "127.0.0.1",
    port: 8081,
    origins: ["https://a.example", "https://b.example"],
    trustedProxies: [],
    forwardedHeader: "X-Forwarded-For",
    proxyProtocol: false,
    reusePort: false,
    drainSeconds: 10,
    page: false,
  });
  assert.deepEqual(settings.amqp.urls, ["amqp://peatio:ch%40nge%2Fme@rabbitmq:5673/"]);
  assert.deepEqual(settings.management, {
    ...{ host: "0.0.0.0", port: 4242 },
    ...{ brokerGrace: 10, maxNamedStreams: 50, rangoMetrics: false },
  });
  assert.deepEqual(settings.auth.audience, ["peatio", "barong"]);
  const { expLeeway, nbfLeeway, iatLeeway } = settings.auth;
  assert.deepEqual([expLeeway, nbfLeeway, iatLeeway], [60, 30, 30]);
  assert.deepEqual(settings.rbac, { admin: ["admin", "superadmin"] });
  assert.equal(settings.log.level, "warning");
});

Deno.test("roles are read from file, environment and flag, prefix by prefix", async () => {
  await using folder = await temporaryFolder();
  const file = await folder.write(
    "ranger.toml",
    '[rbac]\nadmin = ["a"]\nsupport = ["s", "t"]\naudit = ["x"]\n',
  );
  const { settings, entries } = await loadSettings(
    ["--rbac", "audit=one, two", "--rbac=none="],
    { RANGO_RBAC_ADMIN: "b,c", RANGO_RBAC_BOTH: "old", RANGER_RBAC_BOTH: "new" },
    { ...NOWHERE, defaultFile: file },
  );
  assert.deepEqual(settings.rbac, {
    admin: ["b", "c"],
    support: ["s", "t"],
    audit: ["one", "two"],
    both: ["new"],
    none: [],
  });
  const sources = Object.fromEntries(entries.map(({ key, source }) => [key, source]));
  assert.equal(sources["rbac.admin"], "environment RANGO_RBAC_ADMIN");
  assert.equal(sources["rbac.support"], `file ${file}`);
  assert.equal(sources["rbac.audit"], "flag --rbac");
});

Deno.test("--config goes before RANGER_CONFIG, and that before the default file", async () => {
  await using folder = await temporaryFolder();
  const [one, two, three] = await Promise.all(
    [1, 2, 3].map((n) => folder.write(`${n}.toml`, `[server]\nport = ${n}\n`)),
  );
  assert.ok(one && two && three);
  const port = async (args: string[], environment: Record<string, string>) =>
    (await loadSettings(args, environment, { ...NOWHERE, defaultFile: three })).settings.server
      .port;
  assert.equal(await port(["--config", one], { RANGER_CONFIG: two }), 1);
  assert.equal(await port([], { RANGER_CONFIG: two }), 2);
  assert.equal(await port([], { RANGER_CONFIG: "" }), 3);
});
