import assert from "node:assert/strict";
import { connectPublisher, type Publisher, randomExchange } from "../../testing/amqp.ts";
import { until } from "../../testing/bounded.ts";
import { type Client, connectClient } from "../support/client.ts";
import { AUTHENTICATED, AUTHENTICATION_FAILED, step, subscribed } from "../support/exchange.ts";
import { scrape } from "../support/metrics.ts";
import { JwksServer } from "../support/jwks_server.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { type RangerProcess, startRanger } from "../../testing/ranger.ts";
import { RawClient } from "../../testing/raw_client.ts";
import { temporaryFolder } from "../support/run_ranger.ts";
import { makeKey } from "../../testing/tokens.ts";

const broker = await sharedBroker();

/** A server with a configuration file that the test writes. */
class Deployment implements AsyncDisposable {
  #reloads = 0;

  private constructor(
    readonly ranger: RangerProcess,
    readonly publisher: Publisher,
    readonly path: string,
    private readonly resources: AsyncDisposableStack,
  ) {}

  /** @param toml what the file says at the start; its keys lie in the same folder */
  static async start(toml: (folder: string) => string, files: Record<string, string> = {}) {
    await using resources = new AsyncDisposableStack();
    const folder = resources.use(await temporaryFolder());
    for (const [name, text] of Object.entries(files)) await folder.write(name, text);
    const file = await folder.write("ranger.toml", toml(folder.path));
    const publisher = resources.use(await connectPublisher(broker.url, randomExchange()));
    const ranger = resources.use(
      await startRanger({
        args: ["--config", file, "--amqp-url", broker.url],
        env: { RANGER_AMQP_EXCHANGE: publisher.exchange },
      }),
    );
    await ranger.consuming();
    return new Deployment(ranger, publisher, folder.path, resources.move());
  }

  async write(name: string, text: string): Promise<void> {
    await Deno.writeTextFile(`${this.path}/${name}`, text);
  }

  /** SIGHUP, and the line of the log that tells what came of it. */
  async reload(toml?: string): Promise<string> {
    if (toml !== undefined) await this.write("ranger.toml", toml);
    this.ranger.signal("SIGHUP");
    const wanted = ++this.#reloads;
    let seen = 0;
    const line = await this.ranger.log(
      ({ message }) =>
        /^(read the settings|cannot use the new settings)/.test(message) && ++seen === wanted,
      `the outcome of reload ${wanted}`,
    );
    return line.message;
  }

  async connect(path = "/public", token?: string): Promise<Client> {
    const client = await connectClient(this.ranger.url(path), token === undefined ? {} : { token });
    await client.next();
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.resources.disposeAsync();
  }
}

Deno.test("keys change on SIGHUP, and who is connected stays", async (t) => {
  const [old, next] = await Promise.all([makeKey(), makeKey("RS256")]);
  const toml = (folder: string) => `[auth]\npublic_key = "${folder}/jwt.pub"\n`;
  await using deployment = await Deployment.start(toml, { "jwt.pub": old.publicPem });
  const { publisher } = deployment;
  const token = await old.token({ uid: "ID1" });
  await using client = await deployment.connect("/private?stream=order&stream=a.b", token);
  await using other = await deployment.connect();
  const verifies = async (token: string) =>
    await other.ask({ jwt: `Bearer ${token}` }) === AUTHENTICATED;

  await step(t, "a key is added to the file", async () => {
    assert.equal(await verifies(await next.token()), false);
    await deployment.write("jwt.pub", old.publicPem + next.publicPem);
    assert.match(await deployment.reload(), /changed: no setting$/);
    assert.equal(await verifies(await next.token()), true);
    assert.equal(await verifies(token), true);
  });

  await step(
    t,
    "a broken file leaves the keys in force, and says why as the start does",
    async () => {
      await deployment.write("jwt.pub", old.privatePem);
      const before = await scrape(deployment.ranger);
      assert.equal(before.value("ranger_config_last_reload_successful"), 1);
      assert.match(
        await deployment.reload(),
        /^cannot use .*; the old ones stay in force: auth\.public_key, from file .*: .*holds a private key/,
      );
      const after = await scrape(deployment.ranger);
      assert.equal(after.value("ranger_config_last_reload_successful"), 0);
      const since = "ranger_config_last_reload_success_timestamp_seconds";
      assert.equal(after.value(since), before.value(since));
      const { reload } = await (await fetch(deployment.ranger.managementUrl("/stats"))).json();
      assert.equal(reload.successful, false);
      assert.match(reload.reason, /^auth\.public_key, from file .*: .*holds a private key/);
      assert.equal(await verifies(token), true);
    },
  );

  await step(t, "the old key goes; whom it let in stays in until the token ends", async () => {
    await deployment.write("jwt.pub", next.publicPem);
    const failedAt = Date.now() / 1000;
    await deployment.reload();
    const { value } = await scrape(deployment.ranger);
    assert.equal(value("ranger_config_last_reload_successful"), 1);
    const since = value("ranger_config_last_reload_success_timestamp_seconds");
    assert.ok(since >= failedAt, `${since} and ${failedAt}`);
    assert.equal(await verifies(token), false);
    assert.equal(await verifies(await old.token()), false);
    assert.equal(await verifies(await next.token()), true);
    await publisher.publish("private.ID1.order", 1);
    assert.equal(await client.next(), '{"order":1}');
    assert.equal(await client.ask({ jwt: `Bearer ${token}` }), AUTHENTICATION_FAILED);
    await publisher.publish("private.ID1.order", 2);
    assert.equal(await client.next(), '{"order":2}');
  });
});

