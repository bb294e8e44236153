import { topStreams } from "../top_streams.ts";
import type { Metric } from "./metric.ts";

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
    help: "Subscriptions now, of the streams with most of them (management.streams) among those " +
      "that events have arrived of; all others as other. Private streams count by their name, of " +
      "all users together",
    labels: ["stream"],
    *read({ hub, namedStreams }) {
      let others = hub.sizes.subscriptions;
      for (const [stream, subscribers] of topStreams(hub.streams(), namedStreams)) {
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
    *read({ sessions }) {
      for (const [label, count] of sessions.closes) yield [label.split(" "), count];
    },
  },
  {
    name: "ranger_limits_hit_total",
    type: "counter",
    help: "Clients and requests that went past a limit, by the limit",
    labels: ["limit"],
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
    help: "Sockets of each listener that are not closed yet, handshakes and closing ones " +
      "included: the file descriptors that grow with clients",
    labels: ["listener"],
    read: async ({ sockets }) =>
      Object.entries(await sockets()).map(([listener, count]) => [[listener], count]),
  },
];
