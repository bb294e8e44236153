import { choice, host, list, networks, toggle, whole } from "../kinds.ts";
import { PORT, SECONDS, setting } from "./setting.ts";

export const SERVER = {
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
      "has an entry that is not an origin",
    ),
    default: [],
    defaultText: "the request's own host",
    flag: "origins",
    legacy: ["API_CORS_ORIGINS"],
    help: "Browser origins that may connect: a host, host:port, URL, *.example.com, or * for all",
    right: "origins such as trade.example.com, https://example.com:8443, *.example.com or *",
    example: ["trade.example.com", "*.example.com"],
    live: true,
  }),
  "server.trusted_proxies": setting<readonly string[]>({
    kind: networks(),
    default: [],
    defaultText: "none",
    flag: "trusted-proxies",
    help:
      "Proxies whose headers are used for the client's address (server.forwarded_header), its " +
      "protocol and the host that it asked for",
    right: "addresses or networks such as 10.0.0.0/8, 192.168.1.5 or fd00::/8",
    live: true,
  }),
  "server.forwarded_header": setting<"X-Forwarded-For" | "Forwarded">({
    kind: choice(["X-Forwarded-For", "Forwarded"]),
    default: "X-Forwarded-For",
    flag: "forwarded-header",
    help: "Header that the trusted proxies write: X-Forwarded-For, with X-Forwarded-Proto and " +
      "X-Forwarded-Host, or Forwarded (RFC 7239); the other may come from a client and is ignored",
    right: "X-Forwarded-For or Forwarded",
    live: true,
  }),
  "server.proxy_protocol": setting({
    kind: toggle(),
    default: false,
    flag: "proxy-protocol",
    help:
      "Whether each connection from a trusted proxy begins with a PROXY protocol header, version 1 or 2, " +
      "with the client's address; a connection without it is cut. Other connections have no such header",
    right: "true or false",
  }),
  "server.reuse_port": setting({
    kind: toggle(),
    default: false,
    flag: "reuse-port",
    help: "Whether other processes may listen on the same port, to use several cores",
    right: "true or false",
  }),
  "server.drain_seconds": setting({
    kind: whole(0, 3600, "SECONDS"),
    default: 10,
    flag: "drain-seconds",
    formerly: { key: "server.drain", flag: "drain" },
    help: "Seconds over which connections are closed at shutdown, so that clients do not all " +
      "reconnect at once; 0 closes them together",
    right: SECONDS,
  }),
  "server.page": setting({
    kind: toggle(),
    default: false,
    flag: "page",
    help: "Whether / is a live page for browsers: markets, streams, an account. It shows only " +
      "what any client may read. `ranger demo` turns it on",
    right: "true or false",
  }),
};
