import assert from "node:assert/strict";
import fc from "fast-check";
import { TrustedProxies } from "../../src/http/client_address.ts";
import { connectClient } from "../support/client.ts";
import { startRanger } from "../../testing/ranger.ts";
import { RawClient } from "../../testing/raw_client.ts";

const NETWORKS = ["10.0.0.0/8", "192.0.2.1", "fd00::/8"];
const writesFor = new TrustedProxies(NETWORKS);
const writesForwarded = new TrustedProxies(NETWORKS, "Forwarded");

/** Proxies that write the one header of a request that is there. */
function proxiesOf(headers: object): TrustedProxies {
  return "forwarded" in headers ? writesForwarded : writesFor;
}

type Row = readonly [
  peer: string,
  headers: { readonly forwarded?: string; readonly "x-forwarded-for"?: string },
  client: string,
];

const xff = (value: string) => ({ "x-forwarded-for": value });
const forwarded = (value: string) => ({ forwarded: value });

const rows: Row[] = [
  // Nobody else is believed.
  ["203.0.113.9", {}, "203.0.113.9"],
  ["203.0.113.9", xff("1.1.1.1"), "203.0.113.9"],
  ["203.0.113.9", forwarded("for=1.1.1.1"), "203.0.113.9"],
  ["192.0.2.2", xff("1.1.1.1"), "192.0.2.2"],
  ["2001:db8::1", xff("1.1.1.1"), "2001:db8::1"],
  // A trusted proxy, IPv4 within IPv6 as a socket for both has it.
  ["10.1.2.3", xff("203.0.113.9"), "203.0.113.9"],
  ["::ffff:10.1.2.3", xff("203.0.113.9"), "203.0.113.9"],
  ["192.0.2.1", xff("203.0.113.9"), "203.0.113.9"],
  ["fd12::1", forwarded("for=203.0.113.9"), "203.0.113.9"],
  // Counted from the right, past trusted hops.
  ["10.0.0.1", xff("1.1.1.1, 203.0.113.9"), "203.0.113.9"],
  ["10.0.0.1", xff("1.1.1.1,203.0.113.9 , 10.9.9.9,fd00::5"), "203.0.113.9"],
  ["10.0.0.1", xff("10.0.0.3, 10.0.0.2"), "10.0.0.3"],
  ["10.0.0.1", forwarded("for=1.1.1.1, for=203.0.113.9;proto=https"), "203.0.113.9"],
  ["10.0.0.1", forwarded("For=203.0.113.9 ; by=10.0.0.7 , by=x;FOR=10.0.0.7"), "203.0.113.9"],
  // Ports, brackets, quotes, spellings.
  ["10.0.0.1", xff("203.0.113.9:4711"), "203.0.113.9"],
  ["10.0.0.1", xff("[2001:DB8:0:0::17]:4711"), "2001:db8::17"],
  ["10.0.0.1", xff("2001:db8:0::17"), "2001:db8::17"],
  ["10.0.0.1", xff("::ffff:203.0.113.9"), "203.0.113.9"],
  ["10.0.0.1", forwarded('for="[2001:db8:cafe::17]:4711"'), "2001:db8:cafe::17"],
  ["10.0.0.1", forwarded('for="203.0.113.9:80"'), "203.0.113.9"],
  ["10.0.0.1", forwarded('host="a, b;for=1.1.1.1";for=203.0.113.9'), "203.0.113.9"],
  ["10.0.0.1", forwarded('for=203.0.113.9;host="\\",for=1.1.1.1"'), "203.0.113.9"],
  // Where the way is lost, the last one known.
  ["10.0.0.1", {}, "10.0.0.1"],
  ["10.0.0.1", xff(""), "10.0.0.1"],
  ["10.0.0.1", xff("unknown"), "10.0.0.1"],
  ["10.0.0.1", xff("1.1.1.1, unknown, 10.0.0.2"), "10.0.0.2"],
  ["10.0.0.1", forwarded("for=_hidden"), "10.0.0.1"],
  ["10.0.0.1", forwarded("for=1.1.1.1, proto=https"), "10.0.0.1"],
  ["10.0.0.1", forwarded("for=1.1.1.1, for=;x"), "10.0.0.1"],
  ["10.0.0.1", forwarded('for=1.1.1.1, for="10.0.0.5'), "10.0.0.1"],
];

