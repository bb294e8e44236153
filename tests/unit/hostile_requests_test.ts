import fc from "fast-check";
import assert from "node:assert/strict";
import { isIP } from "node:net";
import { TrustedProxies } from "../../src/http/client_address.ts";
import { allowsOrigin } from "../../src/http/origin.ts";
import { fuzz } from "../support/fuzz.ts";

const label = fc.constantFrom(
  "example",
  "evil",
  "trade",
  "com",
  "xn--e1aybc",
  "127.0.0.1",
  "[::1]",
);
const host = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join("."));
const junk = fc.string({ unit: fc.constantFrom(..."/:@?#\\.%\t ,[]\0é*"), maxLength: 3 });
const origin = fc.oneof(
  fc.tuple(fc.constantFrom("https://", "http://", "null", "//", "file://", ""), junk, host, junk)
    .map((parts) => parts.join("")),
  fc.string({ unit: "binary", maxLength: 20 }),
  host.map((host) => `https://${host}`),
  fc.constantFrom("https://trade.example.com", "HTTPS://trade.example.com:443/x"),
);
const hostHeader = fc.tuple(host, fc.constantFrom("", "", ":443", ":8443", ":99999", "@evil", "/"))
  .map((parts) => parts.join(""));

Deno.test("no origin is let in that is none, or another's", () => {
  let allowed = 0;
  fuzz(
    40_000,
    fc.property(origin, hostHeader, fc.boolean(), (origin, host, listed) => {
      if (!allowsOrigin(origin, host, listed ? ["https://trade.example.com"] : [])) return;
      allowed++;
      // As the browser means it, whatever else is in the text.
      const page = new URL(origin);
      if (listed) assert.equal(page.origin, "https://trade.example.com");
      else assert.equal(page.host, new URL(`${page.protocol}//${host}`).host);
      assert.notEqual(page.host, "");
    }),
  );
  assert.ok(allowed > 100, `only ${allowed} were let in`);
});

const address = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.constantFrom("10.0.0.2", "fd00::5", "::ffff:10.1.2.3"),
);
const entry = fc.oneof(
  { weight: 3, arbitrary: address },
  address.map((address) => `[${address}]:80`),
  fc.string({ unit: fc.constantFrom(...'"\\,;= \t[]:.%forFOR1_unknown'), maxLength: 12 }),
  fc.string({ maxLength: 8 }),
);
const list = fc.array(entry, { maxLength: 5 });
const headers = fc.record({
  "x-forwarded-for": list.map((entries) => entries.join(",")),
  forwarded: fc.oneof(
    list.map((entries) => entries.map((entry) => `for=${entry}`).join(",")),
    list.map((entries) => entries.map((entry) => `for="${entry}";by=x`).join(", ")),
    fc.string({
      unit: fc.constantFrom("for=", '"', "\\", ",", ";", "1.1.1.1", " "),
      maxLength: 60,
    }),
  ),
}, { requiredKeys: [] });

Deno.test("whatever headers say, a client's address is an address, and a stranger's own", () => {
  const networks = ["10.0.0.0/8", "fd00::/8"];
  const header = fc.constantFrom("X-Forwarded-For" as const, "Forwarded" as const);
  let behind = 0;
  fuzz(
    40_000,
    fc.property(address, headers, header, (peer, sent, header) => {
      const proxies = new TrustedProxies(networks, header);
      // What no request can carry does not come this far.
      const given = new Headers();
      for (const [name, value] of Object.entries(sent)) given.set(name, value);
      const client = proxies.clientOf(peer, given);
      assert.ok(isIP(client), client);
      const nobody = proxies.clientOf(peer, new Headers());
      const trusted = /^10\.|^fd[0-9a-f]{2}:/.test(nobody);
      if (!trusted) assert.equal(client, nobody);
      else if (client !== nobody) behind++;
      // A proxy adds what it saw behind all that: nothing before it counts.
      given.append(header, header === "Forwarded" ? "for=203.0.113.9" : "203.0.113.9");
      if (trusted) assert.equal(proxies.clientOf(peer, given), "203.0.113.9");
    }),
  );
  assert.ok(behind > 1000, `only ${behind} behind a proxy`);
});
