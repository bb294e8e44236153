import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";

/** Something that is served as it is. */
export interface Asset {
  readonly type: string;
  readonly body: Uint8Array<ArrayBuffer>;
  /** The same body, where it is never sent compressed. */
  readonly gzipped: Uint8Array<ArrayBuffer>;
  /** Strong, quoted (RFC 9110 §8.8.3). */
  readonly etag: string;
}

/**
 * Makes a text ready to be served: compressed once, unless told otherwise, and with a tag that
 * changes when it does.
 *
 * @example
 * ```ts
 * const about = asset("application/json", '{"version":"0.1.0"}');
 * ```
 */
export function asset(type: string, text: string, { compress = true } = {}): Asset {
  const body = new TextEncoder().encode(text);
  const digest = createHash("sha256").update(body).digest("base64url").slice(0, 22);
  const gzipped = compress ? new Uint8Array(gzipSync(body, { level: 9 })) : body;
  return { type, body, gzipped, etag: `"${digest}"` };
}

/**
 * Answers a GET or HEAD with an asset: compressed for clients that accept it, and with 304 for those
 * who have it.
 *
 * @param request its headers
 * @param more headers of the answer
 */
export function answerWith(
  { type, body, gzipped, etag }: Asset,
  request: Headers,
  more: Readonly<Record<string, string>> = {},
): Response {
  const headers = new Headers({
    ...more,
    etag,
    // Asked for again each time, and then mostly not sent: a new version is there at once.
    "cache-control": "no-cache",
    "x-content-type-options": "nosniff",
  });
  headers.append("vary", "accept-encoding");
  const known = (request.get("if-none-match") ?? "").split(",")
    .map((tag) => tag.trim().replace(/^W\//, ""));
  if (known.includes(etag) || known.includes("*")) {
    return new Response(null, { status: 304, headers });
  }
  headers.set("content-type", type);
  const zipped = gzipped !== body && acceptsGzip(request.get("accept-encoding") ?? "");
  if (zipped) headers.set("content-encoding", "gzip");
  const bytes = zipped ? gzipped : body;
  headers.set("content-length", String(bytes.length));
  return new Response(bytes, { headers });
}

/** RFC 9110 §12.5.3: named, or any, and not with a weight of zero. */
function acceptsGzip(header: string): boolean {
  const weights = new Map(
    header.toLowerCase().split(",").map((part) => {
      const [coding = "", ...parameters] = part.split(";").map((text) => text.trim());
      const q = parameters.find((text) => text.startsWith("q="))?.slice(2) ?? "1";
      return [coding, Number(q)] as const;
    }),
  );
  return (weights.get("gzip") ?? weights.get("*") ?? 0) > 0;
}
