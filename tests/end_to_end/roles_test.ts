import assert from "node:assert/strict";
import { mayHold } from "../../src/session/permissions.ts";
import { connectClient } from "../support/client.ts";
import { AUTHENTICATED, freshWord, startExchange, step, subscribed } from "../support/exchange.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";

const broker = await sharedBroker();

/** Rango's words for a stream that the client's role may not have. */
function cannotSubscribe(stream: string): string {
  return `{"success":{"message":"cannot subscribe to ${stream}"}}`;
}

Deno.test("prefixed streams are for the roles that the prefix lists", async (t) => {
  await using exchange = await startExchange(broker, {
    args: ["--rbac", "admin=admin,superadmin", "--rbac", "desk=trader", "--rbac", "nobody="],
  });
  const bearer = async (uid: string, role: string | undefined) =>
    `Bearer ${await exchange.key.token({ uid, role })}`;

  await step(
    t,
    "a prefixed stream that the role may not have is refused before the list",
    async () => {
      const rows: [role: string | undefined, stream: string, allowed: boolean][] = [
        ["admin", "admin.x.orders", true],
        ["superadmin", "admin.x.orders", true],
        ["trader", "desk.x.orders", true],
        ["trader", "admin.x.orders", false],
        ["member", "admin.x.orders", false],
        ["Admin", "admin.x.orders", false],
        ["admin,superadmin", "admin.x.orders", false],
        ["", "admin.x.orders", false],
        [undefined, "admin.x.orders", false],
        ["", "nobody.x.orders", false],
        ["admin", "unheard.x.orders", false],
        ["admin", "Admin.x.orders", false],
        ["admin", "public.x.orders", false],
        ["admin", "private.x.orders", false],
        ["admin", "constructor.x.orders", false],
        ["admin", "__proto__.x.orders", false],
      ];
      for (const [role, stream, allowed] of rows) {
        await using client = await exchange.connect("/private", {
          headers: { Authorization: await bearer(freshWord(), role) },
        });
        await client.send({ event: "subscribe", streams: ["a.b", stream, "c"] });
        const expected = allowed
          ? [subscribed("a.b", stream, "c")]
          : [cannotSubscribe(stream), subscribed("a.b", "c")];
        assert.deepEqual(await client.take(expected.length), expected, `${role} and ${stream}`);
        await exchange.assertOwedNothing(client);
      }
    },
  );

  await step(t, "nobody without a token has a prefixed stream, also not by the query", async () => {
    const path = "/public?stream=admin.x.orders&stream=a.b&stream=desk.x.orders";
    await using client = await connectClient(exchange.ranger.url(path));
    assert.deepEqual(await client.take(3), [
      cannotSubscribe("admin.x.orders"),
      cannotSubscribe("desk.x.orders"),
      subscribed("a.b"),
    ]);
    await exchange.publish("admin.x.orders", 1);
    await exchange.assertOwedNothing(client);
  });

  await step(t, "the role changes with the token, and with it the prefixed streams", async () => {
    const id = freshWord();
    const [uid, stream] = [freshWord(), `admin.${id}.orders`];
    await using client = await exchange.connect(`/public?stream=${id}.trades`);
    await client.ask({ event: "subscribe", streams: [stream] });
    assert.equal(await client.next(), subscribed(`${id}.trades`));
    assert.equal(await client.ask({ jwt: await bearer(uid, "admin") }), AUTHENTICATED);
    const both = subscribed(`${id}.trades`, stream);
    assert.equal(await client.ask({ event: "subscribe", streams: [stream] }), both);
    await exchange.publish(stream, 1);
    assert.equal(await client.next(), `{"${id}.orders":1}`);
    assert.equal(await client.ask({ jwt: await bearer(uid, "member") }), AUTHENTICATED);
    await exchange.publish(stream, 2);
    await exchange.assertOwedNothing(client);
    const left = subscribed(`${id}.trades`);
    assert.equal(await client.ask({ event: "subscribe", streams: [] }), left);
  });
});

Deno.test("global.<id>.<event> reaches anyone under <id>.<event>, as with Rango", async () => {
  await using exchange = await startExchange(broker, {
    args: ["--rbac", "admin=admin", "--streams-mode", "strict"],
  });
  const id = freshWord();
  await using anyone = await exchange.connect(`/public?stream=${id}.ob-inc&stream=global.tickers`);
  await using byId = await exchange.connect(`/public?stream=${id}`);
  await anyone.send({ event: "subscribe", streams: [`global.${id}.ob-inc`] });
  assert.deepEqual(await anyone.take(2), [
    cannotSubscribe(`global.${id}.ob-inc`),
    subscribed(`${id}.ob-inc`, "global.tickers"),
  ]);
  const snapshot = '{"asks":[],"bids":[["1","1"]],"sequence":1}';
  const increment = '{"bids":["1",""],"sequence":2}';
  await exchange.publish(`global.${id}.ob-snap`, snapshot);
  // The same stream under both keys.
  await exchange.publish(`public.${id}.ob-inc`, increment);
  for (const client of [anyone, byId]) {
    assert.deepEqual(await client.take(2), [
      `{"${id}.ob-snap":${snapshot}}`,
      `{"${id}.ob-inc":${increment}}`,
    ]);
  }
  await exchange.publish("global.tickers", {});
  assert.equal(await anyone.next(), '{"global.tickers":{}}');
});

Deno.test("global is a prefix like any other where roles are configured for it", async () => {
  await using exchange = await startExchange(broker, {
    args: ["--rbac", "global=trader"],
  });
  const id = freshWord();
  const token = await exchange.key.token({ uid: "ID1", role: "trader" });
  await using trader = await exchange.connect(`/private?stream=global.${id}.trades`, { token });
  await using anyone = await exchange.connect(`/public?stream=${id}.trades&stream=global.tickers`);
  await anyone.send({ event: "subscribe", streams: [`global.${id}.trades`] });
  assert.equal(await anyone.next(), cannotSubscribe(`global.${id}.trades`));
  await anyone.next();
  await exchange.publish(`global.${id}.trades`, 1);
  await exchange.publish(`public.${id}.trades`, 2);
  await exchange.publish("global.tickers", 3);
  assert.equal(await trader.next(), `{"${id}.trades":1}`);
  assert.deepEqual(await anyone.take(2), [`{"${id}.trades":2}`, '{"global.tickers":3}']);
  for (const client of [trader, anyone]) await exchange.assertOwedNothing(client);
});

Deno.test("a connection without a role has no guarded stream, whatever the lists say", () => {
  assert.equal(mayHold({ admin: [""] }, "", "admin.x.y"), false);
  assert.equal(mayHold({ admin: ["", "admin"] }, "admin", "admin.x.y"), true);
  assert.equal(mayHold({}, "", "x.y"), true);
  assert.equal(mayHold({}, "", "order"), true);
});

Deno.test("roles are taken from Rango's environment too", async () => {
  await using exchange = await startExchange(broker, {
    env: { RANGO_RBAC_ADMIN: "admin,superadmin", RANGO_RBAC_FINEX: "accountant" },
  });
  for (const [role, stream] of [["superadmin", "admin.x.y"], ["accountant", "finex.x.y"]]) {
    await using client = await exchange.connect(`/private?stream=${stream}`, {
      token: await exchange.key.token({ uid: "ID1", role }),
    });
    await exchange.publish(stream!, 1);
    assert.equal(await client.next(), '{"x.y":1}');
  }
});
