import assert from "node:assert/strict";
import { allowsOrigin, isLoopbackOrigin } from "../../src/http/origin.ts";

/** A page's origin, the request's Host, and whether the page may connect. */
type Row = readonly [origin: string, host: string, allowed: boolean];

function judge(entries: readonly string[], rows: readonly Row[]): void {
  for (const [origin, host, expected] of rows) {
    assert.equal(
      allowsOrigin(origin, host, entries),
      expected,
      `${origin} on ${host} with ${JSON.stringify(entries)}`,
    );
  }
}

Deno.test("without a list, a page may connect to its own host and to no other", () => {
  judge([], [
    ["https://example.com", "example.com", true],
    ["http://example.com", "example.com", true],
    ["https://Example.COM", "example.com", true],
    ["https://example.com", "EXAMPLE.com", true],
    ["https://example.com", "example.com:443", true],
    ["http://example.com", "example.com:80", true],
    ["https://example.com:8443", "example.com:8443", true],
    ["http://127.0.0.1:8080", "127.0.0.1:8080", true],
    ["http://[::1]:8080", "[::1]:8080", true],
    ["https://example.com", "example.com:8443", false],
    ["https://example.com:8443", "example.com", false],
    ["https://example.com:80", "example.com", false],
    ["http://example.com", "example.com:443", false],
    ["https://www.example.com", "example.com", false],
    ["https://example.com.evil.example", "example.com", false],
    ["https://example.com@evil.example", "example.com", false],
    ["https://evil.example", "", false],
  ]);
});

Deno.test("a value that is not an origin may connect only where all may", () => {
  for (const origin of ["null", "", "file://", "example.com", "https://", "a, b"]) {
    judge([], [[origin, "example.com", false]]);
    judge(["example.com", "null"], [[origin, "example.com", false]]);
    judge(["*"], [[origin, "example.com", true]]);
  }
});

Deno.test("a star allows every origin, also beside other entries", () => {
  judge(["*"], [["https://evil.example", "example.com", true]]);
  judge(["other.example", "*"], [["https://evil.example", "example.com", true]]);
});

Deno.test("with a list, the request's own host counts only if it is on it", () => {
  judge(["trade.example.com"], [
    ["https://trade.example.com", "ws.example.com", true],
    ["https://ws.example.com", "ws.example.com", false],
  ]);
});

Deno.test("a host allows every scheme and port", () => {
  for (const entry of ["example.com", "Example.COM", "example.com/"]) {
    judge([entry], [
      ["https://example.com", "", true],
      ["http://example.com:3000", "", true],
      ["HTTPS://EXAMPLE.com", "", true],
      ["capacitor://example.com", "", true],
      ["https://www.example.com", "", false],
      ["https://notexample.com", "", false],
      ["https://example.com.evil.example", "", false],
    ]);
  }
  judge(["[::1]"], [["http://[::1]:3000", "", true], ["http://[::2]:3000", "", false]]);
  judge(["bücher.example"], [["https://xn--bcher-kva.example", "", true]]);
});

Deno.test("a host with a port allows that port, which may be the scheme's own", () => {
  judge(["example.com:8443"], [
    ["https://example.com:8443", "", true],
    ["http://example.com:8443", "", true],
    ["https://example.com", "", false],
  ]);
  judge(["example.com:443"], [
    ["https://example.com", "", true],
    ["http://example.com:443", "", true],
    ["http://example.com", "", false],
  ]);
});

Deno.test("a URL allows its scheme, host and port", () => {
  for (const entry of ["https://example.com", "https://example.com/", "HTTPS://Example.com:443"]) {
    judge([entry], [
      ["https://example.com", "", true],
      ["http://example.com", "", false],
      ["https://example.com:8443", "", false],
      ["https://www.example.com", "", false],
    ]);
  }
  judge(["http://localhost:3000"], [
    ["http://localhost:3000", "", true],
    ["http://localhost", "", false],
    ["https://localhost:3000", "", false],
  ]);
});

Deno.test("a scheme that is not the web's is distinguished by its host like any other", () => {
  judge(["chrome-extension://abcdefgh"], [
    ["chrome-extension://abcdefgh", "", true],
    ["chrome-extension://ponmlkji", "", false],
    ["moz-extension://abcdefgh", "", false],
    ["https://abcdefgh", "", false],
  ]);
});

Deno.test("*.host allows the hosts below it, and not the host itself", () => {
  judge(["*.example.com"], [
    ["https://trade.example.com", "", true],
    ["https://a.b.example.com:8443", "", true],
    ["http://TRADE.example.com", "", true],
    ["https://example.com", "", false],
    ["https://tradeexample.com", "", false],
    ["https://trade.example.com.evil.example", "", false],
  ]);
  judge(["https://*.example.com"], [
    ["https://trade.example.com", "", true],
    ["http://trade.example.com", "", false],
    ["https://trade.example.com:8443", "", false],
  ]);
  judge(["*.example.com:8443"], [
    ["https://trade.example.com:8443", "", true],
    ["https://trade.example.com", "", false],
  ]);
});

Deno.test("any entry of the list is enough", () => {
  const entries = ["one.example", "https://two.example", "*.three.example"];
  judge(entries, [
    ["http://one.example", "", true],
    ["https://two.example", "", true],
    ["https://a.three.example", "", true],
    ["https://four.example", "", false],
  ]);
});

Deno.test("pages of the browser's own machine are those of its three names, at any port", () => {
  for (const host of ["localhost", "LOCALHOST", "127.0.0.1", "[::1]"]) {
    for (const port of ["", ":80", ":5173"]) {
      for (const scheme of ["http", "https"]) {
        assert.ok(isLoopbackOrigin(`${scheme}://${host}${port}`), `${scheme}://${host}${port}`);
      }
    }
  }
  for (
    const origin of [
      ...["http://localhost.evil.example", "http://evil.example", "http://localhost@evil.example"],
      ...["http://evil@localhost", "http://a.localhost", "http://127.0.0.2", "http://[::2]"],
      ...["ws://localhost:5173", "file://localhost", "chrome-extension://localhost"],
      ...["null", "", "localhost:5173", "http://"],
    ]
  ) assert.ok(!isLoopbackOrigin(origin), origin);
});
