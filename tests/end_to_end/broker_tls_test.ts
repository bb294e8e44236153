import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:tls";
import { connectPublisher, randomExchange } from "../../testing/amqp.ts";
import { CertificateAuthority } from "../../testing/certificates.ts";
import { fileBroker, startBroker } from "../../testing/rabbitmq.ts";
import { startRanger } from "../../testing/ranger.ts";
import { connectClient } from "../support/client.ts";
import { subscribed } from "../support/exchange.ts";
import { NOT_INSTALLED, runRanger, temporaryFolder } from "../support/run_ranger.ts";

const folder = Deno.makeTempDirSync({ prefix: "ranger-tls-" });
const authority = await CertificateAuthority.create(folder, "ca");
const stranger = await CertificateAuthority.create(folder, "other-ca");
const server = await authority.issue("server", { names: "DNS:mq.example" });
const client = await authority.issue("client");

/** Listens with TLS, and requires a certificate of the authority. */
const broker = await fileBroker({ tls: { ca: authority.cert, ...server } });
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

const url = `amqps://guest:guest@127.0.0.1:${broker.tlsPort}/`;

/** The flags of a connection that works. */
const RIGHT = {
  "--amqp-url": url,
  "--amqp-ca": authority.cert,
  "--amqp-cert": client.cert,
  "--amqp-key": client.key,
  "--amqp-tls-name": "mq.example",
};

/** Flags of the right connection, with others in place of some; undefined leaves one out. */
function flags(changed: Readonly<Record<string, string | undefined>> = {}): string[] {
  return Object.entries({ ...RIGHT, ...changed })
    .flatMap(([flag, value]) => value === undefined ? [] : [`${flag}=${value}`]);
}

function check(changed: Readonly<Record<string, string | undefined>> = {}) {
  const listeners = ["--host=127.0.0.1", "--port=0", "--management-port=0"];
  return runRanger([
    ...["check", "--no-auth", "--config=/dev/null", ...NOT_INSTALLED, ...listeners],
    ...flags(changed),
  ]);
}

Deno.test("events come by TLS from a broker of a private authority that requires a client certificate", async () => {
  await using publisher = await connectPublisher(broker.url, randomExchange());
  const exchange = `--exchange=${publisher.exchange}`;
  await using ranger = await startRanger({ args: ["--no-auth", exchange, ...flags()] });
  await ranger.consuming();
  await using subscriber = await connectClient(ranger.url("/public?stream=usdbtc.trades"));
  assert.equal(await subscriber.next(), subscribed("usdbtc.trades"));
  const published = await runRanger([
    ...["publish", "public.usdbtc.trades", '{"n":1}', "--config=/dev/null", exchange],
    ...flags(),
  ]);
  assert.equal(published.code, 0, published.output);
  assert.equal(await subscriber.next(), '{"usdbtc.trades":{"n":1}}');

  const checked = await check({ "--exchange": publisher.exchange });
  assert.match(checked.stdout, /^ok +broker: connected; exchange .* exists; a queue was/m);
  assert.equal(checked.code, 0, checked.output);
});

Deno.test("a broker that speaks TLS 1.2 only is connected to, and refusals are explained", async () => {
  const old = await startBroker({ tls: { ca: authority.cert, ...server, version: "tlsv1.2" } });
  try {
    const there = { "--amqp-url": `amqps://guest:guest@127.0.0.1:${old.tlsPort}/` };
    const outcome = await check(there);
    assert.equal(outcome.code, 0, outcome.output);
    const refused = await check({ ...there, "--amqp-cert": undefined, "--amqp-key": undefined });
    assert.match(
      refused.output,
      /refused the TLS handshake; does it require a client certificate \(amqp\.cert and amqp\.key\)\?/,
    );
    assert.equal(refused.code, 69, refused.output);
  } finally {
    await old.stop();
  }
});

Deno.test("several authorities in one file are all trusted", async () => {
  const both = `${folder}/both.pem`;
  const texts = await Promise.all([stranger, authority].map(({ cert }) => Deno.readTextFile(cert)));
  await Deno.writeTextFile(both, texts.join(""));
  const outcome = await check({ "--amqp-ca": both });
  assert.equal(outcome.code, 0, outcome.output);
});

