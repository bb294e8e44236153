import assert from "node:assert/strict";
import { until } from "../../testing/bounded.ts";
import {
  AUTHENTICATED,
  AUTHENTICATION_FAILED,
  type Exchange,
  freshWord,
  startExchange,
  step,
  subscribed,
  TOKEN_TYPE_INVALID,
} from "../support/exchange.ts";
import { type Client, connectClient } from "../support/client.ts";
import { labelled } from "../support/metrics.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { RawClient } from "../../testing/raw_client.ts";
import { temporaryFolder } from "../support/run_ranger.ts";
import { makeKey } from "../../testing/tokens.ts";

const broker = await sharedBroker();

/** Asserts whose `order` events a client gets: those of one user, or nobody's. */
async function assertSpeaksFor(
  exchange: Exchange,
  client: Client,
  uid: string | undefined,
  others: readonly string[],
): Promise<void> {
  const id = freshWord();
  for (const other of others) await exchange.publish(`private.${other}.order`, { not: "yours" });
  if (uid !== undefined) {
    await exchange.publish(`private.${uid}.order`, { id });
    assert.equal(await client.next(), `{"order":{"id":"${id}"}}`);
  }
  for (const other of others) await exchange.publish(`private.${other}.order`, { not: "yours" });
  await exchange.assertOwedNothing(client);
}

