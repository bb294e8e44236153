/** What ends a user's connections before their tokens expire, and how many one user may have. */
import assert from "node:assert/strict";
import { until } from "../../testing/bounded.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { RawClient } from "../../testing/raw_client.ts";
import type { RangerProcess } from "../../testing/ranger.ts";
import {
  AUTHENTICATED,
  AUTHENTICATION_FAILED,
  type Exchange,
  startExchange,
  step,
} from "../support/exchange.ts";
import { labelled } from "../support/metrics.ts";
import { runRanger, temporaryFolder } from "../support/run_ranger.ts";

const broker = await sharedBroker();

/** SIGHUP, and the line that tells what came of it; the n-th of them. */
async function reload(ranger: RangerProcess, times: number): Promise<string> {
  ranger.signal("SIGHUP");
  let seen = 0;
  const { message } = await ranger.log(
    ({ message }) =>
      /^(read the settings|cannot use the new settings)/.test(message) && ++seen === times,
    `the outcome of reload ${times}`,
  );
  return message;
}

async function statusOf(ranger: RangerProcess, path: string, token: string) {
  using client = await RawClient.connect(ranger.port);
  return await client.handshake(ranger.url(path), {
    headers: { Authorization: `Bearer ${token}` },
  });
}

Deno.test("auth.revoked ends connections and refuses their tokens, from the reload on", async (t) => {
  await using folder = await temporaryFolder();
  const file = await folder.write("revoked", "# nobody yet\n\n");
  await using exchange = await startExchange(broker, { args: ["--revoked", file] });
  const { ranger, key } = exchange;
  const [byToken, byUser, others] = await Promise.all([
    key.token({ uid: "ID1", jti: "a1b2" }),
    key.token({ uid: "ID2", jti: 42 }),
    key.token({ uid: "ID3", jti: "42x" }),
  ]);
  const connect = (token: string) => exchange.connect("/private?stream=order", { token });

  await step(t, "connections that match are closed with 1008, all others stay", async () => {
    await using first = await connect(byToken);
    await using second = await exchange.connect("/public?stream=order");
    assert.equal(await second.ask({ jwt: `Bearer ${byUser}` }), AUTHENTICATED);
    await using stays = await connect(others);
    await using anonymous = await exchange.connect("/public");
    await folder.write("revoked", "jti a1b2\n# a comment\n  uid   ID2  \r\nuid x y\n");
    assert.match(await reload(ranger, 1), /^read the settings/);
    assert.deepEqual(await first.closing(), { code: 1008, reason: "revoked" });
    assert.deepEqual(await second.closing(), { code: 1008, reason: "revoked" });
    await exchange.publish("private.ID3.order", { id: 1 });
    assert.equal(await stays.next(), '{"order":{"id":1}}');
    await exchange.assertOwedNothing(stays);
    await exchange.assertOwedNothing(anonymous);
  });

  await step(t, "tokens that match are refused, in header and message", async () => {
    for (const token of [byToken, byUser, await key.token({ uid: "ID2" })]) {
      assert.equal((await statusOf(ranger, "/private", token)).status, 401);
      await using client = await exchange.connect("/public?stream=order");
      assert.equal(await client.ask({ jwt: `Bearer ${token}` }), AUTHENTICATION_FAILED);
    }
    // A token of the user whose other token is revoked.
    await using client = await exchange.connect("/public");
    const token = await key.token({ uid: "ID1", jti: "c3d4" });
    assert.equal(await client.ask({ jwt: `Bearer ${token}` }), AUTHENTICATED);
    assert.equal((await labelled(ranger, "ranger_auth_total", "result")).revoked, 6);
  });

  await step(t, "a file that cannot be read leaves the old entries in force", async () => {
    await folder.write("revoked", "jti a1b2\nID2\n");
    assert.match(await reload(ranger, 2), /line 2 of .*revoked is not an entry; right would be/);
    await Deno.remove(file);
    assert.match(await reload(ranger, 3), /cannot read .*revoked: there is no such file/);
    assert.equal((await statusOf(ranger, "/private", byUser)).status, 401);
  });

  await step(t, "an entry that is taken out is good again", async () => {
    await folder.write("revoked", "uid ID2\n");
    await reload(ranger, 4);
    await using client = await exchange.connect("/public");
    assert.equal(await client.ask({ jwt: `Bearer ${byToken}` }), AUTHENTICATED);
    assert.equal(await client.ask({ jwt: `Bearer ${byUser}` }), AUTHENTICATION_FAILED);
  });
});

