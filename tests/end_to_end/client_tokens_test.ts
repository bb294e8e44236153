import assert from "node:assert/strict";
import { identityOf } from "../../client/src/tokens.ts";
import { type Exchange, freshWord, startExchange } from "../support/exchange.ts";
import { first, type LiveClient, liveClient } from "../support/live_client.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { makeKey } from "../../testing/tokens.ts";

const broker = await sharedBroker();

/** A server without leeway for the expiry of tokens. */
function startStrict(): Promise<Exchange> {
  return startExchange(broker, { args: ["--jwt-leeway", "0", "--jwt-exp-leeway", "0"] });
}

const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

/** Awaits that the client is authenticated as that user. */
async function identified(client: LiveClient, uid: string): Promise<void> {
  await client.seen(() => {
    const { state } = client.ranger;
    return state.status === "open" && state.identity?.uid === uid ? true : undefined;
  }, `the identity ${uid}`);
}

Deno.test("a token is sent, told of, and private streams come", async () => {
  await using exchange = await startExchange(broker);
  const uid = freshWord();
  const exp = inSeconds(3600);
  let asked = 0;
  await using client = liveClient(exchange.ranger.url("/public"), {
    token: async () => {
      asked++;
      return `Bearer ${await exchange.key.token({ uid, exp })}`;
    },
  });
  const orders = first(client.ranger.stream("balances"), 1);
  await identified(client, uid);
  assert.deepEqual(client.ranger.state, {
    status: "open",
    identity: { uid, role: "member", expiresAt: exp * 1000 },
    source: "up",
  });
  await client.seen(() => client.messages.find((text) => text.includes("balances")), "the answer");
  await exchange.publish(`private.${uid}.balances`, { btc: ["1.50", "0"] });
  assert.deepEqual(await orders, [{ btc: ["1.50", "0"] }]);
  assert.equal(asked, 1);
});

Deno.test("a token is renewed before it ends, and nothing is missed", async () => {
  await using exchange = await startStrict();
  const uid = freshWord();
  let asked = 0;
  await using client = liveClient(exchange.ranger.url("/public"), {
    token: () => exchange.key.token({ uid, exp: inSeconds(++asked === 1 ? 4 : 3600) }),
  });
  await identified(client, uid);
  await client.seen(
    () =>
      client.messages.filter((text) => text.includes("Authenticated.")).length === 2 || undefined,
    "the second token",
  );
  assert.equal(asked, 2);
  assert.ok(client.messages.every((text) => !text.includes("Token expired.")));
  assert.deepEqual(client.errors, []);
});

Deno.test("a token that the server ends is replaced, and role and private streams come back", async () => {
  await using exchange = await startExchange(broker, {
    args: ["--jwt-leeway", "0", "--jwt-exp-leeway", "0", "--rbac", "admin=superadmin"],
  });
  const uid = freshWord();
  const market = freshWord();
  const tokens = [
    await exchange.key.token({ uid, role: "superadmin", exp: inSeconds(2) }),
    await exchange.key.token({ uid, role: "superadmin", exp: inSeconds(3600) }),
  ];
  const cached = tokens[0]!;
  let asked = 0;
  await using client = liveClient(exchange.ranger.url("/public"), {
    // A cache that does not notice in time.
    token: () =>
      client.messages.some((text) => text.includes("Token expired.")) && ++asked > 1
        ? tokens[1]!
        : cached,
  });
  const { ranger } = client;
  const orders = first(ranger.stream(`admin.${market}.orders`), 1);
  const balances = first(ranger.stream("balances"), 1);
  const refused = await client.seen(() => client.errors[0], "the refusal of the old token");
  assert.equal(refused.code, "token-refused");
  assert.match(refused.message, /Authentication failed/);
  assert.ok(client.states.some((state) => state.status === "open" && state.identity === undefined));
  await identified(client, uid);
  const told = client.messages.length;
  await client.seen(
    () => client.messages.slice(told).find((text) => text.includes(`admin.${market}.orders`)),
    "the role's stream to be asked for again",
  );
  await exchange.publish(`admin.${market}.orders`, 7);
  await exchange.publish(`private.${uid}.balances`, {});
  assert.deepEqual([await orders, await balances], [[7], [{}]]);
});

Deno.test("a text cannot be renewed: its private streams end with the token, public ones go on", async () => {
  await using exchange = await startStrict();
  const uid = freshWord();
  const market = freshWord();
  await using client = liveClient(exchange.ranger.url("/public"), {
    token: await exchange.key.token({ uid, exp: inSeconds(2) }),
  });
  const { ranger } = client;
  const trades = first(ranger.stream(`${market}.trades`), 1);
  ranger.on("order", () => assert.fail("there are no orders"));
  await assert.rejects(first(ranger.stream("balances"), 1), {
    code: "token-refused",
    message: /pass a function to renew it/,
  });
  assert.deepEqual(
    client.errors.map(({ code }) => code),
    ["token-refused"],
    "told to whom it matters",
  );
  assert.throws(() => ranger.on("trade", () => {}), { code: "token-refused" });
  await exchange.publish(`public.${market}.trades`, { trades: [] });
  assert.deepEqual(await trades, [{ trades: [] }]);
});

