/** Connections that begin with a PROXY protocol header, versions 1 and 2. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { readProxyHeader } from "../../src/http/proxy_protocol.ts";
import { type RangerProcess, startRanger } from "../../testing/ranger.ts";
import { Opcode, RawClient } from "../../testing/raw_client.ts";
import { step } from "../support/exchange.ts";

const SIGNATURE = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");

function v1(text: string): Buffer {
  return Buffer.from(`PROXY ${text}\r\n`, "latin1");
}

function v2(command: number, family: number, addresses: readonly number[], more = 0): Buffer {
  const head = Buffer.from([0x20 | command, family, 0, addresses.length + more]);
  return Buffer.concat([SIGNATURE, head, Buffer.from(addresses), Buffer.alloc(more)]);
}

const IPV4 = [203, 0, 113, 9, 10, 0, 0, 1, 0x12, 0x67, 0, 80];
const IPV6 = [
  ...[0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x17],
  ...Array<number>(16).fill(1),
  ...[0x12, 0x67, 0, 80],
];

const good: [what: string, header: Buffer, address: string | undefined][] = [
  ["v1, IPv4", v1("TCP4 203.0.113.9 10.0.0.1 4711 80"), "203.0.113.9"],
  ["v1, IPv6", v1("TCP6 2001:DB8:0::17 ::1 4711 80"), "2001:db8::17"],
  ["v1, unknown", v1("UNKNOWN"), undefined],
  ["v1, unknown with addresses", v1("UNKNOWN ffff:f::1 ffff:f::1 65535 65535"), undefined],
  ["v2, IPv4", v2(1, 0x11, IPV4), "203.0.113.9"],
  ["v2, IPv6", v2(1, 0x21, IPV6), "2001:db8::17"],
  ["v2, IPv4 and extensions", v2(1, 0x11, IPV4, 40), "203.0.113.9"],
  ["v2, the proxy's own connection", v2(0, 0, []), undefined],
  ["v2, the proxy's own connection with addresses", v2(0, 0x11, IPV4), undefined],
  ["v2, a UNIX socket", v2(1, 0x31, Array<number>(216).fill(0)), undefined],
];

const bad: [what: string, header: Buffer][] = [
  ["no header", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
  ["v1 without an address", v1("TCP4")],
  ["v1 with an invalid address", v1("TCP4 203.0.113 10.0.0.1 1 2")],
  ["v1 of another protocol", v1("UDP4 203.0.113.9 10.0.0.1 1 2")],
  ["v1 without an end", Buffer.from(`PROXY TCP4 ${"1".repeat(200)}`)],
  ["v2 of another version", Buffer.concat([SIGNATURE, Buffer.from([0x31, 0x11, 0, 0])])],
  ["v2 with another command", v2(2, 0x11, IPV4)],
  ["v2 with too few addresses", v2(1, 0x11, [1, 2, 3])],
  ["v2 that is too long", Buffer.concat([SIGNATURE, Buffer.from([0x21, 0x11, 0xff, 0xff])])],
];

Deno.test("a header is read however it is split, and nothing behind it", () => {
  for (const [what, header, address] of good) {
    const all = Buffer.concat([header, Buffer.from("GET / HTTP/1.1\r\n")]);
    assert.deepEqual(readProxyHeader(all), { address, length: header.length }, what);
    for (let length = 0; length < header.length; length++) {
      assert.equal(readProxyHeader(header.subarray(0, length)), "incomplete", `${what}: ${length}`);
    }
  }
  for (const [what, header] of bad) assert.equal(readProxyHeader(header), "invalid", what);
});

Deno.test("any bytes are a header, the beginning of one, or invalid", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.tuple(fc.constantFrom(...good.map(([, header]) => header)), fc.nat(60), fc.nat(255)).map(
      ([header, at, byte]) => {
        const changed = new Uint8Array(header);
        if (at < changed.length) changed[at] = byte;
        return changed;
      },
    ),
  );
  fc.assert(fc.property(bytes, (bytes) => {
    const header = readProxyHeader(bytes);
    if (typeof header === "object") assert.ok(header.length <= bytes.length);
    else assert.match(header, /^(incomplete|invalid)$/);
  }));
});

const ARGS = ["--no-auth", "--amqp-url", "amqp://127.0.0.1:1/", "--log-level=debug"];

function request(ranger: RangerProcess, more = ""): string {
  return `GET /public?stream=a.b HTTP/1.1\r\nHost: 127.0.0.1:${ranger.port}\r\n` +
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
    `Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n${more}\r\n`;
}

Deno.test("with server.proxy_protocol a client has the address of its header", async (t) => {
  const args = [...ARGS, "--proxy-protocol", "--trusted-proxies=127.0.0.1,10.0.0.0/8"];
  await using ranger = await startRanger({ args });
  let connections = 0;
  /** Of the connection that was opened last. */
  const assertOpened = async (address: string) => {
    const wanted = ++connections;
    let seen = 0;
    const line = await ranger.log(
      ({ message }) => message.endsWith("1 streams") && ++seen === wanted,
      `connection ${wanted}`,
    );
    assert.equal(line.address, address);
  };

  for (const [what, header, address = "127.0.0.1"] of good) {
    await step(t, what, async () => {
      for (const isCut of [false, true]) {
        using client = await RawClient.connect(ranger.port);
        if (!isCut) await client.write(Buffer.concat([header, Buffer.from(request(ranger))]));
        else {
          for (const byte of header) await client.write(new Uint8Array([byte]));
          await client.write(request(ranger));
        }
        assert.equal((await client.response()).status, 101);
        assert.match(new TextDecoder().decode((await client.frame()).payload), /subscribed/);
        await client.send({ opcode: Opcode.text, payload: "ping" });
        assert.equal(new TextDecoder().decode((await client.frame()).payload), "pong");
        await assertOpened(address);
        // A client that ends its side first is answered to the end.
        await client.end();
        assert.equal(await client.ended(), "end");
      }
    });
  }

  await step(t, "X-Forwarded-For counts if the header names another trusted proxy", async () => {
    using client = await RawClient.connect(ranger.port);
    const header = v1("TCP4 10.0.0.7 10.0.0.1 4711 80");
    await client.write(header);
    await client.write(request(ranger, "X-Forwarded-For: 198.51.100.3\r\n"));
    assert.equal((await client.response()).status, 101);
    await assertOpened("198.51.100.3");
  });

  await step(t, "a plain request is answered", async () => {
    using client = await RawClient.connect(ranger.port);
    await client.write(v1("TCP4 203.0.113.9 10.0.0.1 4711 80"));
    await client.write(`GET /asyncapi.json HTTP/1.1\r\nHost: a\r\n\r\n`);
    assert.equal((await client.response()).status, 200);
  });

  await step(t, "a connection of a trusted proxy without a header is cut", async () => {
    for (const [, header] of bad) {
      using client = await RawClient.connect(ranger.port);
      await client.write(header);
      await client.ended();
    }
  });

  await step(t, "shutdown does not wait for connections without a header", async () => {
    using idle = await RawClient.connect(ranger.port);
    using open = await RawClient.connect(ranger.port);
    await open.write(Buffer.concat([good[0]![1], Buffer.from(request(ranger))]));
    assert.equal((await open.response()).status, 101);
    const stopped = ranger.stop();
    await idle.ended();
    while ((await open.frame()).opcode !== Opcode.close);
    open.close();
    assert.equal((await stopped).code, 0, ranger.stderr);
    assert.equal(ranger.logged(({ message }) => message.startsWith("shutdown timed out")), 0);
  });
});

Deno.test("a header is a bad request from others, and without server.proxy_protocol", async () => {
  for (const flags of [["--proxy-protocol"], ["--trusted-proxies=127.0.0.1"]]) {
    await using ranger = await startRanger({ args: [...ARGS, ...flags] });
    using forger = await RawClient.connect(ranger.port);
    await forger.write(v1("TCP4 203.0.113.9 10.0.0.1 4711 80"));
    await forger.write(request(ranger)).catch(() => {});
    assert.equal((await forger.response()).status, 400);
    using honest = await RawClient.connect(ranger.port);
    await honest.write(request(ranger));
    assert.equal((await honest.response()).status, 101);
  }
});
