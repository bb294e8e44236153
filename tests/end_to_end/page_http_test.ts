import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { decodeJwt } from "jose";
import { startRanger } from "../../testing/ranger.ts";

const HTML = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8";

/** Sends the request as given, without a client that decompresses by itself. */
async function get(url: string, headers: Record<string, string> = {}) {
  const response = await fetch(url, { headers: { "accept-encoding": "identity", ...headers } });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

Deno.test("the demo has the page at /, from memory, and all of it from one place", async () => {
  await using demo = await startRanger({ command: "demo", args: ["--quiet"] });
  const page = await get(demo.publicUrl("/"), { accept: HTML });
  assert.equal(page.status, 200);
  assert.equal(page.headers.get("content-type"), "text/html; charset=utf-8");
  assert.match(page.text, /<title>Ranger<\/title>/);
  const policy = page.headers.get("content-security-policy") ?? "";
  assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self';/);
  assert.doesNotMatch(policy, /unsafe|\*|data:|http/);
  const mentioned = [...page.text.matchAll(/(?:src|href)="(page\/[^"]+)"/g)].map(([, path]) =>
    path!
  );
  assert.deepEqual([...new Set(mentioned)].sort(), [
    "page/icon.svg",
    "page/page.css",
    "page/page.js",
  ]);
  for (const path of mentioned) {
    const { status, headers } = await get(demo.publicUrl(`/${path}`));
    assert.equal(status, 200, path);
    assert.equal(headers.get("x-content-type-options"), "nosniff");
  }
  // Nothing from elsewhere, nothing inline.
  assert.doesNotMatch(
    page.text,
    /(?:src|href)="(?!page\/|#|docs"|asyncapi\.json"|https:\/\/www\.tradingview\.com\/)/,
  );
  assert.doesNotMatch(page.text, /<style|style=|<script(?! type="module" src=)/);
});

/** The answer as it is on the wire: `fetch` would unpack it, and hide that it was packed. */
async function raw(port: number, path: string, encodings: string) {
  await using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const lines = [
    `GET ${path} HTTP/1.1`,
    "Host: x",
    `Accept: ${HTML}`,
    `Accept-Encoding: ${encodings}`,
    "Connection: close",
  ];
  await connection.write(new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`));
  const bytes = new Uint8Array(await new Response(connection.readable).arrayBuffer());
  const split = new TextDecoder("latin1").decode(bytes).indexOf("\r\n\r\n") + 4;
  return { head: new TextDecoder().decode(bytes.slice(0, split)), body: bytes.slice(split) };
}

Deno.test("the page is under 250 KB, compressed for clients that accept it", async () => {
  await using demo = await startRanger({ command: "demo", args: ["--quiet"] });
  let total = 0;
  for (const path of ["/", "/page/page.js", "/page/page.css", "/page/icon.svg"]) {
    const packed = await raw(demo.port, path, "br, gzip;q=0.8");
    assert.match(packed.head, /^content-encoding: gzip\r$/im);
    assert.match(packed.head, /^vary: .*accept-encoding/im);
    assert.match(packed.head, new RegExp(`^content-length: ${packed.body.length}\\r$`, "im"));
    const plain = await raw(demo.port, path, "gzip;q=0, br");
    assert.doesNotMatch(plain.head, /^content-encoding/im);
    assert.ok(gunzipSync(packed.body).equals(plain.body), path);
    total += packed.body.length;
  }
  assert.ok(total < 250_000, `${total} bytes`);
});

Deno.test("what a browser has already is not sent again", async () => {
  await using demo = await startRanger({ command: "demo", args: ["--quiet"] });
  const url = demo.publicUrl("/page/page.js");
  const etag = (await get(url)).headers.get("etag") ?? "";
  assert.match(etag, /^"[\w-]{22}"$/);
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
    const again = await get(url, { "if-none-match": known });
    assert.deepEqual([again.status, again.text], [304, ""], known);
    assert.equal(again.headers.get("etag"), etag);
  }
  assert.equal((await get(url, { "if-none-match": '"other"' })).status, 200);
  const head = await fetch(url, { method: "HEAD" });
  assert.equal(head.status, 200);
  assert.equal(await head.text(), "");
});

Deno.test("the page can be had or not, in the server and in the demo", async () => {
  await using serve = await startRanger({ args: ["--no-auth"] });
  for (const path of ["/page/page.js", "/page/about.json", "/page/token"]) {
    assert.equal((await get(serve.publicUrl(path))).status, 426, path);
  }
  assert.doesNotMatch((await get(serve.publicUrl("/"), { accept: HTML })).text, /page\.js/);

  await using shown = await startRanger({ args: ["--no-auth", "--page"] });
  assert.match((await get(shown.publicUrl("/"), { accept: HTML })).text, /page\.js/);
  assert.match((await get(shown.publicUrl("/"), { accept: "*/*" })).text, /^Ranger: a WebSocket/);
  // Only the demo has a user whose token anybody may have.
  assert.equal((await get(shown.publicUrl("/page/token"))).status, 426);
  const about = JSON.parse((await get(shown.publicUrl("/page/about.json"))).text);
  assert.deepEqual([about.authenticates, about.demo], [false, false]);

  await using without = await startRanger({ command: "demo", args: ["--quiet", "--no-page"] });
  assert.doesNotMatch((await get(without.publicUrl("/"), { accept: HTML })).text, /page\.js/);
});

Deno.test("the demo gives out tokens of its user, as long as they are asked for", async () => {
  await using demo = await startRanger({ command: "demo", args: ["--quiet"] });
  const { text, headers } = await get(demo.publicUrl("/page/token?ttl=77"));
  const { uid, iat, exp } = decodeJwt(text);
  assert.equal(uid, "IDDEMO000001");
  assert.equal(exp! - iat!, 77);
  assert.equal(headers.get("cache-control"), "no-store");
  for (const ttl of ["4", "86401", "-1", "ten", ""]) {
    assert.equal((await get(demo.publicUrl(`/page/token?ttl=${ttl}`))).status, 400, ttl);
  }
});

Deno.test("an app on another port of this machine may fetch the demo's token, others not", async () => {
  await using demo = await startRanger({ command: "demo", args: ["--quiet"] });
  const allowed = async (origin: string) =>
    (await get(demo.publicUrl("/page/token"), { origin })).headers
      .get("access-control-allow-origin");
  assert.equal(await allowed("http://localhost:5173"), "http://localhost:5173");
  assert.equal(await allowed("http://evil.example"), null);
  await using named = await startRanger({
    command: "demo",
    args: ["--quiet", "--origins", "app.example.com"],
  });
  const { headers } = await get(named.publicUrl("/page/token"), {
    origin: "https://app.example.com",
  });
  assert.equal(headers.get("access-control-allow-origin"), "https://app.example.com");
  assert.match(headers.get("vary")!, /origin/);
});
