import assert from "node:assert/strict";
import { type Exchange, freshWord, startExchange, step, subscribed } from "../support/exchange.ts";
import { RawClient, type RawResponse } from "../../testing/raw_client.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { startRanger } from "../../testing/ranger.ts";
import { makeKey } from "../../testing/tokens.ts";

const broker = await sharedBroker();

/** What a client shows at the door. */
type Token =
  | "good"
  | "expired"
  | "of another key"
  | "no token"
  | "another scheme"
  | "empty"
  | "none";

async function authorizations(exchange: Exchange, uid: string): Promise<Record<Token, string>> {
  const past = Math.floor(Date.now() / 1000) - 3600;
  const stranger = await makeKey();
  return {
    good: `Bearer ${await exchange.key.token({ uid })}`,
    expired: `Bearer ${await exchange.key.token({ uid, iat: past, exp: past + 60 })}`,
    "of another key": `Bearer ${await stranger.token({ uid })}`,
    "no token": "Bearer nonsense",
    "another scheme": "Basic dXNlcjpwYXNzd29yZA==",
    empty: "",
    none: "",
  };
}

const WRONG = ["expired", "of another key", "no token", "another scheme", "empty"] as const;

/** Where a token is required, where it may be wrong, and where it may not. */
const PATHS = {
  private: [
    "/private",
    "/private/",
    "/api/v2/ranger/private",
    "/api/v2/ranger/private/",
    "//private/",
    "/public/private",
  ],
  public: [
    "/public",
    "/public/",
    "/api/v2/ranger/public",
    "/api/v2/ranger/public/",
    "//public",
    "/private/public/",
  ],
  any: [
    "/",
    "/ws",
    "/api/v2/ranger",
    "/private/x",
    "/publicity",
    "/nonpublic",
    "/Private",
  ],
} as const;

