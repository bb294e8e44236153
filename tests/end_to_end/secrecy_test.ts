import assert from "node:assert/strict";
import { connectClient } from "../support/client.ts";
import { AUTHENTICATION_FAILED, freshWord, startExchange, step } from "../support/exchange.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { makeKey } from "../../testing/tokens.ts";

const broker = await sharedBroker();

Deno.test("what is one user's stays that user's", async (t) => {
  await using exchange = await startExchange(broker, {
    args: ["--log-level", "debug", "--rbac", "admin=superadmin"],
  });
  const { key, ranger } = exchange;

  await step(t, "no name that a client can hold gets the events of another user", async () => {
    const uid = freshWord();
    const names = [
      ...["order", uid, "private", "*", "#", "private.*.*", `private.${uid}`, `${uid}.order`],
      ...[`private.${uid}.order`, `private.${uid}.order.`, `.${uid}.order`, `private.${uid}.#`],
    ];
    const path = ranger.url(`/?stream=${names.map(encodeURIComponent).join(",")}`);
    await using guest = await connectClient(path);
    const token = await key.token({ uid: freshWord(), role: "superadmin" });
    await using user = await connectClient(path, { token });
    for (const client of [guest, user]) {
      const answers = [];
      do answers.push(await client.next()); while (!answers.at(-1)!.includes('"subscribed"'));
      assert.ok(!answers.at(-1)!.includes(`"private.${uid}.order"`), "it is not a stream to hold");
    }
    await exchange.publish(`private.${uid}.order`, { secret: true });
    await exchange.publish(`private.${uid}.trade`, { secret: true });
    await exchange.assertOwedNothing(guest);
    await exchange.assertOwedNothing(user);
  });

  await step(
    t,
    "a token in the URL is ignored, and the operator sees no token",
    async () => {
      const good = await key.token({ uid: freshWord() });
      const wrong = await (await makeKey()).token({ uid: freshWord() });
      for (const token of [good, wrong]) {
        const query = `jwt=${token}&token=${token}&authorization=Bearer%20${token}`;
        await using client = await connectClient(ranger.url(`/public?${query}`));
        await client.next();
        assert.equal((await exchange.stats()).connections.authenticated, 0);
      }
      await using client = await connectClient(ranger.url("/public"), { token: good });
      await client.next();
      assert.equal(await client.ask({ jwt: `Bearer ${wrong}` }), AUTHENTICATION_FAILED);
      await exchange.settled();
      const shown = [ranger.stderr, ranger.stdout];
      for (const path of ["/stats", "/metrics", "/readyz", "/"]) {
        shown.push(await (await fetch(ranger.managementUrl(path))).text());
      }
      for (const secret of [good, wrong].flatMap((token) => token.split(".").slice(1))) {
        assert.ok(!shown.join("\n").includes(secret), secret);
      }
    },
  );
});
