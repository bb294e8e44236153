import { topStreams } from "../top_streams.ts";
import type { Metric } from "./metric.ts";

/** Values of `limit` in ranger_limits_hit_total, which are names of settings. */
const LIMITS = [
  "connections",
  "connections_per_address",
  "handshake_timeout",
  "handshakes",
  "idle_timeout",
  "message_bytes",
  "message_rate",
  "streams",
  "unsent_bytes",
];

/** Ends of connections that are usual, by who began and the code; others may occur. */
const CLOSES = {
  client: ["1000", "1001", "1005", "application"],
  network: ["1006"],
  server: ["1001", "1002", "1006", "1007", "1008", "1009"],
};

export const CLIENTS: readonly Metric[] = [
  {
    name: "ranger_connections_total",
    type: "counter",
    help: "Connections since the start; private: those whose handshake brought a good token",
    labels: ["auth"],
    read({ sessions: { counts: { total, totalAuthenticated } } }) {
      return [[["public"], total - totalAuthenticated], [["private"], totalAuthenticated]];
    },
  },
  {
    name: "ranger_connections_current",
    type: "gauge",
    help: "Connections now; private: those that are authenticated, by handshake or by message",
    labels: ["auth"],
    read({ sessions: { counts: { open, authenticated } } }) {
      return [[["public"], open - authenticated], [["private"], authenticated]];
    },
  },
  {
    name: "ranger_subscriptions_current",
    type: "gauge",
    help: "Subscriptions now, of the streams with most of them (management.max_named_streams); " +
      "all others as other. Private streams count by their name, of all users together",
    labels: ["stream"],
    *read({ hub, maxNamedStreams }) {
      let others = hub.sizes.subscriptions;
      for (const [stream, subscribers] of topStreams(hub.streams(), maxNamedStreams)) {
        others -= subscribers;
        yield [[stream], subscribers];
      }
      yield [["other"], others];
    },
  },
  {
    name: "ranger_streams_current",
    type: "gauge",
    help: "Streams that at least one connection holds",
    read: ({ hub }) => hub.sizes.streams,
  },
  {
    name: "ranger_users_current",
    type: "gauge",
    help: "Users with at least one authenticated connection",
    read: ({ hub }) => hub.sizes.users,
  },
  {
    name: "ranger_closes_total",
    type: "counter",
    help: "Connections that ended, by who began (client, server, network) and the close code: " +
      "1006 is none on either side, application any from 3000 on",
    labels: ["by", "code"],
    known: Object.entries(CLOSES).flatMap(([by, codes]) => codes.map((code) => [by, code])),
    *read({ sessions }) {
      for (const [label, count] of sessions.closes) yield [label.split(" "), count];
    },
  },
  {
    name: "ranger_limits_hit_total",
    type: "counter",
    help: "Clients and requests that went past a limit, by the limit",
    labels: ["limit"],
    known: LIMITS.map((limit) => [limit]),
    *read({ limitsHit }) {
      for (const [limit, count] of limitsHit) yield [[limit], count];
    },
  },
  {
    name: "ranger_unsent_bytes",
    type: "gauge",
    help: "Bytes that wait for clients who read more slowly than they are written to",
    read: ({ traffic }) => traffic.unsent,
  },
  {
    name: "ranger_sockets_open",
    type: "gauge",
    help: "Sockets of each listener that are not closed yet, handshakes and closing ones " +
      "included: the file descriptors that grow with clients",
    labels: ["listener"],
    read: async ({ sockets }) =>
      Object.entries(await sockets()).map(([listener, count]) => [[listener], count]),
  },
];
