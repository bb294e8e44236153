import {
  choice,
  host,
  type Kind,
  list,
  networks,
  text,
  toggle,
  webAddress,
  whole,
} from "./kinds.ts";

/** One setting, declared once: flags, environment, file, help and documents follow from it. */
export interface Setting<T = unknown> {
  readonly kind: Kind<NonNullable<T>>;
  readonly default: T;
  /** What the documents say where the default depends on something else. */
  readonly defaultText?: string;
  /** The flag's long name; a switch also has it with `no-` in front. */
  readonly flag: string;
  /** Names that the older servers read, besides `RANGER_<SECTION>_<KEY>`. */
  readonly legacy?: readonly string[];
  readonly help: string;
  /** Completes "right would be …". */
  readonly right: string;
  /** Never shown, not in errors either. */
  readonly secret?: boolean;
  /** Whether a running server takes it when it reads the settings again (SIGHUP). */
  readonly live?: boolean;
}

const PORT = "a port number such as 8080, or 0 for any free port";
const SECONDS = "a number of seconds such as 5";
const LEEWAY = "as auth.leeway";

/** Every setting but `rbac.<prefix>`, whose names are free (rbac.ts), by its key in the file. */
export const SETTINGS = {
  "server.host": setting({
    kind: host(),
    default: "0.0.0.0",
    flag: "host",
    legacy: ["RANGER_HOST"],
    help: "Address that clients connect to",
    right: "an address or host name such as 0.0.0.0",
  }),
  "server.port": setting({
    kind: whole(0, 65535, "PORT"),
    default: 8080,
    flag: "port",
    legacy: ["RANGER_PORT"],
    help: "Port that clients connect to; 0 picks a free one",
    right: PORT,
  }),
  "server.origins": setting<readonly string[]>({
    kind: list(
      "ORIGIN,…",
      /^(\*|([a-z][a-z0-9+.-]*:\/\/)?(\*\.)?(\[[0-9a-f:.]+\]|[^\s/:*@?#,[\]]+)(:\d{1,5})?\/?)$/i,
      "has an entry that is no origin",
    ),
    default: [],
    defaultText: "the request's own host",
    flag: "origins",
    legacy: ["API_CORS_ORIGINS"],
    help: "Browser origins that may connect: a host, host:port, URL, *.example.com, or * for all",
    right: "origins such as trade.example.com, https://example.com:8443, *.example.com or *",
    live: true,
  }),
  "server.trusted_proxies": setting<readonly string[]>({
    kind: networks(),
    default: [],
    defaultText: "none",
    flag: "trusted-proxies",
    help: "Proxies whose Forwarded and X-Forwarded-For headers say where a client comes from",
    right: "addresses or networks such as 10.0.0.0/8, 192.168.1.5 or fd00::/8",
    live: true,
  }),
  "server.reuse_port": setting({
    kind: toggle(),
    default: false,
    flag: "reuse-port",
    help: "Whether several processes may listen on the port, to use several cores",
    right: "true or false",
  }),
  "server.drain": setting({
    kind: whole(0, 3600, "SECONDS"),
    default: 10,
    flag: "drain",
    help: "Over how long clients are closed when the server ends, so that they do not all " +
      "come back at once; 0 closes them together",
    right: SECONDS,
  }),
  "server.page": setting({
    kind: toggle(),
    default: false,
    flag: "page",
    help: "Whether browsers get a live page at /: markets, an inspector of streams, an account; " +
      "it shows what any client may have. `ranger demo` has it unless told otherwise",
    right: "true or false",
  }),
  "management.host": setting({
    kind: host(),
    default: "127.0.0.1",
    flag: "management-host",
    legacy: ["METRICS_HOST"],
    help: "Address for metrics, health and statistics",
    right: "an address or host name such as 127.0.0.1",
  }),
  "management.port": setting({
    kind: whole(0, 65535, "PORT"),
    default: 8082,
    flag: "management-port",
    legacy: ["METRICS_PORT"],
    help: "Port for metrics, health and statistics; 0 picks a free one",
    right: PORT,
  }),
  "management.port_offset": setting({
    kind: whole(0, 1000, "NUMBER"),
    default: 0,
    flag: "management-port-offset",
    help: "Added to management.port, so that several processes with one configuration each have " +
      "their own; ranger@3 has 3",
    right: "a whole number such as 1",
  }),
  "management.grace": setting({
    kind: whole(0, 3600, "SECONDS"),
    default: 10,
    flag: "management-grace",
    help: "Seconds that a lost broker may take to come back before /readyz says that it is lost",
    right: SECONDS,
  }),
  "management.streams": setting({
    kind: whole(0, 1000),
    default: 50,
    flag: "management-streams",
    help: "Streams that /metrics names, those with most subscribers; the others count as one",
    right: "a number of streams such as 50",
  }),
  "amqp.url": setting({
    kind: text("URL"),
    default: "amqp://guest:guest@localhost:5672/",
    flag: "amqp-url",
    help: "RabbitMQ to consume from; amqps:// for TLS",
    right: "amqp://user:password@host:5672/vhost, or amqps://…, percent-encoded",
    secret: true,
  }),
  "amqp.urls": setting<readonly string[]>({
    kind: list("URL,…", /^[^,]+$/, "has a comma in an entry"),
    default: [],
    defaultText: "amqp.url alone",
    flag: "amqp-urls",
    help:
      "Several brokers of a cluster, tried in turn, instead of amqp.url, amqp.host and amqp.port",
    right:
      "URLs such as amqp://user:password@mq1:5672/vhost,amqp://user:password@mq2:5672/vhost, " +
      "percent-encoded, commas as well (%2C)",
    secret: true,
  }),
  "amqp.host": setting<string | undefined>({
    kind: host(),
    default: undefined,
    defaultText: "from amqp.url",
    flag: "amqp-host",
    legacy: ["RABBITMQ_HOST"],
    help: "RabbitMQ's host, over the one in amqp.url",
    right: "a host name or address such as rabbitmq",
  }),
  "amqp.port": setting<number | undefined>({
    kind: whole(1, 65535, "PORT"),
    default: undefined,
    defaultText: "from amqp.url",
    flag: "amqp-port",
    legacy: ["RABBITMQ_PORT"],
    help: "RabbitMQ's port, over the one in amqp.url",
    right: "a port number such as 5672",
  }),
  "amqp.user": setting<string | undefined>({
    kind: text("NAME", /./, "is empty"),
    default: undefined,
    defaultText: "from amqp.url",
    flag: "amqp-user",
    legacy: ["RABBITMQ_USER"],
    help: "RabbitMQ user, over the one in amqp.url",
    right: "a user name, not percent-encoded",
  }),
  "amqp.password": setting<string | undefined>({
    kind: text("TEXT", /[^]/, "is empty"),
    default: undefined,
    defaultText: "from amqp.url",
    flag: "amqp-password",
    legacy: ["RABBITMQ_PASSWORD"],
    help: "RabbitMQ password, over the one in amqp.url; as a flag it shows in the process list",
    right: "a password as text in quotes, not percent-encoded",
    secret: true,
  }),
  "amqp.vhost": setting<string | undefined>({
    kind: text("NAME", /^[^]{1,255}$/, "is empty or too long"),
    default: undefined,
    defaultText: "from amqp.url",
    flag: "amqp-vhost",
    help: "RabbitMQ virtual host, over the one in amqp.url",
    right: "a virtual host's name such as /, not percent-encoded",
  }),
  "amqp.exchange": setting({
    kind: text("NAME", /^\S{1,255}$/, "is no exchange name"),
    default: "peatio.events.ranger",
    flag: "exchange",
    help: "Topic exchange that the events are published to",
    right: "an exchange's name such as peatio.events.ranger",
  }),
  "amqp.queue_length": setting({
    kind: whole(1, 1_000_000_000),
    default: 100_000,
    flag: "amqp-queue-length",
    help: "Messages that Ranger's queue holds at most; beyond it the broker drops the oldest",
    right: "a number of messages such as 100000",
  }),
  "amqp.queue_bytes": setting({
    kind: whole(1024, 1_000_000_000_000, "BYTES"),
    default: 134_217_728,
    flag: "amqp-queue-bytes",
    help: "Bytes that Ranger's queue holds at most",
    right: "a number of bytes such as 134217728",
  }),
  "amqp.heartbeat": setting({
    kind: whole(0, 65535, "SECONDS"),
    default: 20,
    flag: "amqp-heartbeat",
    help: "Seconds without a sign of life after which the broker counts as lost; 0 turns it off",
    right: SECONDS,
  }),
  "auth.enabled": setting({
    kind: toggle(),
    default: true,
    flag: "auth",
    help: "Whether clients may authenticate; --no-auth serves public streams only, without a key",
    right: "true or false",
  }),
  "auth.public_key": setting({
    kind: text("KEY"),
    default: "",
    defaultText: "none",
    flag: "jwt-public-key",
    legacy: ["JWT_PUBLIC_KEY"],
    help:
      "Key that tokens verify with, or several while keys change: the path of a file with PEM " +
      "or a JSON Web Key Set, such text itself, or base64 of it",
    right: "a PEM file's path, PEM text, or base64 of PEM text",
    secret: true,
    live: true,
  }),
  "auth.jwks_url": setting({
    kind: webAddress(),
    default: "",
    defaultText: "none",
    flag: "jwks-url",
    help: "Address of a JSON Web Key Set that tokens verify with, besides auth.public_key; the " +
      "last good set stays in force while it cannot be reached",
    right: "an address such as https://auth.example.com/.well-known/jwks.json",
    secret: true,
    live: true,
  }),
  "auth.jwks_refresh": setting({
    kind: whole(1, 86_400, "SECONDS"),
    default: 300,
    flag: "jwks-refresh",
    help: "Seconds from one fetch of the set to the next",
    right: "a number of seconds such as 300",
    live: true,
  }),
  "auth.jwks_cooldown": setting({
    kind: whole(1, 3600, "SECONDS"),
    default: 30,
    flag: "jwks-cooldown",
    help: "Seconds between two fetches at least, when a token names an unknown key or a fetch " +
      "failed",
    right: "a number of seconds such as 30",
    live: true,
  }),
  "auth.jwks_timeout": setting({
    kind: whole(1, 60, "SECONDS"),
    default: 5,
    flag: "jwks-timeout",
    help: "Seconds that a fetch of the set may take",
    right: SECONDS,
    live: true,
  }),
  "auth.algorithm": setting({
    kind: choice([
      "",
      "RS256",
      "RS384",
      "RS512",
      "PS256",
      "PS384",
      "PS512",
      "ES256",
      "EdDSA",
      "Ed25519",
    ]),
    default: "",
    defaultText: "the one that fits the key",
    flag: "jwt-algorithm",
    legacy: ["JWT_ALGORITHM"],
    help: "The only signature algorithm that is taken: RS256, EdDSA, ES256, …",
    right: "RS256 for an RSA key, EdDSA for Ed25519, ES256 for P-256",
    live: true,
  }),
  "auth.issuer": setting({
    kind: text("TEXT"),
    default: "",
    defaultText: "not checked",
    flag: "jwt-issuer",
    legacy: ["JWT_ISSUER"],
    help: "What a token's iss must be",
    right: "text such as barong",
    live: true,
  }),
  "auth.audience": setting<readonly string[]>({
    kind: list("NAME,…"),
    default: [],
    defaultText: "not checked",
    flag: "jwt-audience",
    legacy: ["JWT_AUDIENCE"],
    help: "A token's aud must have one of these",
    right: "names such as peatio,barong",
    live: true,
  }),
  "auth.subject": setting({
    kind: text("TEXT"),
    default: "session",
    flag: "jwt-subject",
    help: "What a token's sub must be; empty text (--jwt-subject=) turns the check off",
    right: "text such as session",
    live: true,
  }),
  "auth.require_jti": setting({
    kind: toggle(),
    default: true,
    flag: "require-jti",
    help: "Whether a token must have a jti",
    right: "true or false",
    live: true,
  }),
  "auth.enforce_expiry": setting({
    kind: toggle(),
    default: true,
    flag: "enforce-expiry",
    help: "Whether private and prefixed streams stop when the connection's token expires; " +
      "otherwise exp counts only while a token is verified, as with the older servers",
    right: "true or false",
    live: true,
  }),
  "auth.leeway": setting({
    kind: whole(0, 86_400, "SECONDS"),
    default: 0,
    flag: "jwt-leeway",
    legacy: ["JWT_DEFAULT_LEEWAY"],
    help: "Seconds that clocks may differ when a token's times are checked",
    right: SECONDS,
    live: true,
  }),
  "auth.exp_leeway": setting<number | undefined>({
    kind: whole(0, 86_400, "SECONDS"),
    default: undefined,
    defaultText: LEEWAY,
    flag: "jwt-exp-leeway",
    legacy: ["JWT_EXPIRATION_LEEWAY"],
    help: "The same for exp alone",
    right: SECONDS,
    live: true,
  }),
  "auth.nbf_leeway": setting<number | undefined>({
    kind: whole(0, 86_400, "SECONDS"),
    default: undefined,
    defaultText: LEEWAY,
    flag: "jwt-nbf-leeway",
    legacy: ["JWT_NOT_BEFORE_LEEWAY"],
    help: "The same for nbf alone",
    right: SECONDS,
    live: true,
  }),
  "auth.iat_leeway": setting<number | undefined>({
    kind: whole(0, 86_400, "SECONDS"),
    default: undefined,
    defaultText: LEEWAY,
    flag: "jwt-iat-leeway",
    legacy: ["JWT_ISSUED_AT_LEEWAY"],
    help: "The same for iat alone",
    right: SECONDS,
    live: true,
  }),
  "protocol.envelope": setting<"object" | "tuple">({
    kind: choice(["object", "tuple"]),
    default: "object",
    flag: "envelope",
    help: 'How events are wrapped: {"stream":…}, or ["stream",…] as the clients of 2018 read them',
    right: "object or tuple",
  }),
  "streams.mode": setting<"open" | "strict">({
    kind: choice(["open", "strict"]),
    default: "open",
    flag: "streams-mode",
    help: "open passes unknown streams through; strict drops what does not fit its declared type",
    right: "open or strict",
  }),
  "streams.replay": setting({
    kind: whole(0, 1_000_000),
    default: 1000,
    flag: "streams-replay",
    help: "Increments kept after a snapshot that is no order book, for those who join later",
    right: "a number of increments such as 1000",
  }),
  "streams.event_bytes": setting({
    kind: whole(1024, 134_217_728, "BYTES"),
    default: 524_288,
    flag: "streams-event-bytes",
    help: "Largest event that is passed on, below limits.unsent_bytes; a larger one is dropped",
    right: "a number of bytes such as 524288",
  }),
  "streams.states": setting({
    kind: whole(1, 1_000_000),
    default: 5000,
    flag: "streams-states",
    help:
      "Streams with snapshots that are kept; beyond it those go that nobody holds, oldest first",
    right: "a number of streams such as 5000",
  }),
  "streams.book_levels": setting({
    kind: whole(1, 1_000_000),
    default: 10_000,
    flag: "streams-book-levels",
    help: "Levels that a side of an order book may have; a larger book is not kept",
    right: "a number of levels such as 10000",
  }),
  "compression.enabled": setting({
    kind: toggle(),
    default: true,
    flag: "compression",
    help:
      "Whether clients that offer permessage-deflate get it; a message is compressed once for all",
    right: "true or false",
  }),
  "compression.threshold": setting({
    kind: whole(0, 67_108_864, "BYTES"),
    default: 256,
    flag: "compression-threshold",
    help: "Bytes from which on a message is compressed",
    right: "a number of bytes such as 256",
  }),
  "compression.level": setting({
    kind: whole(1, 9),
    default: 1,
    flag: "compression-level",
    help: "1 compresses fast, 9 small",
    right: "a number from 1 to 9",
  }),
  "limits.message_bytes": setting({
    kind: whole(64, 67_108_864, "BYTES"),
    default: 4096,
    flag: "limits-message-bytes",
    help: "Largest message that a client may send; a larger one closes with 1009",
    right: "a number of bytes such as 4096",
    live: true,
  }),
  "limits.message_rate": setting({
    kind: whole(0, 1_000_000),
    default: 20,
    flag: "limits-message-rate",
    help: "Messages that a client may send a second, over time; 0 for any number",
    right: "a number of messages such as 20",
    live: true,
  }),
  "limits.message_burst": setting({
    kind: whole(1, 1_000_000),
    default: 40,
    flag: "limits-message-burst",
    help: "Messages that a client may send at once, above which it is closed with 1008",
    right: "a number of messages such as 40",
    live: true,
  }),
  "limits.streams": setting({
    kind: whole(1, 1_000_000),
    default: 256,
    flag: "limits-streams",
    help: "Streams that one connection may hold",
    right: "a number of streams such as 256",
    live: true,
  }),
  "limits.unsent_bytes": setting({
    kind: whole(1024, 1_073_741_824, "BYTES"),
    default: 1_048_576,
    flag: "limits-unsent-bytes",
    help: "Bytes that may wait for a slow client before it is closed with 1008",
    right: "a number of bytes such as 1048576",
    live: true,
  }),
  "limits.connections": setting({
    kind: whole(1, 10_000_000),
    default: 50_000,
    flag: "limits-connections",
    help: "Clients that a process serves at once; others are refused with 503",
    right: "a number of clients such as 50000",
    live: true,
  }),
  "limits.connections_per_address": setting({
    kind: whole(0, 10_000_000),
    default: 0,
    defaultText: "0, any number",
    flag: "limits-connections-per-address",
    help: "Clients at once from one IPv4 address or IPv6 /64 network; others are refused with 429",
    right: "a number of clients such as 100, or 0 for any number",
    live: true,
  }),
  "limits.handshake_timeout": setting({
    kind: whole(1, 3600, "SECONDS"),
    default: 10,
    flag: "limits-handshake-timeout",
    help: "Seconds from connecting to the end of the WebSocket handshake, or the socket is cut",
    right: "a number of seconds such as 10",
    live: true,
  }),
  "limits.ping_interval": setting({
    kind: whole(1, 300, "SECONDS"),
    default: 30,
    flag: "limits-ping-interval",
    help: "Seconds between the pings that each client gets",
    right: "a number of seconds such as 30",
    live: true,
  }),
  "limits.idle_timeout": setting({
    kind: whole(2, 604_800, "SECONDS"),
    default: 75,
    flag: "limits-idle-timeout",
    help: "Seconds without a byte from a client, answers to pings included, or the socket is cut",
    right: "a number of seconds above limits.ping_interval, such as 75",
    live: true,
  }),
  "log.level": setting<"debug" | "info" | "warning" | "error" | "fatal">({
    kind: choice(["debug", "info", "warning", "error", "fatal"], {
      trace: "debug",
      notice: "info",
      warn: "warning",
      critical: "fatal",
      panic: "fatal",
      unknown: "fatal",
    }),
    default: "info",
    flag: "log-level",
    legacy: ["LOG_LEVEL"],
    help: "Least level that is logged: debug, info, warning, error or fatal",
    right: "debug, info, warning, error or fatal",
    live: true,
  }),
  "log.format": setting<"text" | "json" | undefined>({
    kind: choice(["text", "json"]),
    default: undefined,
    defaultText: "text on a terminal, otherwise json",
    flag: "log-format",
    help: "How log lines look on standard error",
    right: "text or json",
    live: true,
  }),
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

function setting<T>(declared: Setting<T>): Setting<T> {
  return declared;
}
