/** Requests that one reader could take for another's: what both listeners refuse before they decide. */
import assert from "node:assert/strict";
import { Handshakes } from "../../src/http/handshakes.ts";
import { httpApp } from "../../src/http/http_app.ts";
import { Listener } from "../../src/http/listener.ts";
import { managementApp } from "../../src/http/management_app.ts";
import { TrustedProxies } from "../../src/http/client_address.ts";
import { upgradeApp } from "../../src/http/upgrade_app.ts";
import { ConnectionQuota } from "../../src/session/connection_quota.ts";
import { LabelledCounter } from "../../src/telemetry/labelled_counter.ts";
import { RawClient } from "../../testing/raw_client.ts";
import { bounded } from "../../testing/bounded.ts";
import { unlimitedFailures, unlimitedUsers } from "../support/unlimited.ts";

/** Answers every handshake that is admitted with its path. */
class Listening implements AsyncDisposable {
  admitted = 0;
  readonly #clients: Listener;
  readonly #management: Listener;

  private constructor() {
    const limits = { connections: 1000, connectionsPerAddress: 0, handshakeTimeout: 10 };
    const quota = new ConnectionQuota(limits, new LabelledCounter());
    this.#clients = new Listener(httpApp(), {
      app: upgradeApp({
        origins: [],
        loopbackOrigins: false,
        proxies: new TrustedProxies([]),
        places: quota,
        failures: unlimitedFailures(),
        users: unlimitedUsers(),
        verify: (token) =>
          token === "good" ? Promise.resolve({ uid: "U1" } as never) : Promise.reject(new Error()),
        envelope: "object",
        compression: false,
      }),
      handshakes: new Handshakes(limits, new LabelledCounter()),
      admit: (socket, _head, { address }, answer) => {
        this.admitted++;
        quota.release(address);
        socket.write(answer);
        socket.end("admitted");
      },
      release: ({ address }) => quota.release(address),
    });
    this.#management = new Listener(managementApp({
      unready: () => [],
      stats: () => ({}),
      metrics: { contentType: "text/plain", metrics: () => Promise.resolve("") },
    }));
  }

  static async start(): Promise<Listening & { client: number; management: number }> {
    const listening = new Listening();
    const any = { host: "127.0.0.1", port: 0 };
    const { port: client } = await listening.#clients.listen(any, "--port");
    const { port: management } = await listening.#management.listen(any, "--management-port");
    return Object.assign(listening, { client, management });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#clients.close();
    await this.#management.close();
  }
}

const UPGRADE = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

async function statusOf(port: number, request: string): Promise<number> {
  using client = await RawClient.connect(port);
  await client.write(request);
  return (await client.response()).status;
}

/** All that the server sends until it ends the connection. */
async function everything(port: number, request: string): Promise<string> {
  using socket = await Deno.connect({ hostname: "127.0.0.1", port });
  await socket.write(new TextEncoder().encode(request));
  const text = new Response(socket.readable).text();
  return await bounded(text, "the end of the connection", 5_000);
}

/** Values of Host that a URL would take apart in another way. */
const HOSTS = [
  "x#",
  "x?",
  "x/",
  "x/public?",
  "x/public/",
  "x\\public",
  "x@evil",
  "user:pw@x",
  "x, y",
  "x y",
  "x:1:2",
  "x:port",
  "[::1",
  "::1",
];

Deno.test("a Host that is not a host is refused by both listeners, upgrade or not", async () => {
  await using listening = await Listening.start();
  for (const host of HOSTS) {
    for (const upgrade of ["", UPGRADE]) {
      for (const path of ["/private", "/public", "/"]) {
        const request = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${upgrade}\r\n`;
        assert.equal(await statusOf(listening.client, request), 400, JSON.stringify(request));
      }
    }
    const request = `GET /readyz HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
    assert.equal(await statusOf(listening.management, request), 400, host);
  }
  assert.equal(listening.admitted, 0);
});

Deno.test("a Host with userinfo does not pass for the origin behind it", async () => {
  await using listening = await Listening.start();
  const headers = `Host: x@evil\r\nOrigin: http://evil\r\n${UPGRADE}`;
  assert.equal(await statusOf(listening.client, `GET / HTTP/1.1\r\n${headers}\r\n`), 400);
});

Deno.test("two Host lines and two Authorization lines are refused, alike or not", async () => {
  await using listening = await Listening.start();
  for (const lines of ["Host: x\r\nHost: x\r\n", "Host: x\r\nhost: y\r\n"]) {
    for (const upgrade of ["", UPGRADE]) {
      const request = `GET /public HTTP/1.1\r\n${lines}${upgrade}\r\n`;
      assert.equal(await statusOf(listening.client, request), 400, request);
    }
    assert.equal(
      await statusOf(listening.management, `GET /readyz HTTP/1.1\r\n${lines}\r\n`),
      400,
    );
  }
  const tokens = "Authorization: Bearer good\r\nauthorization: Bearer good\r\n";
  const request = `GET /private HTTP/1.1\r\nHost: x\r\n${tokens}${UPGRADE}\r\n`;
  assert.equal(await statusOf(listening.client, request), 400);
  assert.equal(listening.admitted, 0);
});

Deno.test("HTTP/1.0 needs no Host, HTTP/1.1 does", async () => {
  await using listening = await Listening.start();
  for (const port of [listening.client, listening.management]) {
    const path = port === listening.management ? "/readyz" : "/";
    assert.equal(await statusOf(port, `GET ${path} HTTP/1.0\r\n\r\n`), 200);
    assert.equal(await statusOf(port, `OPTIONS ${path} HTTP/1.0\r\n\r\n`), 405);
    assert.equal(await statusOf(port, `GET ${path} HTTP/1.1\r\n\r\n`), 400);
  }
});

/** Request targets: which of them a client without a token may upgrade. */
const TARGETS: readonly (readonly [target: string, status: number])[] = [
  ["/private", 401],
  ["/private?stream=/public", 401],
  ["/public?x=/private", 101],
  ["/public/../private", 401],
  ["//private", 401],
  ["http://x/private", 401],
  ["http://x/public", 101],
  ["http://x?/public", 101],
  ["http://x@evil/public", 400],
  ["http://x#/public", 400],
  ["/private#/public", 401],
  ["/public#", 101],
  ["private", 400],
  ["*", 400],
];

Deno.test("access is judged by the path of the request line", async () => {
  await using listening = await Listening.start();
  for (const [target, status] of TARGETS) {
    const request = `GET ${target} HTTP/1.1\r\nHost: x\r\n${UPGRADE}\r\n`;
    assert.equal(await statusOf(listening.client, request), status, target);
  }
});

Deno.test("an upgrade behind a plain request is not answered before it, nor inside it", async () => {
  await using listening = await Listening.start();
  const first = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  const second = `GET /public HTTP/1.1\r\nHost: x\r\n${UPGRADE}\r\n`;
  const answer = await everything(listening.client, first + second);
  assert.match(answer, /^HTTP\/1\.1 200 /);
  assert.doesNotMatch(answer, / 101 /);
  assert.equal(listening.admitted, 0);
});