Deno.test("what may change while it runs changes on SIGHUP, and nothing else", async (t) => {
  const key = await makeKey();
  const start = (folder: string) =>
    `[auth]\npublic_key = "${folder}/jwt.pub"\n` +
    '[rbac]\nadmin = ["admin"]\ndesk = ["admin"]\n[server]\norigins = ["one.example"]\n';
  await using deployment = await Deployment.start(start, { "jwt.pub": key.publicPem });
  const { ranger, publisher, path } = deployment;
  const auth = `[auth]\npublic_key = "${path}/jwt.pub"\n`;
  const token = await key.token({ uid: "ID1", role: "admin" });
  const streams = ["order", "a.b", "admin.a.b", "desk.a.b"];
  await using client = await deployment.connect(`/private?stream=${streams.join(",")}`, token);
  const holds = () => client.ask({ event: "subscribe", streams: [] });
  const originStatus = async (origin: string) => {
    using raw = await RawClient.connect(ranger.port);
    const { status } = await raw.handshake(ranger.url("/public"), { headers: { Origin: origin } });
    return status;
  };
  assert.equal(await holds(), subscribed(...streams));
  assert.equal(await originStatus("https://two.example"), 403);

  await step(t, "roles, origins, limits and checks", async () => {
    const outcome = await deployment.reload(
      `${auth}issuer = "barong"\nenforce_expiry = false\n` +
        '[rbac]\ndesk = ["admin", "trader"]\n[server]\norigins = ["two.example"]\n' +
        "[limits]\nstreams = 4\n",
    );
    for (
      const changed of [
        "server.origins",
        "auth.issuer",
        "auth.enforce_expiry",
        "limits.streams",
        "rbac.admin",
        "rbac.desk",
      ]
    ) assert.ok(outcome.includes(changed), `${changed} in ${outcome}`);
    assert.equal(await holds(), subscribed("order", "a.b", "desk.a.b"));
    await publisher.publish("admin.a.b", 1);
    await publisher.publish("desk.a.b", 2);
    assert.equal(await client.next(), '{"a.b":2}');
    assert.equal(await originStatus("https://one.example"), 403);
    assert.equal(await originStatus("https://two.example"), 101);
    assert.equal(
      await client.ask({ event: "subscribe", streams: ["c.d", "e.f"] }),
      '{"error":{"message":"Too many streams."}}',
    );
    assert.equal(await client.next(), subscribed("order", "a.b", "desk.a.b", "c.d"));
    assert.equal(await client.ask({ jwt: `Bearer ${token}` }), AUTHENTICATION_FAILED);
  });

  await step(t, "global becomes a prefix by its roles, and public again without", async () => {
    await deployment.reload(`${auth}[rbac]\nglobal = ["trader"]\n`);
    await publisher.publish("global.a.b", 1);
    await publisher.publish("public.a.b", 2);
    assert.equal(await client.next(), '{"a.b":2}');
    await deployment.reload(auth);
    await publisher.publish("global.a.b", 3);
    assert.equal(await client.next(), '{"a.b":3}');
  });

  await step(t, "what needs a restart is named, until it is made good or restarted", async () => {
    const named = () =>
      ranger.logged(({ message }) => message === "streams.mode changed: needs a restart");
    const good = `${auth}[server]\norigins = ["two.example"]\n`;
    await deployment.reload(`${good}[streams]\nmode = "strict"\n`);
    await until(() => named() === 1 || undefined, "the first warning");
    await deployment.reload();
    await until(() => named() === 2 || undefined, "the second warning");
    await deployment.reload(good);
    await deployment.reload();
    assert.equal(named(), 2);
    await publisher.publish("public.a.b", { not: "registered" });
    assert.equal(await client.next(), '{"a.b":{"not":"registered"}}');
  });

  const broken: [string, RegExp][] = [
    ["[server\n", /ranger\.toml is not TOML: line 1/],
    ["[limits]\nstreams = 0\n", /limits\.streams, from file .*: 0 is below 1; expected/],
    ["", /auth\.public_key .*is not set/],
    [`${auth}[limit]\nstreams = 7\n`, /unknown section \[limit\]; did you mean \[limits\]\?/],
    [
      auth.replace("jwt.pub", "none.pub") + "[rbac]\nadmin = []\n",
      /auth\.public_key, from file .*ranger\.toml: there is no file .*none\.pub; give/,
    ],
    [
      `${auth}revoked = "/none/revoked"\n`,
      /auth\.revoked, from file .*ranger\.toml: cannot read \/none\/revoked: .*; expected/,
    ],
    [`${auth}jwks_url = "http://127.0.0.1:9"\n`, /auth\.jwks_url: no keys from .*: /],
  ];
  await step(t, "a file that is wrong changes nothing", async () => {
    const before = await holds();
    for (const [toml, reason] of broken) {
      const outcome = await deployment.reload(toml);
      assert.match(outcome, /^cannot use the new settings; the old ones stay in force: /);
      assert.match(outcome, reason);
      assert.equal(await originStatus("https://two.example"), 101);
      assert.equal(await holds(), before);
    }
  });
});