Deno.test("authentication", async (t) => {
  await using exchange = await startExchange(broker);
  const { key } = exchange;
  const bearer = async (uid: string) => `Bearer ${await key.token({ uid })}`;

  await step(t, "the flow of 2018: streams by the query, a token by message", async () => {
    const [uid, other] = [freshWord(), freshWord()];
    const market = freshWord();
    await using client = await exchange.connect(`/?stream=order&stream=${market}.trades`);
    await using rival = await exchange.connect(`/?stream=order&stream=${market}.trades`);
    assert.equal(await rival.ask({ jwt: await bearer(other) }), AUTHENTICATED);

    await exchange.publish(`private.${uid}.order`, { id: 1 });
    await exchange.publish(`public.${market}.trades`, { trades: [] });
    assert.equal(await client.next(), `{"${market}.trades":{"trades":[]}}`);

    assert.equal(await client.ask({ jwt: await bearer(uid) }), AUTHENTICATED);
    await exchange.publish(`private.${other}.order`, { id: 2 });
    await exchange.publish(`private.${uid}.order`, { id: 3 });
    await exchange.publish(`private.${other}.order`, { id: 4 });
    await exchange.publish(`private.${uid}.trade`, { id: 5 });
    await exchange.publish(`private.${uid}.order`, { id: 6 });
    assert.deepEqual(await client.take(2), ['{"order":{"id":3}}', '{"order":{"id":6}}']);
    await exchange.publish(`public.${market}.trades`, { trades: [1] });
    assert.equal(await client.next(), `{"${market}.trades":{"trades":[1]}}`);
    await exchange.assertOwedNothing(client);

    assert.deepEqual((await rival.take(4)).sort(), [
      '{"order":{"id":2}}',
      '{"order":{"id":4}}',
      `{"${market}.trades":{"trades":[1]}}`,
      `{"${market}.trades":{"trades":[]}}`,
    ]);
    await exchange.assertOwedNothing(rival);
  });

  await step(t, "the same with a token in the header", async () => {
    const [uid, other] = [freshWord(), freshWord()];
    const market = freshWord();
    for (const path of ["/", "/private/", "/public"]) {
      await using client = await exchange.connect(
        `${path}?stream=order&stream=${market}.trades`,
        { headers: { Authorization: await bearer(uid) } },
      );
      await assertSpeaksFor(exchange, client, uid, [other]);
      await exchange.publish(`public.${market}.trades`, 1);
      assert.equal(await client.next(), `{"${market}.trades":1}`);
    }
  });

  await step(t, "a jwt that is not a Bearer token", async () => {
    await using client = await exchange.connect("/?stream=order");
    const token = await key.token();
    const jwts = [
      null,
      true,
      7,
      {},
      [`Bearer ${token}`],
      "",
      " ",
      "Bearer",
      "Bearer ",
      "Bearer \t ",
      token,
      `bearer ${token}`,
      `Token ${token}`,
      `Bearer:${token}`,
      `Bearer${token}`,
      ` Bearer ${token}`,
    ];
    for (const jwt of jwts) {
      assert.equal(await client.ask({ jwt }), TOKEN_TYPE_INVALID, JSON.stringify(jwt));
      assert.equal(await client.ask({ event: "auth", jwt }), TOKEN_TYPE_INVALID);
    }
    assert.equal((await exchange.stats()).connections.authenticated, 0);
  });

  await step(t, "a token that does not verify", async () => {
    const now = Math.floor(Date.now() / 1000);
    const [header, payload, signature] = (await key.token()).split(".");
    const none = btoa('{"alg":"none"}').replaceAll("=", "");
    const uid = freshWord();
    const without = (claim: string) => key.token({ uid, [claim]: undefined });
    const tokens = {
      "of another key": await (await makeKey()).token(),
      "of another kind of key": await (await makeKey("RS256")).token(),
      "with a changed payload": `${header}.${
        btoa(`{"uid":"${uid}","sub":"session","jti":"1"}`).replaceAll("=", "")
      }.${signature}`,
      "not signed": `${none}.${payload}.`,
      "signed with none": `${none}.${payload}.${signature}`,
      expired: await key.token({ uid, exp: now - 1, iat: now - 60 }),
      "not valid yet": await key.token({ uid, nbf: now + 600 }),
      "issued in the future": await key.token({ uid, iat: now + 600 }),
      "of another subject": await key.token({ uid, sub: "api_key" }),
      "without a subject": await without("sub"),
      "without an id": await without("jti"),
      "without a uid": await without("uid"),
      "with an empty uid": await key.token({ uid: "" }),
      "whose uid is a number": await key.token({ uid: 7 }),
      "no token at all": "nonsense",
      "two tokens": `${await key.token({ uid })} ${await key.token({ uid })}`,
    };
    await using client = await exchange.connect("/?stream=order");
    for (const [what, token] of Object.entries(tokens)) {
      assert.equal(await client.ask({ jwt: `Bearer ${token}` }), AUTHENTICATION_FAILED, what);
    }
    await assertSpeaksFor(exchange, client, undefined, [uid]);
  });

  await step(t, "a failed try leaves the identity, another good token replaces it", async () => {
    const [one, two] = [freshWord(), freshWord()];
    await using client = await exchange.connect("/?stream=order");
    const tries: [jwt: unknown, answer: string, uid: string | undefined][] = [
      ["Bearer wrong", AUTHENTICATION_FAILED, undefined],
      [await bearer(one), AUTHENTICATED, one],
      ["Bearer wrong", AUTHENTICATION_FAILED, one],
      [7, TOKEN_TYPE_INVALID, one],
      [await bearer(one), AUTHENTICATED, one],
      [await bearer(two), AUTHENTICATED, two],
      ["Bearer wrong", AUTHENTICATION_FAILED, two],
      [await bearer(one), AUTHENTICATED, one],
    ];
    for (const [jwt, answer, uid] of tries) {
      assert.equal(await client.ask({ jwt }), answer);
      const others = [one, two].filter((other) => other !== uid);
      await assertSpeaksFor(exchange, client, uid, others);
    }
    assert.equal(await client.ask({ event: "subscribe", streams: [] }), subscribed("order"));
  });

  await step(t, "a message's token replaces that of the header as well", async () => {
    const [one, two] = [freshWord(), freshWord()];
    await using client = await exchange.connect("/private?stream=order", {
      token: await key.token({ uid: one }),
    });
    assert.equal(await client.ask({ jwt: "Bearer wrong" }), AUTHENTICATION_FAILED);
    await assertSpeaksFor(exchange, client, one, [two]);
    assert.equal(await client.ask({ jwt: await bearer(two) }), AUTHENTICATED);
    await assertSpeaksFor(exchange, client, two, [one]);
  });

  await step(t, "nothing of the user comes before the answer that says Authenticated", async () => {
    const uid = freshWord();
    const jwt = await bearer(uid);
    for (let round = 0; round < 20; round++) {
      await using client = await exchange.connect("/?stream=order");
      const published = Array.from(
        { length: 10 },
        () => exchange.publish(`private.${uid}.order`, 1),
      );
      await client.send({ jwt });
      await Promise.all(published);
      assert.equal(await client.next(), AUTHENTICATED);
    }
  });

  await step(t, "a user's connections are forgotten when they close", async () => {
    const { users } = (await exchange.stats()).hub;
    await using client = await exchange.connect("/?stream=order");
    assert.equal(await client.ask({ jwt: await bearer(freshWord()) }), AUTHENTICATED);
    assert.equal((await exchange.stats()).hub.users, users + 1);
    await client.close();
    // The client gets the end before it is counted.
    await until(
      async () => (await exchange.stats()).hub.users === users || undefined,
      "the user to be forgotten",
    );
  });
});

