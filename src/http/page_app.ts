import { Hono } from "hono";
import { answerWith } from "./asset.ts";
import { internalError } from "./internal_error.ts";
import { pageAssets } from "./page_assets.ts";

/** What the live page can know of its server. */
export interface PageOptions {
  /** Whether tokens are taken at all. */
  readonly authenticates: boolean;
  /** The server's version. */
  readonly version: string;
  /** Signs tokens for the demo's user, valid for a number of seconds; left out anywhere else. */
  readonly demoToken?: ((ttl: number) => Promise<string>) | undefined;
  /** Whether scripts of pages of this origin may fetch a token of the demo; none, unless given. */
  allowsOrigin?(origin: string, host: string): boolean;
}

/** Nothing but the page's own files and the server that they came from; nothing inline. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const HEADERS = {
  vary: "accept",
  "content-security-policy": POLICY,
  "referrer-policy": "no-referrer",
};

const SHORTEST = 5;
const LONGEST = 24 * 60 * 60;
const USUAL = 60 * 60;

/**
 * Serves the live page from memory.
 *
 * | path | answer |
 * | --- | --- |
 * | `/` | the page, to clients that accept HTML; others get what comes after this app |
 * | `/page/…` | its script, style and icon |
 * | `/page/about.json` | `{"version","authenticates","demo"}` |
 * | `/page/token?ttl=60` | in the demo: a token for its user, valid for `ttl` seconds |
 *
 * @example
 * ```ts
 * const app = pageApp({ authenticates: true, version: "0.1.0" });
 * const response = await app.request("/", { headers: { accept: "text/html" } });
 * ```
 */
export function pageApp(options: PageOptions): Hono {
  const { authenticates, version, demoToken } = options;
  const app = new Hono().onError(internalError);
  for (const [path, asset] of pageAssets()) {
    app.get(path, async (c, next) => {
      // A command-line client does not want a page.
      if (path === "/" && !(c.req.header("accept") ?? "").includes("text/html")) {
        await next();
        c.header("vary", "accept", { append: true });
        return;
      }
      return answerWith(asset, c.req.raw.headers, HEADERS);
    });
  }
  app.get("/page/about.json", (c) => {
    c.header("cache-control", "no-store");
    return c.json({ version, authenticates, demo: demoToken !== undefined });
  });
  if (demoToken) {
    app.get("/page/token", async (c) => {
      const ttl = c.req.query("ttl") ?? String(USUAL);
      c.header("cache-control", "no-store");
      c.header("vary", "origin");
      // An app in development comes from another port. It may connect, so it may have the token.
      const origin = c.req.header("origin");
      if (origin !== undefined && options.allowsOrigin?.(origin, c.req.header("host") ?? "")) {
        c.header("access-control-allow-origin", origin);
      }
      if (!/^\d{1,5}$/.test(ttl) || Number(ttl) < SHORTEST || Number(ttl) > LONGEST) {
        return c.text(`ttl must be from ${SHORTEST} to ${LONGEST} seconds.\n`, 400);
      }
      return c.text(await demoToken(Number(ttl)));
    });
  }
  return app;
}
