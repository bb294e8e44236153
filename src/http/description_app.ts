import { Hono } from "hono";
import { describeServer } from "../asyncapi/document.ts";
import { DOCS_POLICY, docsPage } from "../asyncapi/page.ts";
import { answerWith, asset } from "./asset.ts";
import { answerFault } from "./fault.ts";

/** Everybody may read what is public, scripts of other hosts' pages as well. */
const OPEN = { "access-control-allow-origin": "*" };

/**
 * Serves the description of the protocol, from memory.
 *
 * | path | answer |
 * | --- | --- |
 * | `/asyncapi.json` | for machines: AsyncAPI 3.0 |
 * | `/docs` | the same for people, where it is switched on |
 *
 * @example
 * ```ts
 * const response = await descriptionApp({ docs: true }).request("/asyncapi.json");
 * ```
 */
export function descriptionApp({ docs }: { readonly docs: boolean }): Hono {
  const app = new Hono().onError(answerFault);
  const description = describeServer();
  const json = asset("application/json", JSON.stringify(description, null, 2));
  app.get("/asyncapi.json", (c) => answerWith(json, c.req.raw.headers, OPEN));
  if (docs) {
    const page = asset("text/html; charset=utf-8", docsPage(description));
    const headers = {
      "content-security-policy": DOCS_POLICY,
      "referrer-policy": "no-referrer",
    };
    app.get("/docs", (c) => answerWith(page, c.req.raw.headers, headers));
  }
  return app;
}