Deno.test("a header that the proxies do not write is a client's, and is ignored", () => {
  const forged = new Headers({
    ...xff("203.0.113.9"),
    "x-forwarded-proto": "https",
    "x-forwarded-host": "a.example",
    ...forwarded("for=1.1.1.1;proto=http;host=b.example"),
    host: "internal",
  });
  assert.equal(writesFor.clientOf("10.0.0.1", forged), "203.0.113.9");
  assert.equal(writesFor.protocolOf("10.0.0.1", forged), "https");
  assert.equal(writesFor.hostOf("10.0.0.1", forged), "a.example");
  assert.equal(writesForwarded.clientOf("10.0.0.1", forged), "1.1.1.1");
  assert.equal(writesForwarded.protocolOf("10.0.0.1", forged), "http");
  assert.equal(writesForwarded.hostOf("10.0.0.1", forged), "b.example");
});

Deno.test("the host that a client asked is what a trusted proxy says, and nobody else", () => {
  const xfh = (value: string) => ({ "x-forwarded-host": value });
  const rows: [peer: string, headers: Record<string, string>, host: string][] = [
    ["10.0.0.1", {}, "internal:8080"],
    ["10.0.0.1", xfh("Trade.example.com"), "trade.example.com"],
    ["10.0.0.1", xfh("trade.example.com:8443"), "trade.example.com:8443"],
    ["203.0.113.9", xfh("evil.example"), "internal:8080"],
    ["10.0.0.1", xfh("evil.example, trade.example.com"), "trade.example.com"],
    ["10.0.0.1", { ...xff("203.0.113.9, 10.0.0.2"), ...xfh("a.example, b.example") }, "a.example"],
    ["10.0.0.1", xfh("x/../y"), "internal:8080"],
    ["10.0.0.1", xfh("user@evil.example"), "internal:8080"],
    ["10.0.0.1", forwarded("for=203.0.113.9;host=trade.example.com"), "trade.example.com"],
    ["10.0.0.1", forwarded('for=203.0.113.9;host="trade.example.com:1"'), "trade.example.com:1"],
    ["203.0.113.9", forwarded("for=1.1.1.1;host=evil.example"), "internal:8080"],
  ];
  for (const [peer, headers, host] of rows) {
    assert.equal(
      proxiesOf(headers).hostOf(peer, new Headers({ host: "internal:8080", ...headers })),
      host,
      `${peer} ${JSON.stringify(headers)}`,
    );
  }
});

Deno.test("a page may connect to the host that a trusted proxy was asked for", async () => {
  const args = ["--no-auth", "--amqp-url", "amqp://127.0.0.1:1/"];
  const statusOf = async (port: number, headers: Record<string, string>) => {
    using client = await RawClient.connect(port);
    const url = `ws://127.0.0.1:${port}/public`;
    return (await client.handshake(url, { headers })).status;
  };
  const page = { Origin: "https://trade.example.com", Host: "internal:8080" };
  const asked = { ...page, "X-Forwarded-Host": "trade.example.com" };
  const said = { ...page, Forwarded: "for=203.0.113.9;host=trade.example.com" };
  for (
    const [flags, statuses] of [
      [[], [403, 403, 403]],
      [["--trusted-proxies=127.0.0.1"], [403, 101, 403]],
      [["--trusted-proxies=127.0.0.1", "--forwarded-header=forwarded"], [403, 403, 101]],
    ] as const
  ) {
    await using ranger = await startRanger({ args: [...args, ...flags] });
    const found = [];
    for (const headers of [page, asked, said]) found.push(await statusOf(ranger.port, headers));
    assert.deepEqual(found, statuses, flags.join(" "));
  }
});

Deno.test("a client's protocol is what a trusted proxy says, and nobody else", () => {
  const xfp = (value: string) => ({ "x-forwarded-proto": value });
  const rows: [peer: string, headers: Record<string, string>, protocol: string][] = [
    ["10.0.0.1", {}, "http"],
    ["10.0.0.1", xfp("https"), "https"],
    ["10.0.0.1", xfp("HTTPS"), "https"],
    ["10.0.0.1", xfp("http"), "http"],
    ["10.0.0.1", xfp("wss"), "http"],
    ["203.0.113.9", xfp("https"), "http"],
    ["203.0.113.9", forwarded("for=1.1.1.1;proto=https"), "http"],
    ["10.0.0.1", forwarded("for=203.0.113.9;proto=https"), "https"],
    ["10.0.0.1", forwarded('for=203.0.113.9; Proto="HTTPS"'), "https"],
    // What stands left of the last trusted hop anybody may have written.
    ["10.0.0.1", xfp("https, http"), "http"],
    ["10.0.0.1", forwarded("for=1.1.1.1;proto=https, for=203.0.113.9;proto=http"), "http"],
    ["10.0.0.1", forwarded("for=203.0.113.9;proto=https, for=10.0.0.2;proto=http"), "https"],
    ["10.0.0.1", { ...xff("203.0.113.9, 10.0.0.2"), ...xfp("https, http") }, "https"],
    ["10.0.0.1", { ...xff("203.0.113.9, 10.0.0.2"), ...xfp("https") }, "https"],
    ["10.0.0.1", { ...xff("203.0.113.9"), ...xfp("https, http") }, "http"],
    ["10.0.0.1", forwarded("for=1.1.1.1;proto=https, nonsense"), "http"],
  ];
  for (const [peer, headers, protocol] of rows) {
    assert.equal(
      proxiesOf(headers).protocolOf(peer, new Headers(headers)),
      protocol,
      `${peer} ${JSON.stringify(headers)}`,
    );
  }
});

