import { Hono } from "hono";
import { describeServer, movedTo } from "../asyncapi/document.ts";
import { DOCS_POLICY, docsPage } from "../asyncapi/page.ts";
import type { Document } from "../asyncapi/types.ts";
import { answerWith, type Asset, asset } from "./asset.ts";
import type { TrustedProxies } from "./client_address.ts";
import { internalError } from "./internal_error.ts";

const HEADERS = {
  // Everybody may read what is public, scripts of other hosts' pages as well.
  "access-control-allow-origin": "*",
  // What the address in it is made of, for caches on the way.
  vary: "host, forwarded, x-forwarded-proto, x-forwarded-for, x-forwarded-host",
};

/** Addresses whose description is kept, compressed: a server has few, and strangers make up many. */
const KEPT = 16;

/** What the answers depend on. */
export interface DescriptionOptions {
  /** Whether there is a page for people. */
  readonly docs: boolean;
  /** Who is believed by which protocol clients come; nobody, unless given. */
  readonly proxies?: (() => TrustedProxies) | undefined;
}

interface Env {
  Bindings: { peer?(): string };
}

/**
 * Serves the description of the protocol, from memory.
 *
 * | path | answer |
 * | --- | --- |
 * | `/asyncapi.json` | for machines: AsyncAPI 3.0, of the server at the address that was asked |
 * | `/docs` | the same for people, where it is switched on |
 *
 * @example
 * ```ts
 * const response = await descriptionApp({ docs: true }).request("/asyncapi.json");
 * ```
 */
export function descriptionApp({ docs, proxies }: DescriptionOptions): Hono<Env> {
  const app = new Hono<Env>().onError(internalError);
  // Made when it is first asked for: a start has more urgent things to do.
  let made: Document | undefined;
  const description = () => made ??= describeServer();
  const kept = new Map<string, Asset>();
  app.get("/asyncapi.json", (c) => {
    const { headers } = c.req.raw;
    const peer = c.env?.peer?.() ?? "";
    const secured = proxies?.().protocolOf(peer, headers) === "https";
    const scheme = secured ? "wss" : "ws";
    const host = proxies?.().hostOf(peer, headers) || new URL(c.req.url).host;
    const url = URL.parse(`${scheme}://${host}`) ??
      new URL(`${scheme}://${new URL(c.req.url).host}`);
    const known = kept.get(url.href);
    if (known) return answerWith(known, headers, HEADERS);
    const keep = kept.size < KEPT;
    const json = describedAt(description(), url, keep);
    if (keep) kept.set(url.href, json);
    return answerWith(json, headers, HEADERS);
  });
  if (docs) {
    let page: Asset | undefined;
    const headers = {
      "content-security-policy": DOCS_POLICY,
      "referrer-policy": "no-referrer",
    };
    app.get("/docs", (c) => {
      page ??= asset("text/html; charset=utf-8", docsPage(description()));
      return answerWith(page, c.req.raw.headers, headers);
    });
  }
  return app;
}

/** @param compress left out for those that are made up: it is most of the work */
function describedAt(description: Document, url: URL, compress: boolean): Asset {
  const text = JSON.stringify(movedTo(description, url), null, 2);
  return asset("application/json", text, { compress });
}
