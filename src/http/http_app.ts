import { Hono } from "hono";
import { descriptionApp } from "./description_app.ts";
import type { TrustedProxies } from "./client_address.ts";
import { internalError } from "./internal_error.ts";
import { PAGE } from "./landing_page.ts";

const DESCRIPTION = "Ranger: a WebSocket server for market data and account events.\n" +
  "Connect with a WebSocket client, for example: wscat -c 'ws://<host>/public/?stream=global.tickers'\n" +
  "Or ask for server-sent events: curl -N -H 'Accept: text/event-stream' 'http://<host>/public/?stream=global.tickers'\n";

/** What the answers depend on. */
export interface HttpAppOptions {
  /** The live page, where it is on; the description for people is where it is. */
  readonly page?: Hono | undefined;
  /** The public streams of which events came in lately. */
  streams?(): readonly string[];
  /** Who is believed by which protocol clients come; nobody, unless given. */
  proxies?(): TrustedProxies;
}

/**
 * Answers requests on the clients' port that do not ask for a WebSocket. Each answer is the last of
 * its connection: a connection that does not become a WebSocket soon is cut, and should not be in a request then.
 *
 * @example
 * ```ts
 * const response = await httpApp().request("/");
 * ```
 */
export function httpApp({ page, proxies, streams }: HttpAppOptions = {}): Hono {
  const app = new Hono().onError(internalError);
  app.use(async (c, next) => {
    await next();
    c.header("connection", "close", { append: true });
  });
  if (page) app.route("/", page);
  app.route("/", descriptionApp({ docs: page !== undefined, proxies }));
  if (streams) {
    app.get("/streams", (c) => {
      // Public, so scripts of every page may read it.
      c.header("access-control-allow-origin", "*");
      c.header("cache-control", "no-store");
      return c.json({ streams: streams() });
    });
  }
  app.get("/", (c) => {
    if (!(c.req.header("accept") ?? "").includes("text/html")) return c.text(DESCRIPTION);
    c.header("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'");
    return c.html(PAGE);
  });
  // RFC 9110 §15.5.22: the client can come back with an upgrade.
  app.get("*", (c) => c.text(DESCRIPTION, 426, { upgrade: "websocket", connection: "upgrade" }));
  app.all("*", (c) => c.text("Only GET is served here.\n", 405, { allow: "GET, HEAD" }));
  return app;
}