Deno.test("a client's address is what a trusted proxy says, and nobody else", () => {
  for (const [peer, headers, client] of rows) {
    const found = proxiesOf(headers).clientOf(peer, new Headers(headers));
    assert.equal(found, client, `${peer} ${JSON.stringify(headers)}`);
  }
  const none = new TrustedProxies([]);
  assert.equal(none.clientOf("127.0.0.1", new Headers(xff("1.1.1.1"))), "127.0.0.1");
});

Deno.test("whatever a client writes into the headers, what the proxy adds to them counts", () => {
  const text = fc.oneof(
    fc.string(),
    fc.array(fc.constantFrom('"', "\\", ",", ";", "for=", "1.1.1.1", " ", "[", "]", "x")).map(
      (parts) => parts.join(""),
    ),
  ).map((given) => given.replace(/[^\x20-\x7e]/g, "?"));
  fc.assert(
    fc.property(text, (smuggled) => {
      for (
        const [name, added] of [
          ["x-forwarded-for", "203.0.113.9"],
          ["forwarded", "for=203.0.113.9"],
          ["forwarded", 'by=_a;for="203.0.113.9:80";host="a\\"b,c"'],
        ] as const
      ) {
        const headers = new Headers({ [name]: `${smuggled}, ${added}, ${added}` });
        const proxies = name === "forwarded" ? writesForwarded : writesFor;
        assert.equal(proxies.clientOf("10.0.0.1", headers), "203.0.113.9");
      }
    }),
    { numRuns: 2000 },
  );
});

Deno.test("the log tells where clients come from, at debug", async () => {
  const args = ["--no-auth", "--amqp-url", "amqp://127.0.0.1:1/", "--log-level=debug"];
  const headers = { Forwarded: "for=203.0.113.9", "X-Forwarded-For": "203.0.113.9" };
  for (
    const [flags, address] of [
      [["--trusted-proxies=127.0.0.0/8,::1"], "203.0.113.9"],
      [[], "127.0.0.1"],
    ] as const
  ) {
    await using ranger = await startRanger({ args: [...args, ...flags] });
    await using client = await connectClient(ranger.url(), { headers });
    await client.next();
    await ranger.log((line) =>
      line.message === `connection 1 from ${address} opened with 0 streams`
    );
    await client.close();
    const line = await ranger.log((line) => line.by === "client");
    assert.equal(line.message, `connection 1 from ${address} closed by client: 1000 `);
    assert.equal(line.address, address);
  }
});

Deno.test("clients are counted by address behind a proxy, and by network with IPv6", async () => {
  await using ranger = await startRanger({
    args: [
      ...["--no-auth", "--amqp-url", "amqp://127.0.0.1:1/"],
      ...["--limits-connections-per-address=2", "--trusted-proxies=127.0.0.1/32"],
    ],
  });
  const from = async (address: string) => {
    const client = await RawClient.connect(ranger.port);
    const response = await client.handshake(ranger.url(), {
      headers: { "X-Forwarded-For": address },
    });
    return { client, response };
  };
  const open: RawClient[] = [];
  const take = async (address: string, status: number) => {
    const { client, response } = await from(address);
    open.push(client);
    assert.equal(response.status, status, address);
  };
  await take("203.0.113.9", 101);
  await take("6.6.6.6, 203.0.113.9:99", 101);
  await take("203.0.113.9", 429);
  await take("203.0.113.8", 101);
  await take("2001:db8:0:1::1", 101);
  await take("2001:db8:0:1:ffff:ffff:ffff:ffff", 101);
  await take("[2001:db8::1:a:b:c:d]:80", 429);
  await take("2001:db8:0:2::1", 101);
  await take("::", 101);
  await take("::1:2:3:4", 101);
  await take("::5", 429);

  const { limitsHit } = await (await fetch(ranger.managementUrl("/stats"))).json();
  assert.deepEqual(limitsHit, { connections_per_address: 3 });
  for (const client of open) client.close();
});
