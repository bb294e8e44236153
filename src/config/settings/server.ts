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
    help:
      "Proxies whose headers say where a client comes from (server.forwarded_header), whether by " +
      "TLS, and for which host",
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
};
