import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import icon from "../../web/icon.svg" with { type: "text" };
import html from "../../web/index.html" with { type: "text" };
import style from "../../web/page.css" with { type: "text" };
import script from "../../web/built/page.js" with { type: "text" };

/** What the live page consists of, as it is sent. */
export interface Asset {
  readonly type: string;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly gzipped: Uint8Array<ArrayBuffer>;
  /** Strong, quoted (RFC 9110 §8.8.3). */
  readonly etag: string;
}

/**
 * The live page's files by their paths, compressed once: they are part of the program, and need no
 * file beside it.
 *
 * @example
 * ```ts
 * pageAssets().get("/")?.gzipped.length;
 * ```
 */
export function pageAssets(): ReadonlyMap<string, Asset> {
  return new Map([
    ["/", asset("text/html; charset=utf-8", html)],
    ["/page/page.js", asset("text/javascript; charset=utf-8", script)],
    ["/page/page.css", asset("text/css; charset=utf-8", style)],
    ["/page/icon.svg", asset("image/svg+xml", icon)],
  ]);
}

function asset(type: string, text: string): Asset {
  const body = new TextEncoder().encode(text);
  const digest = createHash("sha256").update(body).digest("base64url").slice(0, 22);
  return {
    type,
    body,
    gzipped: new Uint8Array(gzipSync(body, { level: 9 })),
    etag: `"${digest}"`,
  };
}
