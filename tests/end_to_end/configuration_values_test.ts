import assert from "node:assert/strict";
import { exampleFile } from "../../scripts/example_file.ts";
import { loadSettings } from "../../src/config/load.ts";
import { entryOf, NOWHERE, refusal } from "../support/loading.ts";
import { temporaryFolder } from "../support/run_ranger.ts";

Deno.test("the defaults are those that the documents promise", async () => {
  const { settings, file } = await loadSettings([], {}, NOWHERE);
  assert.equal(file, undefined);
  assert.deepEqual(settings, {
    server: {
      host: "0.0.0.0",
      port: 8080,
      origins: [],
      trustedProxies: [],
      forwardedHeader: "X-Forwarded-For",
      proxyProtocol: false,
      reusePort: false,
      drainSeconds: 10,
      page: false,
    },
    management: {
      ...{ host: "127.0.0.1", port: 8082, brokerGrace: 10 },
      ...{ maxNamedStreams: 50, rangoMetrics: false },
    },
    amqp: {
      ca: "",
      cert: "",
      key: "",
      tlsName: "",
      urls: ["amqp://guest:guest@localhost:5672/"],
      exchange: "peatio.events.ranger",
      ...{ stream: "", streamMaxAge: 21_600, streamMaxBytes: 5_000_000_000, streamLookback: 900 },
      queueLength: 100_000,
      queueBytes: 134_217_728,
      heartbeat: 20,
    },
    auth: {
      enabled: true,
      publicKey: "",
      jwksUrl: "",
      jwksRefresh: 300,
      jwksCooldown: 30,
      jwksTimeout: 5,
      algorithm: "",
      issuer: "",
      audience: [],
      subject: "session",
      requireJti: true,
      requireExp: false,
      maxTtl: 0,
      revoked: "",
      enforceExpiry: true,
      expLeeway: 0,
      nbfLeeway: 5,
      iatLeeway: 5,
    },
    rbac: {},
    protocol: { envelope: "object", closeOnLoss: true },
    streams: {
      mode: "open",
      replayIncrements: 1000,
      eventBytes: 524_288,
      states: 5000,
      stateBytes: 268_435_456,
      bookLevels: 10_000,
      depthInterval: 100,
    },
    history: { seconds: 300, bytes: 67_108_864 },
    compression: { enabled: true, threshold: 256, level: 1 },
    limits: {
      messageBytes: 4096,
      messageRate: 20,
      messageBurst: 40,
      messageTimeout: 30,
      streams: 256,
      unsentBytes: 1_048_576,
      unsentTimeout: 30,
      stateRate: 262_144,
      stateBurst: 16_777_216,
      authFailures: 60,
      authFailuresPerAddress: 600,
      connections: 50_000,
      connectionsPerAddress: 0,
      connectionsPerUser: 0,
      handshakeTimeout: 10,
      pingInterval: 30,
      idleTimeout: 75,
    },
    log: { level: "info", format: "json" },
  });
});

Deno.test("the log is text on a terminal", async () => {
  const { settings } = await loadSettings([], {}, { ...NOWHERE, terminal: true });
  assert.equal(settings.log.format, "text");
});

Deno.test("log levels are taken in any case, and by the names of other loggers", async () => {
  const levels = { TRACE: "debug", Debug: "debug", warn: "warning", PANIC: "fatal" };
  for (const [written, level] of Object.entries(levels)) {
    const { settings } = await loadSettings(["--log-level", written], {}, NOWHERE);
    assert.equal(settings.log.level, level);
  }
});

Deno.test("an empty flag turns a check off", async () => {
  const { settings } = await loadSettings(["--jwt-subject="], {}, NOWHERE);
  assert.equal(settings.auth.subject, "");
});

Deno.test("the leeway of a claim is its own, else the common one, else 5 s but for exp", async () => {
  const rows: [string[], Record<string, string>, [exp: number, nbf: number, iat: number]][] = [
    [[], {}, [0, 5, 5]],
    [["--jwt-leeway=0"], {}, [0, 0, 0]],
    [[], { JWT_DEFAULT_LEEWAY: "7" }, [7, 7, 7]],
    [["--jwt-iat-leeway=0"], {}, [0, 5, 0]],
    [["--jwt-exp-leeway=2"], { JWT_DEFAULT_LEEWAY: "7" }, [2, 7, 7]],
  ];
  for (const [args, environment, [exp, nbf, iat]] of rows) {
    const { settings, entries } = await loadSettings(args, environment, NOWHERE);
    const { expLeeway, nbfLeeway, iatLeeway } = settings.auth;
    assert.deepEqual([expLeeway, nbfLeeway, iatLeeway], [exp, nbf, iat]);
    const shown = Object.fromEntries(entries.map(({ key, shown }) => [key, shown]));
    assert.deepEqual(
      [shown["auth.exp_leeway"], shown["auth.nbf_leeway"], shown["auth.iat_leeway"]],
      [exp, nbf, iat].map(String),
    );
  }
  assert.equal((await entryOf("auth.leeway", [])).shown, "(each claim's own)");
});

Deno.test("switches are given by flag in both forms, and by words in the environment", async () => {
  const load = async (args: string[], environment: Record<string, string> = {}) =>
    (await loadSettings(args, environment, NOWHERE)).settings.auth;
  assert.equal((await load(["--no-require-jti"])).requireJti, false);
  assert.equal((await load([], { RANGER_AUTH_REQUIRE_JTI: "No" })).requireJti, false);
  assert.equal(
    (await load(["--require-jti"], { RANGER_AUTH_REQUIRE_JTI: "off" })).requireJti,
    true,
  );
  assert.equal((await load(["--auth"], { RANGER_AUTH_ENABLED: "0" })).enabled, true);
  assert.match(await refusal(["--no-auth=false"]), /--no-auth takes no value/);
  assert.match(
    await refusal(["--auth", "--no-auth"]),
    /\(or its opposite\) is given more than once/,
  );
});

Deno.test("a PEM given as a flag is a value, though it begins with dashes", async () => {
  const pem = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
  const { settings, entries } = await loadSettings(["--jwt-public-key", pem], {}, NOWHERE);
  assert.equal(settings.auth.publicKey, pem);
  const shown = entries.find(({ key }) => key === "auth.public_key")?.shown ?? "";
  assert.match(shown, /^PEM text, sha256 [0-9a-f]{16}…$/);
});

Deno.test("the example file loads, as it is and with every line in it switched on", async () => {
  await using folder = await temporaryFolder();
  const asIs = await folder.write("as-is.toml", exampleFile());
  assert.deepEqual(
    (await loadSettings(["--config", asIs], {}, NOWHERE)).settings,
    (await loadSettings([], {}, NOWHERE)).settings,
  );
  const on = await folder.write("on.toml", exampleFile().replace(/^#(?=\w+ =)/gm, ""));
  const { entries } = await loadSettings(["--config", on], {}, NOWHERE);
  for (const { key, source } of entries) {
    assert.ok(source.includes(`file ${on}`), `${key}: ${source}`);
  }
});

Deno.test("docs/configuration.md is what the settings say", async () => {
  const script = new URL("../../scripts/configuration_doc.ts", import.meta.url);
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", script.pathname, "--check"],
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
});