async function upgrade(
  exchange: Exchange,
  path: string,
  headers: Record<string, string | undefined>,
): Promise<RawResponse> {
  using client = await RawClient.connect(exchange.ranger.port);
  // Not by a URL, which would make another path of some.
  const lines = Object.entries({
    Host: `127.0.0.1:${exchange.ranger.port}`,
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    ...headers,
  }).filter(([, value]) => value !== undefined).map(([name, value]) => `${name}: ${value}\r\n`);
  await client.write(`GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);
  return await client.response();
}

Deno.test("the endpoint for clients", async (t) => {
  await using exchange = await startExchange(broker);
  const uid = freshWord();
  const tokens = await authorizations(exchange, uid);
  const header = (token: Token) => ({
    Authorization: token === "none" ? undefined : tokens[token],
  });

  for (const [kind, paths] of Object.entries(PATHS) as [keyof typeof PATHS, readonly string[]][]) {
    for (const path of paths) {
      await step(t, `${path} is ${kind}`, async () => {
        const expected: Record<Token, number> = {
          good: 101,
          none: kind === "private" ? 401 : 101,
          ...Object.fromEntries(WRONG.map((token) => [token, kind === "public" ? 101 : 401])),
        } as Record<Token, number>;
        for (const [token, status] of Object.entries(expected) as [Token, number][]) {
          const response = await upgrade(exchange, path, header(token));
          assert.equal(response.status, status, `${path} with a token that is ${token}`);
        }
      });
    }
  }

  await step(t, "a refused token is answered in full, and the connection ends", async () => {
    using client = await RawClient.connect(exchange.ranger.port);
    const response = await client.handshake(exchange.ranger.url("/private"));
    assert.equal(response.statusLine, "HTTP/1.1 401 Unauthorized");
    assert.equal(response.headers.get("www-authenticate"), "Bearer");
    assert.equal(response.headers.get("upgrade"), undefined);
    assert.equal(response.body, "A token is required: Authorization: Bearer <JWT>\n");
    assert.equal(await client.ended(), "end");
  });

  await step(t, "a wrong token is refused without saying what is wrong with it", async () => {
    for (const token of WRONG) {
      const { body } = await upgrade(exchange, "/private", header(token));
      assert.equal(body, "The token does not verify: Authorization: Bearer <JWT>\n", token);
    }
  });

  await step(t, "a good token is a user on every path, a wrong one on public nobody", async () => {
    for (const path of ["/private", "/public/", "/", "/api/v2/ranger/private/"]) {
      await using client = await exchange.connect(`${path}?stream=order`, {
        headers: header("good"),
      });
      await exchange.publish(`private.${uid}.order`, { path });
      assert.equal(await client.next(), `{"order":${JSON.stringify({ path })}}`);
    }
    await using client = await exchange.connect("/public?stream=order", {
      headers: header("expired"),
    });
    await exchange.publish(`private.${uid}.order`, 1);
    await exchange.assertOwedNothing(client);
  });

  await step(t, "the token's scheme is read without case, as headers are", async () => {
    const Authorization = tokens.good.replace("Bearer", "bearer");
    assert.equal((await upgrade(exchange, "/private", { Authorization })).status, 101);
  });

  const queries: [query: string, streams: string[]][] = [
    ["", []],
    ["?", []],
    ["?stream", []],
    ["?stream=", []],
    ["?stream=a.b", ["a.b"]],
    ["?stream=a.b&stream=c", ["a.b", "c"]],
    ["?stream=a.b,c", ["a.b", "c"]],
    ["?stream=a.b,c&stream=d.e,f&stream=g", ["a.b", "c", "d.e", "f", "g"]],
    ["?stream=b,a&stream=c,a,b&stream=b", ["b", "a", "c"]],
    ["?stream=,a.b,,c,&stream=&stream=,", ["a.b", "c"]],
    ["?stream=a%2Eb&stream=c%2cd&%73tream=e", ["a.b", "c", "d", "e"]],
    ["?stream=%C3%BC.%22x%22", ['ü."x"']],
    ["?stream=a%", ["a%"]],
    ["?streams=a&stream[]=b&Stream=c&x=d&stream=e&cid=1&token=abc", ["e"]],
    ["?cid=%zz&envelope=%zz&stream=a.b", ["a.b"]],
    ["?stream=a.b#stream=c", ["a.b"]],
  ];
  for (const [query, streams] of queries) {
    await step(t, `"${query}" subscribes to ${JSON.stringify(streams)}`, async () => {
      for (const path of ["/", "/public/"]) {
        using client = await RawClient.connect(exchange.ranger.port);
        await client.write(
          `GET ${path}${query} HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Upgrade\r\n` +
            "Upgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\n" +
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        );
        assert.equal((await client.response()).status, 101);
        const { payload } = await client.frame();
        assert.equal(new TextDecoder().decode(payload), subscribed(...streams));
      }
    });
  }

  await step(t, "a GET without an upgrade gets a description of the server", async () => {
    const url = exchange.ranger.publicUrl("/");
    const text = await fetch(url);
    assert.equal(text.status, 200);
    assert.match(text.headers.get("content-type") ?? "", /^text\/plain/);
    assert.match(await text.text(), /^Ranger: a WebSocket server .*\n.*wscat -c 'ws:\/\//);
    const page = await fetch(url, { headers: { accept: "text/html,*/*;q=0.8" } });
    assert.equal(page.status, 200);
    assert.match(page.headers.get("content-type") ?? "", /^text\/html/);
    assert.match(await page.text(), /^<!doctype html>[^]*WebSocket server of an exchange/);
    for (
      const path of ["/public", "/private/", "/api/v2/ranger/public/?stream=a.b", "/favicon.ico"]
    ) {
      const response = await fetch(exchange.ranger.publicUrl(path));
      assert.equal(response.status, 426, path);
      assert.equal(response.headers.get("upgrade"), "websocket");
      assert.match(await response.text(), /^Ranger: a WebSocket server /);
    }
    const post = await fetch(url, { method: "POST", body: "x" });
    assert.equal(post.status, 405);
    assert.equal(await post.text(), "Only GET is served here.\n");
    const head = await fetch(url, { method: "HEAD" });
    assert.equal(head.status, 200);
    await head.body?.cancel();
  });

  await step(t, "an upgrade to another protocol is served as if it had not asked", async () => {
    const h2c = await upgrade(exchange, "/", { Upgrade: "h2c", "Sec-WebSocket-Key": undefined });
    assert.equal(h2c.status, 200);
    assert.match(h2c.body, /^Ranger: a WebSocket server /);
  });

  const host = `127.0.0.1:${exchange.ranger.port}`;
  const origins: [origin: string | undefined, requestHost: string, status: number][] = [
    [undefined, host, 101],
    [`http://${host}`, host, 101],
    [`https://${host}`, host, 101],
    ["https://Trade.Example.com", "trade.example.COM", 101],
    ["https://trade.example.com", "trade.example.com:443", 101],
    ["https://evil.example", host, 403],
    ["http://127.0.0.1", host, 403],
    ["http://localhost:5173", host, 403],
    ["null", host, 403],
    ["", host, 403],
  ];
  for (const [origin, requestHost, status] of origins) {
    await step(t, `a page of ${origin ?? "no origin"} on ${requestHost}: ${status}`, async () => {
      const headers = { Host: requestHost, Origin: origin };
      assert.equal((await upgrade(exchange, "/public", headers)).status, status);
      const unauthenticated = await upgrade(exchange, "/private", headers);
      assert.equal(unauthenticated.status, status === 403 ? 403 : 401);
    });
  }

  await step(t, "the answer to a refused origin names the setting", async () => {
    const response = await upgrade(exchange, "/public", { Origin: "https://evil.example" });
    assert.equal(response.statusLine, "HTTP/1.1 403 Forbidden");
    assert.equal(
      response.body,
      "Pages of this origin may not connect. The operator of the server can allow it: --origins, or " +
        "origins in the section [server] of its file.\n",
    );
  });

  await step(t, "a request whose Host is none is refused", async () => {
    assert.equal((await upgrade(exchange, "/public", { Host: "a b" })).status, 400);
  });
});