Deno.test("a token that cannot be had is tried again, and keeps nobody from public streams", async () => {
  await using exchange = await startExchange(broker);
  const uid = freshWord();
  const market = freshWord();
  let asked = 0;
  await using client = liveClient(exchange.ranger.url("/public"), {
    token: () => {
      if (++asked === 1) throw new Error("503 Service Unavailable");
      // An app that forgets to extract the token from the answer.
      if (asked === 2) return { token: "a.b.c" } as unknown as string;
      return exchange.key.token({ uid });
    },
  });
  const trades = first(client.ranger.stream(`${market}.trades`), 1);
  await client.seen(() => client.messages.find((text) => text.includes(market)), "the answer");
  await exchange.publish(`public.${market}.trades`, { trades: [] });
  assert.deepEqual(await trades, [{ trades: [] }]);
  await identified(client, uid);
  assert.deepEqual(client.errors.map(({ code }) => code), [
    "token-unavailable",
    "token-unavailable",
  ]);
  assert.match(client.errors[0]!.message, /503 Service Unavailable/);
  assert.match(client.errors[1]!.message, /it is not a string/);
});

Deno.test("answers are taken for those of the tokens that they answer", async () => {
  await using exchange = await startExchange(broker);
  const [uid, stranger] = [freshWord(), freshWord()];
  const good = await exchange.key.token({ uid });
  const tokens = [good, await (await makeKey()).token({ uid: stranger })];
  let asked = 0;
  /** Has the next token sent in the same round trip as the first one. */
  class Hasty extends WebSocket {
    override send(text: string): void {
      super.send(text);
      if (text.includes("jwt") && asked === 1) client.ranger.renewToken();
    }
  }
  await using client = liveClient(exchange.ranger.url("/public"), {
    token: () => tokens[asked++] ?? good,
    WebSocket: Hasty,
  });
  await client.seen(() => client.errors[0], "the refusal of the second token");
  await identified(client, uid);
  assert.deepEqual(client.errors.map(({ code }) => code), ["token-refused"]);
  const uids = client.states.map((state) => state.status === "open" && state.identity?.uid);
  assert.ok(!uids.includes(stranger), `${uids}`);
});

Deno.test("who signs in and out is known to the server at once", async () => {
  await using exchange = await startExchange(broker);
  const [uid, other] = [freshWord(), freshWord()];
  let session: string | undefined;
  await using client = liveClient(exchange.ranger.url("/public"), { token: () => session });
  const { ranger } = client;
  await client.status("open");
  await client.seen(() => client.messages[0], "the greeting");
  const orders: unknown[] = [];
  ranger.on("order", ({ id }) => void orders.push(id));
  for (const who of [uid, other]) {
    session = await exchange.key.token({ uid: who });
    ranger.renewToken();
    await identified(client, who);
  }
  await exchange.publish(`private.${other}.order`, { id: 1 });
  await client.seen(() => orders.length === 1 || undefined, "what is private");
  session = undefined;
  ranger.renewToken();
  await client.seen(
    () => ranger.state.status === "open" && !ranger.state.identity ? true : undefined,
    "a connection that is nobody's",
  );
  await ranger.ping();
  assert.equal((await exchange.stats()).connections.authenticated, 0);
  await exchange.publish(`private.${other}.order`, { id: 2 });
  await ranger.ping();
  assert.deepEqual(orders, [1], "quiet while nobody is signed in");
  assert.deepEqual(ranger.streams, ["order"]);

  // The stream that was made while nobody was signed in continues with the next user.
  session = await exchange.key.token({ uid });
  ranger.renewToken();
  await identified(client, uid);
  await exchange.publish(`private.${uid}.order`, { id: 3 });
  await client.seen(() => orders.length === 2 || undefined, "what is private, again");
  assert.deepEqual([orders, client.errors], [[1, 3], []]);
});

Deno.test("what a token says of itself is read in any alphabet, and nonsense is nobody's", () => {
  const token = (claims: unknown) =>
    `e30.${
      new TextEncoder().encode(JSON.stringify(claims)).toBase64({
        alphabet: "base64url",
        omitPadding: true,
      })
    }.x`;
  const uid = "žluťoučký?>~🚀";
  assert.deepEqual(identityOf(token({ uid, role: "member", exp: 7 })), {
    uid,
    role: "member",
    expiresAt: 7000,
  });
  assert.equal(identityOf(token({ uid }))?.expiresAt, undefined);
  for (const none of ["", "a.b", "a.!.c", "opaque"]) assert.equal(identityOf(none), undefined);
});
