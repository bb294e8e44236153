/** What the rest of the program reads: checked, complete, in the units that the names say. */
export interface Settings {
  readonly server: {
    readonly host: string;
    /** 0 picks a free port. */
    readonly port: number;
    /** Allowed `Origin`s; empty means the request's own host only. */
    readonly origins: readonly string[];
    /** Addresses and networks (CIDR) of proxies that are believed where a client comes from. */
    readonly trustedProxies: readonly string[];
    /** The header in which they say so. */
    readonly forwardedHeader: "X-Forwarded-For" | "Forwarded";
    /** Whether other processes may listen on the same port. */
    readonly reusePort: boolean;
    /** Seconds over which clients are closed at the end. */
    readonly drain: number;
    /** Whether `GET /` is the live page. */
    readonly page: boolean;
  };
  readonly management: {
    readonly host: string;
    /** With the offset of this process. */
    readonly port: number;
    /** Seconds that a lost broker may take to come back. */
    readonly grace: number;
    /** Streams that metrics name, at most. */
    readonly streams: number;
    /** Whether `/metrics` has the metrics of Rango besides, by its names. */
    readonly rangoMetrics: boolean;
  };
  readonly amqp: {
    /** One or more, tried in turn; with user and password in them: never log them as they are. */
    readonly urls: readonly string[];
    readonly exchange: string;
    /** Bounds of Ranger's own queue: messages and bytes. */
    readonly queueLength: number;
    readonly queueBytes: number;
    /** Seconds. */
    readonly heartbeat: number;
  };
  readonly auth: {
    /** `false` with `--no-auth`: public streams only. */
    readonly enabled: boolean;
    /** A file's path, PEM or JWKS text, or base64/base64url of it; may be empty with `jwks.url`. */
    readonly publicKey: string;
    /** Keys that are fetched; seconds. */
    readonly jwks: {
      /** Empty: none. Its query may hold a secret: never log it as it is. */
      readonly url: string;
      readonly refresh: number;
      readonly cooldown: number;
      readonly timeout: number;
    };
    /** Empty: the one that fits the key. */
    readonly algorithm: string;
    /** Empty: not checked. */
    readonly issuer: string;
    /** Any one of these; empty: not checked. */
    readonly audience: readonly string[];
    /** Empty: not checked. */
    readonly subject: string;
    readonly requireJti: boolean;
    readonly requireExp: boolean;
    /** A file of `jti` and `uid` values; empty: none. */
    readonly revoked: string;
    /** Seconds; 0: any. */
    readonly maxTtl: number;
    /** Whether a connection's identity ends with its token. */
    readonly enforceExpiry: boolean;
    /** Seconds, each. */
    readonly leeway: { readonly exp: number; readonly nbf: number; readonly iat: number };
  };
  /** Prefix to the roles that may subscribe to `<prefix>.<id>.<event>`. */
  readonly rbac: Readonly<Record<string, readonly string[]>>;
  readonly protocol: { readonly envelope: "object" | "tuple" };
  readonly streams: {
    readonly mode: "open" | "strict";
    /** Increments kept after a snapshot of a kind that the server does not know. */
    readonly replay: number;
    /** Bytes of the largest event that is passed on. */
    readonly eventBytes: number;
    /** Streams of which the state is kept. */
    readonly states: number;
    /** Bytes of all states together, estimated. */
    readonly stateBytes: number;
    /** Levels that a side of an order book may have. */
    readonly bookLevels: number;
  };
  /** permessage-deflate (RFC 7692), for clients that offer it. */
  readonly compression: {
    readonly enabled: boolean;
    /** Bytes from which on a message is compressed. */
    readonly threshold: number;
    /** 1, fast, to 9, small. */
    readonly level: number;
  };
  readonly limits: {
    readonly messageBytes: number;
    /** A second; 0: any number. */
    readonly messageRate: number;
    readonly messageBurst: number;
    /** Seconds. */
    readonly messageTimeout: number;
    readonly streams: number;
    readonly unsentBytes: number;
    /** Bytes of initial states a second; 0: any number. */
    readonly stateRate: number;
    readonly stateBurst: number;
    /** Tokens a minute that may fail to verify, of one connection and of one address; 0: any number. */
    readonly authFailures: number;
    readonly authFailuresPerAddress: number;
    readonly connections: number;
    /** 0: any number. */
    readonly connectionsPerAddress: number;
    /** 0: any number. */
    readonly connectionsPerUser: number;
    /** Seconds, as the two below. */
    readonly handshakeTimeout: number;
    readonly pingInterval: number;
    readonly idleTimeout: number;
  };
  readonly log: {
    readonly level: "debug" | "info" | "warning" | "error" | "fatal";
    readonly format: "text" | "json";
  };
}
