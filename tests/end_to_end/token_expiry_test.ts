import assert from "node:assert/strict";
import { until } from "../../testing/bounded.ts";
import type { Client } from "../support/client.ts";
import {
  AUTHENTICATED,
  AUTHENTICATION_FAILED,
  type Exchange,
  freshWord,
  startExchange,
  step,
  subscribed,
  unsubscribed,
} from "../support/exchange.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";

const broker = await sharedBroker();

const TOKEN_EXPIRED = '{"error":{"message":"Token expired."}}';

/** Seconds since the epoch, so that between one and two seconds are left. */
const soon = () => Math.floor(Date.now() / 1000) + 2;

/** Reads the message that says so, and asserts that it did not come before its time. */
async function expiry(client: Client, exp: number): Promise<void> {
  assert.equal(await client.next(), TOKEN_EXPIRED);
  assert.ok(Date.now() >= exp * 1000, "it came before its time");
}

/** The part of `/stats` that counts ends of tokens. */
async function expiries({ ranger }: Exchange): Promise<{ waiting: number; expired: number }> {
  const response = await fetch(ranger.managementUrl("/stats"));
  return (await response.json()).auth.expiries;
}

Deno.test("a token's end on the live connection", async (t) => {
  await using exchange = await startExchange(broker, { args: ["--rbac", "admin=admin"] });
  const bearer = async (uid: string, exp: number | undefined, role = "admin") =>
    `Bearer ${await exchange.key.token({ uid, exp, role })}`;

  for (const by of ["header", "message"] as const) {
    await step(
      t,
      `private and prefixed streams stop, and a new token restores (${by})`,
      async () => {
        const [uid, id, exp] = [freshWord(), freshWord(), soon()];
        const [ours, prefixed] = [`${id}.trades`, `admin.${id}.orders`];
        await exchange.publish(`admin.${id}.ob-snap`, { asks: [], bids: [], sequence: 7 });
        const book = `admin.${id}.ob-inc`;
        const path = `/private?stream=order&stream=${ours}`;
        const token = await exchange.key.token({
          uid,
          exp: by === "header" ? exp : exp + 600,
          role: "admin",
        });
        await using client = await exchange.connect(path, { token });
        if (by === "message") {
          assert.equal(await client.ask({ jwt: await bearer(uid, exp) }), AUTHENTICATED);
        }
        await client.send({ event: "subscribe", streams: [prefixed, book] });
        assert.deepEqual(await client.take(2), [
          subscribed("order", ours, prefixed, book),
          `{"${id}.ob-snap":{"asks":[],"bids":[],"sequence":7}}`,
        ]);
        await exchange.publish(`private.${uid}.order`, 1);
        await exchange.publish(prefixed, 1);
        // A private event goes first where both are owed at once.
        assert.deepEqual(
          (await client.take(2)).sort(),
          [
            '{"order":1}',
            `{"${id}.orders":1}`,
          ].sort(),
        );

        await expiry(client, exp);
        await exchange.publish(`private.${uid}.order`, 2);
        await exchange.publish(prefixed, 2);
        await exchange.publish(`public.${ours}`, 3);
        assert.equal(await client.next(), `{"${ours}":3}`);
        await exchange.assertOwedNothing(client);
        await client.send({ event: "subscribe", streams: [prefixed] });
        assert.deepEqual(await client.take(2), [
          `{"success":{"message":"cannot subscribe to ${prefixed}"}}`,
          subscribed("order", ours),
        ]);

        assert.equal(await client.ask({ jwt: await bearer(uid, exp) }), AUTHENTICATION_FAILED);
        assert.equal(await client.ask({ jwt: await bearer(uid, exp + 600) }), AUTHENTICATED);
        assert.equal(await client.next(), `{"${id}.ob-snap":{"asks":[],"bids":[],"sequence":7}}`);
        await exchange.publish(`private.${uid}.order`, 4);
        await exchange.publish(prefixed, 4);
        assert.deepEqual(
          (await client.take(2)).sort(),
          [
            '{"order":4}',
            `{"${id}.orders":4}`,
          ].sort(),
        );
        assert.equal(
          await client.ask({ event: "subscribe", streams: [] }),
          subscribed("order", ours, prefixed, book),
        );
      },
    );
  }

  await step(
    t,
    "only what the next token's role may have is restored, and what was kept",
    async () => {
      const exp = soon();
      const [one, two] = [`admin.${freshWord()}.a`, `admin.${freshWord()}.b`];
      const open = async () => {
        const token = await exchange.key.token({ uid: freshWord(), exp, role: "admin" });
        return await exchange.connect(`/private?stream=${one}&stream=${two}`, { token });
      };
      await using member = await open();
      await using picky = await open();
      await expiry(member, exp);
      await expiry(picky, exp);
      assert.equal(
        await member.ask({ jwt: await bearer("ID1", undefined, "member") }),
        AUTHENTICATED,
      );
      assert.equal(await member.ask({ event: "subscribe", streams: [] }), subscribed());
      assert.equal(await picky.ask({ event: "unsubscribe", streams: [one] }), unsubscribed());
      assert.equal(await picky.ask({ jwt: await bearer("ID1", undefined) }), AUTHENTICATED);
      assert.equal(await picky.ask({ event: "subscribe", streams: [] }), subscribed(two));
      // What a later token took away stays away.
      assert.equal(await member.ask({ jwt: await bearer("ID1", undefined) }), AUTHENTICATED);
      assert.equal(await member.ask({ event: "subscribe", streams: [] }), subscribed());
    },
  );

  await step(t, "a new token's end replaces the old one's, in both directions", async () => {
    const [uid, exp] = [freshWord(), soon()];
    const connect = async (first: number | undefined) =>
      await exchange.connect("/private?stream=order", {
        token: await exchange.key.token({ uid, exp: first }),
      });
    await using longer = await connect(exp);
    await using endless = await connect(exp);
    await using shorter = await connect(exp + 600);
    assert.equal(await longer.ask({ jwt: await bearer(uid, exp + 600) }), AUTHENTICATED);
    assert.equal(await endless.ask({ jwt: await bearer(uid, undefined) }), AUTHENTICATED);
    assert.equal(await shorter.ask({ jwt: await bearer(uid, exp) }), AUTHENTICATED);
    await expiry(shorter, exp);
    await exchange.publish(`private.${uid}.order`, 5);
    for (const client of [longer, endless]) assert.equal(await client.next(), '{"order":5}');
    await exchange.assertOwedNothing(shorter);
  });

  await step(t, "a connection that ends before its token leaves nothing behind", async () => {
    const before = await expiries(exchange);
    assert.equal(before.waiting, 0);
    const exp = Math.floor(Date.now() / 1000) + 3600;
    const clients = await Promise.all(Array.from({ length: 20 }, async (_, n) => {
      const token = await exchange.key.token({ exp: exp - (n * 7) % 5 });
      return await exchange.connect("/private", { token });
    }));
    assert.equal((await expiries(exchange)).waiting, 20);
    for (const [n, client] of clients.entries()) {
      if (n % 2 === 0) client.raw.close();
      else await client.close();
    }
    await until(
      async () => (await expiries(exchange)).waiting === 0 || undefined,
      "the ends to be forgotten",
    );
    assert.equal((await expiries(exchange)).expired, before.expired);
  });
});

Deno.test("the leeway for exp holds for the live connection as well", async () => {
  await using exchange = await startExchange(broker, { args: ["--jwt-exp-leeway=3"] });
  const exp = soon() - 3;
  await using client = await exchange.connect("/private", {
    token: await exchange.key.token({ exp, iat: exp - 60 }),
  });
  await expiry(client, exp + 3);
});

Deno.test("without auth.enforce_expiry an identity stays, as with the old servers", async () => {
  await using exchange = await startExchange(broker, { args: ["--no-enforce-expiry"] });
  const [uid, exp] = [freshWord(), soon()];
  const token = await exchange.key.token({ uid, exp });
  await using client = await exchange.connect("/private?stream=order", { token });
  await using other = await exchange.connect("/public");
  await until(
    async () => await other.ask({ jwt: `Bearer ${token}` }) === AUTHENTICATION_FAILED || undefined,
    "the token to expire",
  );
  await exchange.publish(`private.${uid}.order`, 1);
  assert.equal(await client.next(), '{"order":1}');
  await exchange.publish(`private.${uid}.order`, 2);
  assert.equal(await client.next(), '{"order":2}');
  assert.equal((await expiries(exchange)).expired, 0);
});
