import assert from "node:assert/strict";
import { pageAssets } from "../../src/http/page_assets.ts";

/** What docs/page.md promises. */
const MAX_GZIPPED_BYTES = 120 * 1024;

Deno.test("the whole page is sent in less than 120 KB", () => {
  const sizes = [...pageAssets()].map(([path, { gzipped }]) => [path, gzipped.length] as const);
  const all = sizes.reduce((sum, [, size]) => sum + size, 0);
  assert.ok(sizes.length > 3, `${sizes}`);
  assert.ok(all < MAX_GZIPPED_BYTES, `${all} bytes: ${sizes.join(" ")}`);
});
