import assert from "node:assert/strict";
import {
  AUTHENTICATION_FAILED,
  freshWord,
  startExchange,
  step,
  subscribed,
  TOKEN_TYPE_INVALID,
} from "../support/exchange.ts";
import { RawClient } from "../../testing/raw_client.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";

const broker = await sharedBroker();

Deno.test("without authentication there is no key, no user, and all that is public", async (t) => {
  await using exchange = await startExchange(broker, {
    auth: false,
    args: ["--rbac", "admin=admin"],
  });
  const uid = freshWord();
  const token = await exchange.key.token({ uid, role: "admin" });

  await step(t, "public streams go to anyone, whatever token a gateway adds", async () => {
    const id = freshWord();
    for (const path of ["/", "/public", "/api/v2/ranger/public/"]) {
      await using client = await exchange.connect(
        `${path}?stream=${id}.trades&stream=${id}`,
        path === "/" ? {} : { token },
      );
      await exchange.publish(`public.${id}.trades`, { path });
      assert.equal(await client.next(), `{"${id}.trades":{"path":"${path}"}}`);
    }
  });

  await step(t, "no token is a good one", async () => {
    for (
      const [path, withToken, status] of [
        ["/private", true, 401],
        ["/private/", false, 401],
        ["/", true, 401],
        ["/", false, 101],
        ["/public", true, 101],
      ] as const
    ) {
      using client = await RawClient.connect(exchange.ranger.port);
      const headers = withToken ? { Authorization: `Bearer ${token}` } : {};
      const response = await client.handshake(exchange.ranger.url(path), { headers });
      assert.equal(response.status, status, `${path} ${withToken ? "with" : "without"} a token`);
    }
    await using client = await exchange.connect("/public");
    assert.equal(await client.ask({ jwt: `Bearer ${token}` }), AUTHENTICATION_FAILED);
    assert.equal(await client.ask({ jwt: token }), TOKEN_TYPE_INVALID);
    await client.send({ jwt: `Bearer ${token}`, event: "subscribe", streams: ["a.b"] });
    assert.deepEqual(await client.take(2), [AUTHENTICATION_FAILED, subscribed("a.b")]);
  });

  await step(
    t,
    "private names may be held and never deliver; prefixed ones are refused",
    async () => {
      await using client = await exchange.connect("/public?stream=order", { token });
      await client.send({ event: "subscribe", streams: ["admin.x.y"] });
      assert.deepEqual(await client.take(2), [
        '{"success":{"message":"cannot subscribe to admin.x.y"}}',
        subscribed("order"),
      ]);
      await exchange.publish(`private.${uid}.order`, 1);
      await exchange.publish("admin.x.y", 1);
      await exchange.assertOwedNothing(client);
      assert.equal((await exchange.stats()).connections.authenticated, 0);
    },
  );
});