Deno.test("whatever is wrong with TLS is said with the setting that is about it", async () => {
  const [late, foreign, expiredServer] = await Promise.all([
    authority.issue("late-client", { expired: true }),
    stranger.issue("foreign-client"),
    authority.issue("late-server", { names: "DNS:mq.example", expired: true }),
  ]);
  const text = `${folder}/text.pem`;
  await Deno.writeTextFile(text, "not PEM\n");
  const damaged = `${folder}/damaged.pem`;
  const pem = await Deno.readTextFile(client.cert);
  await Deno.writeTextFile(damaged, pem.replace(/^M/m, "X"));
  const encrypted = `${folder}/encrypted.key`;
  await Deno.writeTextFile(
    encrypted,
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIGbMFcGCSqGSIb3\n-----END ENCRYPTED PRIVATE KEY-----\n",
  );
  const listener = createServer({
    cert: await Deno.readTextFile(expiredServer.cert),
    key: await Deno.readTextFile(expiredServer.key),
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;

  const cases: readonly [
    changed: Record<string, string | undefined>,
    code: number,
    said: RegExp,
  ][] = [
    [
      { "--amqp-ca": undefined },
      69,
      /broker's certificate is not from a trusted authority \(amqp\.ca\)/,
    ],
    [{ "--amqp-ca": stranger.cert }, 69, /not from a trusted authority \(amqp\.ca\)/],
    [
      { "--amqp-cert": undefined, "--amqp-key": undefined },
      69,
      /broker requires a client certificate \(amqp\.cert and amqp\.key\)/,
    ],
    [
      { "--amqp-cert": foreign.cert, "--amqp-key": foreign.key },
      69,
      /broker does not trust the authority of the client certificate \(amqp\.cert\)/,
    ],
    [
      { "--amqp-cert": late.cert, "--amqp-key": late.key },
      69,
      /the client certificate has expired \(amqp\.cert\)/,
    ],
    [
      { "--amqp-tls-name": "other.example" },
      69,
      /certificate is not for other\.example, but for DNS:mq\.example \(amqp\.tls_name\)/,
    ],
    [
      { "--amqp-tls-name": undefined },
      69,
      /certificate is not for 127\.0\.0\.1.* \(amqp\.tls_name\)/,
    ],
    [{ "--amqp-port": String(port) }, 69, /the broker's certificate .*has expired/],
    [
      { "--amqp-port": String(broker.port) },
      69,
      /what listens there does not speak TLS; the port for amqps:\/\/ is usually 5671/,
    ],
    [
      { "--amqp-ca": `${folder}/none.pem` },
      78,
      /amqp\.ca, from flag --amqp-ca: the file .*\/none\.pem does not exist/,
    ],
    [
      { "--amqp-cert": text },
      78,
      /amqp\.cert, from flag --amqp-cert: .*\/text\.pem is not a certificate; expected PEM/,
    ],
    [
      { "--amqp-cert": damaged },
      78,
      /amqp\.cert, from flag --amqp-cert: .*\/damaged\.pem is not a certificate/,
    ],
    [
      { "--amqp-key": text },
      78,
      /amqp\.key, from flag --amqp-key: .*\/text\.pem is not a private key; expected PEM/,
    ],
    [
      { "--amqp-key": encrypted },
      78,
      /amqp\.key, from flag --amqp-key: .*\.key is encrypted with a passphrase; expected/,
    ],
    [
      { "--amqp-key": foreign.key },
      78,
      /amqp\.key, from flag --amqp-key: .*foreign-client\.key is not the private key of the certificate in .*client\.pem/,
    ],
    [
      { "--amqp-key": undefined },
      78,
      /amqp\.cert, from flag --amqp-cert: is set without amqp\.key; expected both/,
    ],
    [
      { "--amqp-cert": undefined },
      78,
      /amqp\.key, from flag --amqp-key: is set without amqp\.cert; expected both/,
    ],
    [
      { "--amqp-url": broker.url },
      78,
      /amqp\.ca, from flag --amqp-ca: is for TLS, and the broker's URL is amqp:\/\/; expected/,
    ],
  ];
  try {
    for (const [changed, code, said] of cases) {
      const { output, ...outcome } = await check(changed);
      assert.match(output, said, JSON.stringify(changed));
      assert.equal(outcome.code, code, output);
    }
  } finally {
    const closed = once(listener, "close");
    listener.close();
    await closed;
  }
});

Deno.test("serve does not start with files that cannot be used, and publish does not connect", async () => {
  await using place = await temporaryFolder();
  const changed = { "--amqp-key": await place.write("amqp.key", "") };
  for (const command of [["serve", "--no-auth"], ["publish", "public.a.b", "{}"]]) {
    const { code, stderr } = await runRanger([...command, "--config=/dev/null", ...flags(changed)]);
    assert.match(
      stderr,
      /^ranger: amqp\.key, from flag --amqp-key: .*amqp\.key is not a private key/m,
    );
    assert.equal(code, 78);
  }
});

Deno.test("certificates are read again for each connection, so that they can be renewed", async () => {
  await using place = await temporaryFolder();
  const [cert, key] = [`${place.path}/amqp.pem`, `${place.path}/amqp.key`];
  const foreign = await stranger.issue("not-yet-trusted");
  await Deno.copyFile(foreign.cert, cert);
  await Deno.copyFile(foreign.key, key);
  const changed = { "--amqp-cert": cert, "--amqp-key": key, "--exchange": randomExchange() };
  await using ranger = await startRanger({ args: ["--no-auth", ...flags(changed)] });
  const refused = await ranger.log((line) => /does not trust/.test(String(line.reason)));
  assert.equal(refused.level, "error");
  assert.match(String(refused.advice), /^amqp\.ca names the authorities to trust/);
  // Between the two copies they do not fit, which must not end the process.
  await Deno.copyFile(client.cert, cert);
  const unfit = await ranger.log((line) => /is not the private key of/.test(String(line.reason)));
  assert.match(
    String(unfit.reason),
    /^amqp\.key, from flag --amqp-key: \S+ is not the private key/,
  );
  await Deno.copyFile(client.key, key);
  await ranger.consuming();
});