Deno.test("origins may be listed, also as Rango's API_CORS_ORIGINS", async () => {
  const { url } = broker;
  const list = "trade.example.com, https://app.example.com:8443,*.example.org,localhost:3000";
  await using ranger = await startRanger({
    args: ["--no-auth", "--amqp-url", url, "--exchange", `ranger.test.${crypto.randomUUID()}`],
    env: { API_CORS_ORIGINS: list },
  });
  await ranger.consuming();
  const status = async (origin: string) => {
    using client = await RawClient.connect(ranger.port);
    return (await client.handshake(ranger.url("/public"), { headers: { Origin: origin } })).status;
  };
  const rows: [origin: string, status: number][] = [
    ["https://trade.example.com", 101],
    ["https://app.example.com:8443", 101],
    ["https://app.example.com", 403],
    ["https://a.example.org", 101],
    ["http://localhost:3000", 101],
    ["http://localhost", 403],
    [`http://127.0.0.1:${ranger.port}`, 403],
    ["null", 403],
  ];
  for (const [origin, expected] of rows) assert.equal(await status(origin), expected, origin);
});

Deno.test("with * every page may connect, even one without an origin", async () => {
  await using ranger = await startRanger({
    args: [
      "--no-auth",
      "--origins=*",
      "--amqp-url",
      broker.url,
      "--exchange",
      `ranger.test.${crypto.randomUUID()}`,
    ],
  });
  await ranger.consuming();
  for (const origin of ["https://evil.example", "null"]) {
    using client = await RawClient.connect(ranger.port);
    const headers = { Origin: origin };
    assert.equal((await client.handshake(ranger.url("/public"), { headers })).status, 101, origin);
  }
});