Deno.test("ranger check reads auth.revoked", async () => {
  await using folder = await temporaryFolder();
  const file = await folder.write("revoked", "jti a\njti b\n");
  const check = async (path: string) => {
    const { stdout } = await runRanger([
      ...["check", "--config=/dev/null", "--port=0", "--management-port=0"],
      ...["--amqp-url=amqp://127.0.0.1:1", "--revoked", path],
    ]);
    return stdout;
  };
  assert.match(await check(file), /^ok {5}revoked: 2 entries in /m);
  assert.match(await check(`${file}.none`), /^FAILS {2}revoked: .*there is no such file/m);
});

Deno.test("one user has as many connections as the limit says", async (t) => {
  const args = ["--limits-connections-per-user=3"];
  await using exchange = await startExchange(broker, { args });
  const { ranger, key } = exchange;
  const [token, other] = await Promise.all([key.token({ uid: "ID1" }), key.token({ uid: "ID2" })]);
  const connections = async () => (await exchange.stats()).connections.authenticated;

  await step(t, "by the header, also when all come at once", async () => {
    const clients = await Promise.all(
      Array.from({ length: 10 }, () => RawClient.connect(ranger.port)),
    );
    const headers = { Authorization: `Bearer ${token}` };
    const answers = await Promise.all(
      clients.map((client) => client.handshake(ranger.url("/private"), { headers })),
    );
    assert.equal(answers.filter(({ status }) => status === 101).length, 3);
    const refused = answers.filter(({ status }) => status === 429);
    assert.equal(refused.length, 7);
    assert.match(refused[0]!.headers.get("retry-after") ?? "", /^\d+$/);
    assert.equal((await statusOf(ranger, "/private", other)).status, 101);
    for (const client of clients) client.close();
    await until(async () => await connections() === 0 || undefined, "all to have gone");
  });

  await step(t, "by message, where another user's token replaces the first", async () => {
    const bearer = { jwt: `Bearer ${token}` };
    await using first = await exchange.connect("/public");
    await using second = await exchange.connect("/private", { token });
    await using third = await exchange.connect("/private", { token });
    await using fourth = await exchange.connect("/public");
    assert.equal(await first.ask(bearer), AUTHENTICATED);
    assert.equal(await first.ask(bearer), AUTHENTICATED, "it is not a further connection");
    assert.equal(await fourth.ask(bearer), AUTHENTICATION_FAILED);
    assert.equal(await third.ask({ jwt: `Bearer ${other}` }), AUTHENTICATED);
    assert.equal(await fourth.ask(bearer), AUTHENTICATED);
    assert.equal(await third.ask(bearer), AUTHENTICATION_FAILED);
    await assertUser(exchange, third, "ID2");
    await second.close();
    await until(async () => await connections() === 3 || undefined, "the second to have gone");
    assert.equal(await third.ask(bearer), AUTHENTICATED);
    const hit = await labelled(ranger, "ranger_limits_hit_total", "limit");
    assert.equal(hit.connections_per_user, 9);
  });
});

/** A failed try leaves the identity that the connection had. */
async function assertUser(
  exchange: Exchange,
  client: Awaited<ReturnType<Exchange["connect"]>>,
  uid: string,
): Promise<void> {
  await client.ask({ event: "subscribe", streams: ["order"] });
  await exchange.publish(`private.${uid}.order`, 1);
  assert.equal(await client.next(), '{"order":1}');
}