Deno.test("the log's level changes, and a crowd of SIGHUPs ends with the last file", async () => {
  const off = "[auth]\nenabled = false\n";
  await using deployment = await Deployment.start(() => off);
  const { ranger } = deployment;
  const ends = () =>
    ranger.logged(({ message }) => /^connection \d+ from \S+ closed by/.test(message));
  await (await deployment.connect()).close();
  assert.match(await deployment.reload(`${off}[log]\nlevel = "debug"\n`), /: log\.level$/);
  assert.equal(ends(), 0);
  await (await deployment.connect()).close();
  await until(() => ends() === 1 || undefined, "the end at debug level");

  for (let n = 1; n <= 20; n++) {
    await deployment.write("ranger.toml", `${off}[limits]\nstreams = ${n}\n`);
    ranger.signal("SIGHUP");
  }
  const streams = Array.from({ length: 21 }, (_, n) => `s${n}.x`);
  await until(async () => {
    await using client = await deployment.connect();
    const answer = await client.ask({ event: "subscribe", streams });
    if (answer === subscribed(...streams)) return undefined;
    return await client.next() === subscribed(...streams.slice(0, 20)) || undefined;
  }, "the last file to be in force");
});

Deno.test("a limit per address set on SIGHUP counts the connections that exist", async () => {
  const off = "[auth]\nenabled = false\n";
  await using deployment = await Deployment.start(() => off);
  const status = async () => {
    using raw = await RawClient.connect(deployment.ranger.port);
    return (await raw.handshake(deployment.ranger.url("/public"))).status;
  };
  const first = await deployment.connect();
  await using _second = await deployment.connect();
  const limited = `${off}[limits]\nconnections_per_address = 2\n`;
  assert.match(await deployment.reload(limited), /: limits\.connections_per_address$/);
  assert.equal(await status(), 429);
  await first.close();
  await until(async () => await status() === 101 || undefined, "the place of one who has gone");
  await deployment.reload(off);
  await using _third = await deployment.connect();
  await using _fourth = await deployment.connect();
  await deployment.reload(limited);
  assert.equal(await status(), 429);
});

Deno.test("another key set is taken when it can be had", async () => {
  const [one, two] = await Promise.all([makeKey(), makeKey()]);
  await using first = new JwksServer();
  await using second = new JwksServer();
  first.publish(await one.jwk({ kid: "one" }));
  await using deployment = await Deployment.start(() => `[auth]\njwks_url = "${first.url}"\n`);
  await using client = await deployment.connect();
  const verifies = async (key: typeof one, kid: string) =>
    await client.ask({ jwt: `Bearer ${await key.token({}, { kid })}` }) === AUTHENTICATED;
  assert.equal(await verifies(one, "one"), true);

  const toml = `[auth]\njwks_url = "${second.url}"\n`;
  assert.match(await deployment.reload(toml), /^cannot use .*: it answers 404; expected/);
  assert.equal(await verifies(one, "one"), true);

  second.publish(await two.jwk({ kid: "two" }));
  assert.match(await deployment.reload(toml), /changed: auth\.jwks_url$/);
  assert.equal(await verifies(one, "one"), false);
  assert.equal(await verifies(two, "two"), true);

  // The same address is asked again at once: its keys may be why.
  second.publish(await one.jwk({ kid: "one" }));
  await deployment.reload();
  assert.equal(await verifies(one, "one"), true);
  assert.equal(await verifies(two, "two"), false);
});
