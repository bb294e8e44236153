import { topStreams } from "../top_streams.ts";
import type { Metric } from "./metric.ts";

/** Values of `limit` in ranger_limits_hit_total, which are names of settings. */
const LIMITS = [
  "auth_failures",
  "connections",
  "connections_per_address",
  "connections_per_user",
  "handshake_timeout",
  "handshakes",
  "idle_timeout",
  "message_bytes",
  "message_rate",
  "message_timeout",
  "open_files",
  "sockets",
  "state_rate",
  "streams",
  "unsent_bytes",
];

/** Ends of connections that are usual, by who began and the code; others may occur. */
const CLOSES = {
  client: ["1000", "1001", "1005", "application"],
  network: ["1006"],
  server: ["1001", "1002", "1006", "1007", "1008", "1009", "1012"],
};

export const CLIENTS: readonly Metric[] = [
  {
    name: "ranger_connections_total",
    type: "counter",
    help: "Connections since the start; private: those whose handshake had a valid token",
    labels: ["auth"],
    read({ sessions: { counts: { total, totalAuthenticated } } }) {
      return [[["public"], total - totalAuthenticated], [["private"], totalAuthenticated]];
    },
  },
  {
    name: "ranger_connections_current",
    type: "gauge",
    help: "Open connections; private: those authenticated by handshake or by message",
    labels: ["auth"],
    read({ sessions: { counts: { open, authenticated } } }) {
      return [[["public"], open - authenticated], [["private"], authenticated]];
    },
  },
  {
    name: "ranger_transport_connections_total",
    type: "counter",
    help: "Connections since the start by transport; sse: server-sent events",
    labels: ["transport"],
    read({ sessions: { counts: { total, totalSse } } }) {
      return [[["websocket"], total - totalSse], [["sse"], totalSse]];
    },
  },
  {
    name: "ranger_transport_connections_current",
    type: "gauge",
    help: "Open connections by transport; sse: server-sent events",
    labels: ["transport"],
    read({ sessions: { counts: { open, sse } } }) {
      return [[["websocket"], open - sse], [["sse"], sse]];
    },
  },
  {
    name: "ranger_subscriptions_current",
    type: "gauge",
    help:
      "Subscriptions to the streams with the most of them (management.max_named_streams) among " +
      "those with events since the start; all others as other. A private stream counts by its " +
      "name, for all users together",
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
    help: "Streams with at least one subscriber",
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
    help: "Closed connections by initiator (client, server, network) and close code: 1006 means " +
      "no close frame, application any code from 3000 on",
    labels: ["by", "code"],
    known: Object.entries(CLOSES).flatMap(([by, codes]) => codes.map((code) => [by, code])),
    *read({ sessions }) {
      for (const [label, count] of sessions.closes) yield [label.split(" "), count];
    },
  },
  {
    name: "ranger_limits_hit_total",
    type: "counter",
    help: "Clients and requests that exceeded a limit, by limit",
    labels: ["limit"],
    known: LIMITS.map((limit) => [limit]),
    *read({ limitsHit }) {
      for (const [limit, count] of limitsHit) yield [[limit], count];
    },
  },
  {
    name: "ranger_unsent_bytes",
    type: "gauge",
    help: "Bytes waiting for clients that read more slowly than they are sent to",
    read: ({ traffic }) => traffic.unsent,
  },
  {
    name: "ranger_sockets_max",
    type: "gauge",
    help:
      "Sockets that the clients' listener may have open, by limits.connections and the limit on " +
      "open files; above it a client is cut (limits hit: sockets, open_files)",
    read: ({ maxSockets }) => maxSockets(),
  },
  {
    name: "ranger_sockets_open",
    type: "gauge",
    help: "Open sockets of each listener, including handshakes and closing connections: the file " +
      "descriptors that grow with clients",
    labels: ["listener"],
    read: async ({ sockets }) =>
      Object.entries(await sockets()).map(([listener, count]) => [[listener], count]),
  },
];
