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
