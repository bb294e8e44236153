/**
 * Ranger in Rango's place: its environment, its key files and its clients' habits, as
 * cmd/rango/rango.go, pkg/routing and openware/pkg's jwt/key_store_eddsa.go have them.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { generateKeyPairSync } from "node:crypto";
import { connectPublisher, randomExchange } from "../../testing/amqp.ts";
import { connectClient } from "../support/client.ts";
import { step, subscribed } from "../support/exchange.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { startRanger } from "../../testing/ranger.ts";
import { Opcode, RawClient } from "../../testing/raw_client.ts";
import { runRanger, temporaryFolder } from "../support/run_ranger.ts";
import { makeKey } from "../../testing/tokens.ts";

const broker = await sharedBroker();

/** A pair as Rango's tools write it: raw bytes in PEM blocks. */
function rawPair(): { readonly publicPem: string; readonly privatePem: string } {
  const { x, d } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  const pem = (label: string, content: string) =>
    `-----BEGIN ${label}-----\n${
      Buffer.from(content, "base64url").toString("base64")
    }\n-----END ${label}-----\n`;
  return { publicPem: pem("PUBLIC KEY", x!), privatePem: pem("PRIVATE KEY", d!) };
}

async function tokenOf(privatePem: string, ...more: readonly string[]): Promise<string> {
  const signed = await runRanger(["token", `--key=${privatePem}`, "--uid", "IDME", ...more]);
  assert.equal(signed.code, 0, signed.output);
  return signed.stdout.trim();
}

Deno.test("a deployment of Rango goes on with the environment that it has", async (t) => {
  const { publicPem, privatePem } = rawPair();
  const address = new URL(broker.url);
  await using publisher = await connectPublisher(broker.url, randomExchange());
  await using ranger = await startRanger({
    args: ["--exchange", publisher.exchange],
    env: {
      JWT_PUBLIC_KEY: Buffer.from(publicPem).toString("base64"),
      RABBITMQ_HOST: address.hostname,
      RABBITMQ_PORT: address.port,
      RABBITMQ_USER: decodeURIComponent(address.username),
      RABBITMQ_PASSWORD: decodeURIComponent(address.password),
      RANGO_RBAC_ADMIN: "admin,superadmin",
      API_CORS_ORIGINS: "https://trade.example.com,localhost:3000",
      LOG_LEVEL: "info",
    },
  });
  await ranger.consuming();
  const token = await tokenOf(privatePem, "--role", "admin");

  await step(t, "its users and administrators get what is theirs", async () => {
    const path = "/private?stream=a.trades,order,admin.a.orders";
    const headers = { Origin: "https://trade.example.com" };
    await using client = await connectClient(ranger.url(path), { token, headers });
    assert.equal(await client.next(), subscribed("a.trades", "order", "admin.a.orders"));
    await publisher.publish("public.a.trades", { n: 1 });
    await publisher.publish("private.IDME.order", { n: 2 });
    await publisher.publish("admin.a.orders", { n: 3 });
    // Private events may come before others.
    assert.deepEqual((await client.take(3)).sort(), [
      '{"a.orders":{"n":3}}',
      '{"a.trades":{"n":1}}',
      '{"order":{"n":2}}',
    ]);
  });

  await step(
    t,
    "a client that sends its JSON in binary frames, and pings with a newline",
    async () => {
      await using client = await connectClient(ranger.url("/public"));
      await client.next();
      const payload = '{\n  "event": "subscribe",\n  "streams": ["a.trades"]\n}\n';
      await client.raw.send({ opcode: Opcode.binary, payload });
      assert.equal(await client.next(), subscribed("a.trades"));
      assert.equal(await client.ask("\nping\n"), "pong");
    },
  );

  await step(t, "paths and tokens are answered with the same status", async () => {
    const rows: [path: string, headers: Record<string, string>, status: number][] = [
      ["/", {}, 101],
      ["/public", {}, 101],
      ["/public", { Authorization: "Bearer wrong" }, 101],
      ["/private", {}, 401],
      ["/private", { Authorization: "Bearer wrong" }, 401],
      ["/private", { Authorization: `Basic ${token}` }, 401],
      ["/private", { Authorization: `Bearer ${token}` }, 101],
      ["/public", { Origin: "https://trade.example.com" }, 101],
      ["/public", { Origin: "http://localhost:3000" }, 101],
      ["/public", { Origin: "http://localhost" }, 403],
      ["/public", { Origin: "https://evil.example" }, 403],
      ["/public", { "Sec-WebSocket-Key": "" }, 400],
    ];
    for (const [path, headers, status] of rows) {
      using client = await RawClient.connect(ranger.port);
      const response = await client.handshake(ranger.url(path), { headers });
      assert.equal(response.status, status, `${path} ${JSON.stringify(headers)}`);
    }
  });
});

Deno.test("a key file of Rango's is checked, served and reloaded like any other", async (t) => {
  await using folder = await temporaryFolder();
  const [old, next] = [rawPair(), rawPair()];
  const file = await folder.write("ed25519-key.pub", old.publicPem);

  await step(t, "check", async () => {
    const args = ["--jwt-public-key", file, "--port", "0", "--management-port", "0"];
    const { code, stdout, output } = await runRanger(
      ["check", "--config", "/dev/null", "--amqp-url", broker.url, ...args],
    );
    assert.equal(code, 0, output);
    assert.match(stdout, /Ed25519.*EdDSA/);
  });

  await using ranger = await startRanger({
    args: ["--amqp-url", broker.url, "--exchange", randomExchange(), "--jwt-public-key", file],
  });
  const status = async (privatePem: string) => {
    using client = await RawClient.connect(ranger.port);
    const headers = { Authorization: `Bearer ${await tokenOf(privatePem)}` };
    return (await client.handshake(ranger.url("/private"), { headers })).status;
  };

  await step(t, "another key on SIGHUP", async () => {
    assert.deepEqual([await status(old.privatePem), await status(next.privatePem)], [101, 401]);
    await folder.write("ed25519-key.pub", next.publicPem);
    ranger.signal("SIGHUP");
    await ranger.log(({ message }) => message.startsWith("read the settings"));
    assert.deepEqual([await status(old.privatePem), await status(next.privatePem)], [401, 101]);
  });

  await step(t, "a damaged one on SIGHUP leaves the good one", async () => {
    await folder.write("ed25519-key.pub", next.publicPem.replace(/\n..../, "\n"));
    ranger.signal("SIGHUP");
    await ranger.log(({ message }) => /^cannot use the new settings.* 29 bytes/s.test(message));
    assert.equal(await status(next.privatePem), 101);
  });
});

Deno.test("a token of a machine whose clock is some seconds ahead is taken at once", async () => {
  const key = await makeKey();
  await using ranger = await startRanger({
    args: ["--amqp-url", broker.url, "--exchange", randomExchange()],
    env: { JWT_PUBLIC_KEY: key.publicBase64url },
  });
  const now = Math.floor(Date.now() / 1000);
  const rows: [claims: Record<string, unknown>, status: number][] = [
    [{ iat: now + 4, nbf: now + 4 }, 101],
    [{ iat: now + 60 }, 401],
    [{ nbf: now + 60 }, 401],
    [{ exp: now - 2 }, 401],
  ];
  for (const [claims, status] of rows) {
    using client = await RawClient.connect(ranger.port);
    const headers = { Authorization: `Bearer ${await key.token(claims)}` };
    const response = await client.handshake(ranger.url("/private"), { headers });
    assert.equal(response.status, status, JSON.stringify(claims));
  }
});