for (const algorithm of ["RS256", "ES256"] as const) {
  Deno.test(`a key for ${algorithm} verifies its tokens and no others`, async () => {
    const key = await makeKey(algorithm);
    await using folder = await temporaryFolder();
    await using exchange = await startExchange(broker, {
      key,
      publicKey: algorithm === "RS256"
        ? key.publicBase64url
        : await folder.write("jwt.pub", key.publicPem),
    });
    const uid = freshWord();
    await using client = await exchange.connect("/public?stream=order");
    assert.equal(
      await client.ask({ jwt: `Bearer ${await (await makeKey()).token({ uid })}` }),
      AUTHENTICATION_FAILED,
    );
    assert.equal(await client.ask({ jwt: `Bearer ${await key.token({ uid })}` }), AUTHENTICATED);
    await assertSpeaksFor(exchange, client, uid, [freshWord()]);
    await using another = await exchange.connect("/private?stream=order", {
      token: await key.token({ uid }),
    });
    await exchange.publish(`private.${uid}.order`, 1);
    assert.equal(await another.next(), '{"order":1}');
  });
}

Deno.test("above the limit of failures tokens are refused as if they did not verify", async (t) => {
  const args = ["--limits-auth-failures=3", "--limits-auth-failures-per-address=6"];
  await using exchange = await startExchange(broker, { args });
  const stranger = await makeKey();
  const forged = async () => ({ jwt: `Bearer ${await stranger.token()}` });
  const good = { jwt: `Bearer ${await exchange.key.token({ uid: "ID1" })}` };

  await step(t, "by message, of one connection", async () => {
    await using client = await exchange.connect("/public");
    for (let times = 0; times < 3; times++) {
      assert.equal(await client.ask(await forged()), AUTHENTICATION_FAILED);
    }
    assert.equal(await client.ask(good), AUTHENTICATION_FAILED);
    await using another = await exchange.connect("/public");
    assert.equal(await another.ask(good), AUTHENTICATED);
    assert.equal(await client.ask(good), AUTHENTICATION_FAILED, "also where it is known");
  });

  await step(t, "by the header, of one address", async () => {
    const url = exchange.ranger.url("/private");
    const status = async (token: string) => {
      using client = await RawClient.connect(exchange.ranger.port);
      return (await client.handshake(url, { headers: { Authorization: `Bearer ${token}` } }))
        .status;
    };
    for (let times = 0; times < 3; times++) assert.equal(await status(await stranger.token()), 401);
    assert.equal(await status(await exchange.key.token({ uid: "ID2" })), 401);
    const results = await labelled(exchange.ranger, "ranger_auth_total", "result");
    assert.deepEqual(counted(results), { signature: 6, too_many_failures: 3, accepted: 1 });
    const hit = await labelled(exchange.ranger, "ranger_limits_hit_total", "limit");
    assert.deepEqual(counted(hit), { auth_failures: 3 });
  });
});

/** The counts above zero: every known label has one from the start. */
function counted(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

Deno.test("auth.require_exp and auth.max_ttl are settings", async () => {
  await using exchange = await startExchange(broker, { args: ["--jwt-max-ttl=600"] });
  await using strict = await startExchange(broker, { args: ["--require-exp"] });
  const now = Math.floor(Date.now() / 1000);
  for (
    const [{ ranger, key }, exp, answer] of [
      [exchange, undefined, AUTHENTICATION_FAILED],
      [exchange, now + 3600, AUTHENTICATION_FAILED],
      [exchange, now + 600, AUTHENTICATED],
      [strict, undefined, AUTHENTICATION_FAILED],
      [strict, now + 3600, AUTHENTICATED],
      [strict, (now + 3600) * 1000, AUTHENTICATION_FAILED],
    ] as const
  ) {
    await using client = await connectClient(ranger.url("/public"));
    await client.next();
    assert.equal(await client.ask({ jwt: `Bearer ${await key.token({ exp })}` }), answer);
  }
});
