import { whole } from "../kinds.ts";
import { setting } from "./setting.ts";

export const LIMITS = {
  "limits.message_bytes": setting({
    kind: whole(64, 67_108_864, "BYTES"),
    default: 4096,
    flag: "limits-message-bytes",
    help: "Maximum size of a message from a client; a larger one closes it with 1009",
    right: "a number of bytes such as 4096",
    live: true,
  }),
  "limits.message_rate": setting({
    kind: whole(0, 1_000_000),
    default: 20,
    flag: "limits-message-rate",
    help:
      "Messages per second that a client may send, on average; 0 for no limit. Long messages and " +
      "names added over and over count as several (docs/protocol.md, Limits). Pings, pongs and " +
      "fragments count apart: ten times as many a second, 25 times limits.message_burst at once",
    right: "a number of messages such as 20",
    live: true,
  }),
  "limits.message_burst": setting({
    kind: whole(1, 1_000_000),
    default: 40,
    flag: "limits-message-burst",
    help: "Messages that a client may send at once; above it the client is closed with 1008",
    right: "a number of messages such as 40",
    live: true,
  }),
  "limits.message_timeout": setting({
    kind: whole(1, 3600, "SECONDS"),
    default: 30,
    flag: "limits-message-timeout",
    help: "Seconds that a message from a client may take from its first byte to its last, in one " +
      "frame or in fragments, above which the client is closed with 1008",
    right: "a number of seconds such as 30",
    live: true,
  }),
  "limits.streams": setting({
    kind: whole(1, 1_000_000),
    default: 256,
    flag: "limits-streams",
    help: "Maximum number of streams that one connection may subscribe to",
    right: "a number of streams such as 256",
    live: true,
  }),
  "limits.unsent_bytes": setting({
    kind: whole(1024, 1_073_741_824, "BYTES"),
    default: 1_048_576,
    flag: "limits-unsent-bytes",
    help:
      "Bytes that may wait for a slow client; above it the client gets further events from the " +
      "history once it reads, and is closed with 1008 if they are not there any more",
    right: "a number of bytes such as 1048576",
    live: true,
  }),
  "limits.unsent_timeout": setting({
    kind: whole(1, 3600, "SECONDS"),
    default: 30,
    flag: "limits-unsent-timeout",
    help: "Seconds in which a client above limits.unsent_bytes must take something; otherwise it " +
      "is closed with 1008",
    right: "a number of seconds such as 30",
    live: true,
  }),
  "limits.state_rate": setting({
    kind: whole(0, 1_073_741_824, "BYTES"),
    default: 262_144,
    flag: "limits-state-rate",
    help: "Bytes per second of order books and other initial states that one connection is sent, " +
      "on average and before compression; above it they are sent later; 0 for no limit",
    right: "a number of bytes per second such as 262144, or 0 for no limit",
    live: true,
  }),
  "limits.state_burst": setting({
    kind: whole(1024, 1_073_741_824, "BYTES"),
    default: 16_777_216,
    flag: "limits-state-burst",
    help: "Bytes of initial states that one connection is sent at once: more than all order " +
      "books of the exchange together",
    right: "a number of bytes such as 16777216",
    live: true,
  }),
  "limits.auth_failures": setting({
    kind: whole(0, 1_000_000),
    default: 60,
    flag: "limits-auth-failures",
    help:
      "Tokens per minute that one connection may send and that do not verify; further ones are " +
      "refused without a look at their signature; 0 for no limit",
    right: "a number of tokens such as 60, or 0 for no limit",
    live: true,
  }),
  "limits.auth_failures_per_address": setting({
    kind: whole(0, 1_000_000),
    default: 600,
    flag: "limits-auth-failures-per-address",
    help: "The same for all connections and handshakes from one IPv4 address or IPv6 /64 network",
    right: "a number of tokens such as 600, or 0 for no limit",
    live: true,
  }),
  "limits.connections": setting({
    kind: whole(1, 10_000_000),
    default: 50_000,
    flag: "limits-connections",
    help:
      "Maximum number of clients of one process; others are refused with 503. Fewer where the limit " +
      "on open files leaves no room for them (LimitNOFILE= in the unit)",
    right: "a number of clients such as 50000",
    live: true,
  }),
  "limits.connections_per_address": setting({
    kind: whole(0, 10_000_000),
    default: 0,
    defaultText: "0, no limit",
    flag: "limits-connections-per-address",
    help: "Maximum number of clients of one IPv4 address or IPv6 /64 network; others are refused " +
      "with 429",
    right: "a number of clients such as 100, or 0 for no limit",
    live: true,
  }),
  "limits.connections_per_user": setting({
    kind: whole(0, 10_000_000),
    default: 0,
    defaultText: "0, any number",
    flag: "limits-connections-per-user",
    help:
      "Connections at once that are authenticated as one user; others are refused with 429, or " +
      "by message with Authentication failed.",
    right: "a number of connections such as 20, or 0 for any number",
    live: true,
  }),
  "limits.handshake_timeout": setting({
    kind: whole(1, 3600, "SECONDS"),
    default: 10,
    flag: "limits-handshake-timeout",
    help: "Seconds from connecting to the end of the handshake; then the connection is cut",
    right: "a number of seconds such as 10",
    live: true,
  }),
  "limits.ping_interval": setting({
    kind: whole(1, 300, "SECONDS"),
    default: 30,
    flag: "limits-ping-interval",
    help: "Seconds between pings to a client",
    right: "a number of seconds such as 30",
    live: true,
  }),
  "limits.idle_timeout": setting({
    kind: whole(2, 604_800, "SECONDS"),
    default: 75,
    flag: "limits-idle-timeout",
    help: "Seconds without a byte from a client, pongs included, after which it is cut",
    right: "a number of seconds above limits.ping_interval, such as 75",
    live: true,
  }),
};
