import assert from "node:assert/strict";
import { connectPublisher, randomExchange } from "../../testing/amqp.ts";
import { until } from "../../testing/bounded.ts";
import { type Client, connectClient } from "../support/client.ts";
import { AUTHENTICATED, AUTHENTICATION_FAILED, step } from "../support/exchange.ts";
import { JwksServer } from "../support/jwks_server.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { type RangerProcess, startRanger } from "../../testing/ranger.ts";
import { NOT_INSTALLED, runRanger } from "../support/run_ranger.ts";
import { makeKey, type TestKey } from "../../testing/tokens.ts";

const broker = await sharedBroker();

/** The state of the set in `/stats`. */
interface Jwks {
  readonly keys: number;
  readonly age: number | undefined;
  readonly fetched: number;
  readonly failed: number;
  readonly failure: string | undefined;
}

async function start(...args: string[]) {
  await using started = new AsyncDisposableStack();
  const publisher = started.use(await connectPublisher(broker.url, randomExchange()));
  const ranger = started.use(
    await startRanger({
      args: ["--amqp-url", broker.url, "--exchange", publisher.exchange, ...args],
    }),
  );
  await ranger.consuming();
  const resources = started.move();
  return { ranger, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

async function stats(ranger: RangerProcess) {
  const response = await fetch(ranger.managementUrl("/stats"));
  return (await response.json()).auth as { results: Record<string, number>; jwks: Jwks };
}

/** Waits until the state of the set is such. */
function jwks(ranger: RangerProcess, is: (jwks: Jwks) => boolean, what: string): Promise<Jwks> {
  return until(async () => {
    const { jwks } = await stats(ranger);
    return is(jwks) ? jwks : undefined;
  }, what);
}

async function readiness(ranger: RangerProcess): Promise<readonly string[]> {
  const response = await fetch(ranger.managementUrl("/readyz"));
  const { ready, reasons } = await response.json();
  assert.equal(ready, response.status === 200);
  return reasons;
}

async function authenticate(client: Client, key: TestKey, kid: string | undefined) {
  return await client.ask({
    jwt: `Bearer ${await key.token({}, kid === undefined ? {} : { kid })}`,
  });
}

async function connected(ranger: RangerProcess): Promise<Client> {
  const client = await connectClient(ranger.url("/public"));
  await client.next();
  return client;
}

Deno.test("keys are fetched, change, and stay while they cannot be fetched", async (t) => {
  const [one, two, three] = await Promise.all([makeKey(), makeKey("RS256"), makeKey()]);
  await using server = new JwksServer();
  server.publish(await one.jwk({ kid: "one" }));
  await using started = await start(
    `--jwks-url=${server.url}?secret=s3cret`,
    "--jwks-refresh=1",
    "--jwks-cooldown=1",
    "--jwks-timeout=1",
  );
  const { ranger } = started;
  await using client = await connected(ranger);

  await step(t, "the first set makes ready", async () => {
    await jwks(ranger, ({ keys }) => keys === 1, "the first set");
    assert.deepEqual(await readiness(ranger), []);
    assert.equal(await authenticate(client, one, "one"), AUTHENTICATED);
    assert.equal(await authenticate(client, one, undefined), AUTHENTICATED);
    assert.equal(await authenticate(client, two, "two"), AUTHENTICATION_FAILED);
  });

  await step(t, "a key that is added is taken, one that is removed is not any more", async () => {
    const token = await one.token({}, { kid: "one" });
    assert.equal(await client.ask({ jwt: `Bearer ${token}` }), AUTHENTICATED);
    server.publish(await one.jwk({ kid: "one" }), await two.jwk({ kid: "two" }));
    await jwks(ranger, ({ keys }) => keys === 2, "the second key");
    assert.equal(await authenticate(client, two, "two"), AUTHENTICATED);
    assert.equal(await client.ask({ jwt: `Bearer ${token}` }), AUTHENTICATED);
    server.publish(await two.jwk({ kid: "two" }));
    await jwks(ranger, ({ keys }) => keys === 1, "the first key to go");
    assert.equal(await client.ask({ jwt: `Bearer ${token}` }), AUTHENTICATION_FAILED);
    assert.equal(await authenticate(client, two, "two"), AUTHENTICATED);
  });

  const troubles: [string, RegExp, () => void | Promise<void>][] = [
    ["it goes away", /nothing listens there/, () => server.away()],
    ["it hangs", /no answer within 1 s/, () => {
      server.back();
      server.hang();
    }],
    ["it answers rubbish", /no JSON/, () => server.answer(() => new Response("<html>"))],
    ["it answers JSON that is not a set", /no JSON Web Key Set/, () => {
      server.answer(() => Response.json({ error: "try again" }));
    }],
    ["it answers a set without keys", /holds no key/, () => server.publish()],
    ["it answers a secret", /a shared secret/, () => server.publish({ kty: "oct", k: "c2VjcmV0" })],
    ["it answers 503", /it answers 503/, () => {
      server.answer(() => new Response("busy", { status: 503 }));
    }],
    ["it answers with another address", /it answers 302; give the final address/, () => {
      server.answer(() => Response.redirect(`${server.url}?elsewhere`, 302));
    }],
    ["it answers without end", /more than 1048576 bytes/, () => {
      server.answer(() => new Response(new Uint8Array(2_000_000)));
    }],
  ];
  for (const [name, reason, trouble] of troubles) {
    await step(t, `the last good set stays while ${name}`, async () => {
      await trouble();
      const { failed } = (await stats(ranger)).jwks;
      const state = await jwks(
        ranger,
        (now) => now.failed > failed && reason.test(now.failure ?? ""),
        `a fetch to fail: ${reason}`,
      );
      assert.equal(state.keys, 1);
      assert.ok((state.age ?? 0) > 0);
      assert.equal(await authenticate(client, two, "two"), AUTHENTICATED);
      assert.deepEqual(await readiness(ranger), []);
      const line = await ranger.log(
        (line) => line.level === "warning" && reason.test(String(line.reason)),
        "the warning",
      );
      assert.match(line.message, /^cannot fetch keys from .*the last good set stays in force$/);
    });
  }

  await step(t, "and the next good one takes its place", async () => {
    server.publish(await three.jwk({ kid: "three" }));
    const state = await jwks(ranger, ({ failure }) => failure === undefined, "the next set");
    assert.equal(state.keys, 1);
    assert.equal(await authenticate(client, three, "three"), AUTHENTICATED);
    assert.equal(await authenticate(client, two, "two"), AUTHENTICATION_FAILED);
    const metrics = await (await fetch(ranger.managementUrl("/metrics"))).text();
    const value = (name: string) => {
      const found = new RegExp(`^${name}\\{[^}]*\\} ([\\d.]+)$`, "m").exec(metrics)?.[1];
      return Number(found ?? assert.fail(`no ${name} in\n${metrics}`));
    };
    assert.ok(value("ranger_jwks_failures_total") >= troubles.length);
    assert.ok(value("ranger_jwks_fetches_total") >= 4);
    assert.ok(value("ranger_jwks_age_seconds") < 60);
    assert.ok(value("ranger_jwks_last_success_timestamp_seconds") * 1000 <= Date.now());
    assert.ok(value("ranger_auth_total") > 0);
    assert.ok(!metrics.includes("s3cret"));
    assert.ok(!ranger.stderr.includes("s3cret"), "the log shows the address's query");
    assert.ok(!JSON.stringify(await stats(ranger)).includes("s3cret"));
  });
});

Deno.test("a token of an unknown key has the set fetched, and a crowd of them only once", async () => {
  const [one, two] = await Promise.all([makeKey(), makeKey("ES256")]);
  await using server = new JwksServer();
  server.publish(await one.jwk({ kid: "one" }));
  await using started = await start("--jwks-url", server.url, "--jwks-cooldown=1");
  const { ranger } = started;
  await jwks(ranger, ({ keys }) => keys === 1, "the first set");
  server.publish(await one.jwk({ kid: "one" }), await two.jwk({ kid: "two" }));
  await using client = await connected(ranger);
  // Nothing but a token has it fetched: the next refresh is minutes away.
  await until(
    async () => await authenticate(client, two, "two") === AUTHENTICATED || undefined,
    "the new key to be known",
  );
  assert.equal(server.asked, 2);

  const crowd = await Promise.all(Array.from({ length: 20 }, () => connected(ranger)));
  const answers = await Promise.all(
    crowd.flatMap((member, n) => authenticate(member, one, `unknown ${n}`)),
  );
  assert.ok(answers.every((answer) => answer === AUTHENTICATION_FAILED));
  assert.ok(server.asked <= 3, `it was asked ${server.asked} times`);
  await Promise.all(crowd.map((member) => member.close()));
});

Deno.test("without a first set it serves what is public, and is not ready", async () => {
  const key = await makeKey();
  await using server = new JwksServer();
  await server.away();
  await using started = await start("--jwks-url", server.url, "--jwks-cooldown=1");
  const { ranger } = started;
  await using client = await connected(ranger);
  assert.equal(await authenticate(client, key, "one"), AUTHENTICATION_FAILED);
  const [reason, ...others] = await readiness(ranger);
  assert.equal(reason, `no keys from ${server.url} yet: nothing listens there`);
  assert.deepEqual(others, []);
  assert.equal((await stats(ranger)).results.no_keys, 1);

  server.publish(await key.jwk({ kid: "one" }));
  server.back();
  await jwks(ranger, ({ keys }) => keys === 1, "the first set");
  assert.deepEqual(await readiness(ranger), []);
  assert.equal(await authenticate(client, key, "one"), AUTHENTICATED);
});

Deno.test("a configured key and a fetched set are in force together", async () => {
  const [own, fetched] = await Promise.all([makeKey(), makeKey()]);
  await using server = new JwksServer();
  server.publish(await fetched.jwk({ kid: "fetched" }));
  await using started = await start(
    "--jwks-url",
    server.url,
    "--jwt-public-key",
    own.publicPem,
  );
  await using client = await connected(started.ranger);
  await jwks(started.ranger, ({ keys }) => keys === 1, "the set");
  assert.equal(await authenticate(client, own, undefined), AUTHENTICATED);
  assert.equal(await authenticate(client, own, "any"), AUTHENTICATED);
  assert.equal(await authenticate(client, fetched, "fetched"), AUTHENTICATED);
});

Deno.test("check tries the set, and says what it finds", async () => {
  const key = await makeKey();
  await using server = new JwksServer();
  server.publish(await key.jwk({ kid: "2026-01" }));
  const check = () =>
    runRanger([
      "check",
      "--config=/dev/null",
      ...NOT_INSTALLED,
      ...["--host=127.0.0.1", "--port=0", "--management-port=0"],
      ...["--amqp-url", broker.url, "--jwks-url", server.url],
    ]);
  const found = await check();
  assert.equal(found.code, 0, found.output);
  const line = /^ok +jwks: (.*)$/m.exec(found.stdout)?.[1];
  assert.equal(line, `${server.url}: 2026-01 (Ed25519, verifies EdDSA)`);
  await server.away();
  const missing = await check();
  assert.match(missing.stdout, /^FAILS +jwks: .*nothing listens there$/m);
  assert.equal(missing.code, 69);
});
