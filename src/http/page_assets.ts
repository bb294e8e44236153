import icon from "../../web/icon.svg" with { type: "text" };
import html from "../../web/index.html" with { type: "text" };
import style from "../../web/page.css" with { type: "text" };
import script from "../../web/built/page.js" with { type: "text" };
import { type Asset, asset } from "./asset.ts";

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
