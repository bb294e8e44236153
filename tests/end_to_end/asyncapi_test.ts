import assert from "node:assert/strict";
import * as z from "zod";
import { describeServer } from "../../src/asyncapi/document.ts";
import { escapeHtml } from "../../src/asyncapi/html.ts";
import { ANSWERS, CLIENT_MESSAGES } from "../../src/asyncapi/messages.ts";
import type { Document, Schema } from "../../src/asyncapi/types.ts";
import { TrustedProxies } from "../../src/http/client_address.ts";
import { descriptionApp } from "../../src/http/description_app.ts";
import { httpApp } from "../../src/http/http_app.ts";
import { parseMessage } from "../../src/session/messages.ts";
import { peatioRegistry } from "../../src/streams/peatio.ts";
import { objections } from "../support/asyncapi_parser.ts";
import { connectClient } from "../support/client.ts";
import { startRanger } from "../../testing/ranger.ts";
import { runRanger } from "../support/run_ranger.ts";
import { makeKey } from "../../testing/tokens.ts";

Deno.test("the reference parser has no error and no warning", async () => {
  // Whether it looks at all.
  const { ping: _, ...operations } = describeServer().operations;
  const channel = { $ref: "#/channels/none" };
  const lost = { action: "receive", channel, messages: [] };
  const wrong = { ...describeServer(), operations: { ...operations, lost } };
  const elsewhere = describeServer(new URL("wss://example.com/api/v2"));
  const found = await objections(describeServer(), elsewhere, wrong);
  assert.deepEqual(found.slice(0, 2), [[], []]);
  assert.match(found[2]!.join("\n"), /lost/);
});

Deno.test("every registered stream is there, with examples that fit its type", () => {
  const { components, operations } = describeServer();
  for (const kind of peatioRegistry.kinds) {
    const [key, message] = Object.entries(components.messages)
      .find(([, { title }]) => title === kind.label) ?? assert.fail(kind.label);
    assert.ok(kind.summary && message.summary.startsWith(kind.summary), kind.label);
    for (const { payload } of message.examples) {
      const [name, event] = Object.entries(payload as object)[0]!;
      assert.equal(peatioRegistry.find(kind.scope, name), kind);
      assert.ok(kind.fits(event), name);
      assert.ok(fits(describeServer(), key, payload), name);
      assert.ok(!fits(describeServer(), key, { [`${name}.more`]: event }), "another name");
      assert.ok(!fits(describeServer(), key, { [name]: "another type" }), name);
    }
    const operation = Object.values(operations)
      .find(({ messages }) => messages[0]!.$ref.endsWith(`/${key}`));
    assert.equal(operation?.action, "send");
    assert.equal(operation?.security !== undefined, kind.scope === "private", kind.label);
  }
});

Deno.test("it says how a level is removed, and which words a field may be", async () => {
  const { components: { schemas, messages } } = describeServer();
  assert.match(schemas.ObInc!.description!, /amount of "" removes the level/);
  assert.match(messages.obInc!.summary, /amount of "" removes the level/);
  const removals = [["1020.0", ""], ["1020.0", null], ["1020.0", "0.0"], [["1020.0", ""]]];
  for (const asks of removals) {
    assert.ok(fits(describeServer(), "obInc", { "btcusd.ob-inc": { asks, sequence: 9 } }));
  }
  const [later, ...others] = schemas.Order!.anyOf!;
  assert.deepEqual(later!.properties!.ord_type!.examples, ["limit", "market"]);
  for (const { properties } of [later!, ...others]) {
    assert.ok(properties!.state!.examples!.includes("execution_reject"));
  }
  const html = await (await descriptionApp({ docs: true }).request("/docs")).text();
  for (const text of ['decimal text or "" or number or null', "limit, market, another text"]) {
    assert.ok(html.includes(escapeHtml(text)), text);
  }
});

Deno.test("the documented client messages are those that the server reads", () => {
  const kinds = Object.values(CLIENT_MESSAGES).flatMap(({ examples }) =>
    examples.map(({ payload }) =>
      parseMessage(typeof payload === "string" ? payload : JSON.stringify(payload))
    )
  );
  assert.deepEqual(kinds.map(({ kind }) => kind), [
    "request",
    "request",
    "request",
    "request",
    "ping",
  ]);
  for (const message of kinds) {
    if (message.kind !== "request") continue;
    assert.ok(message.jwt !== "invalid" && message.event?.kind !== "invalid");
  }
});

Deno.test("a running server says nothing that the description has not", async () => {
  const key = await makeKey();
  await using ranger = await startRanger({ command: "demo", args: ["--quiet", "--rate", "50"] });
  const response = await fetch(ranger.publicUrl("/asyncapi.json"));
  assert.equal(response.headers.get("content-type"), "application/json");
  const document = await response.json() as Document;
  const own = new URL(ranger.url("/"));
  assert.deepEqual(document, JSON.parse(JSON.stringify(describeServer(own))));
  const docs = await fetch(ranger.publicUrl("/docs"));
  assert.match(await docs.text(), /<title>Ranger: what to send, and what comes<\/title>/);

  const streams = "btcusd,global.tickers,admin.btcusd.orders";
  await using client = await connectClient(ranger.url(`/public?stream=${streams}`));
  const asked = [
    ...Object.values(CLIENT_MESSAGES).map(({ examples }) => examples[0]!.payload),
    { event: "subscribe", streams: Array.from({ length: 300 }, (_, at) => `m${at}`) },
    { event: "nonsense" },
    { jwt: "nothing" },
    { jwt: `Bearer ${await key.token()}` },
  ];
  for (const payload of asked) {
    client.send(typeof payload === "string" ? payload : JSON.stringify(payload));
  }
  const seen = new Set<string>();
  const answers = [
    ...["pong", "subscribed", "unsubscribed", "cannotSubscribe", "tooManyStreams"],
    ...["authenticationFailed", "tokenTypeInvalid", "messageError"],
  ];
  const events = ["trades", "obSnap", "obInc", "tickers", "kline"];
  while (![...answers, ...events].every((name) => seen.has(name))) {
    const text = await client.next();
    const payload = text.startsWith("{") ? JSON.parse(text) : text;
    const name = Object.keys(document.components.messages).find((key) =>
      !(key in CLIENT_MESSAGES) && fits(document, key, payload)
    );
    assert.ok(name !== undefined, `no message is described that is ${text}`);
    seen.add(name);
  }
  for (const name of answers) assert.ok(name in ANSWERS);
});

Deno.test("ranger asyncapi prints it, with the address that it is given", async () => {
  const { code, stdout } = await runRanger(["asyncapi", "--url", "wss://example.com/api/v2/"]);
  assert.equal(code, 0);
  const { servers } = JSON.parse(stdout) as Document;
  assert.deepEqual(
    Object.values(servers).map(({ host, pathname, protocol }) => [protocol, host, pathname]),
    [["wss", "example.com", "/api/v2/public"], ["wss", "example.com", "/api/v2/private"]],
  );
  const wrong = await runRanger(["asyncapi", "--url", "wss://user:secret@example.com"]);
  assert.equal(wrong.code, 78);
  assert.match(wrong.output, /--url is not the address of a server alone/);
  assert.ok(!wrong.output.includes("secret"));
});

Deno.test("a running server is described at the address that was asked", async () => {
  const app = httpApp({ proxies: () => new TrustedProxies(["10.0.0.0/8"]) });
  const ask = async (host: string, headers: Record<string, string> = {}, peer = "10.0.0.1") => {
    const request = new Request(`http://${host}/asyncapi.json`, { headers });
    const response = await app.fetch(request, { peer: () => peer });
    const { servers, info } = await response.json() as Document;
    const { protocol, host: at } = servers.public!;
    const contact = (info.contact as { url: string }).url;
    return { response, address: `${protocol}://${at}`, contact };
  };
  const plain = await ask("ws.example.com:8080");
  assert.equal(plain.address, "ws://ws.example.com:8080");
  assert.equal(plain.contact, "http://ws.example.com:8080/");
  const secured = await ask("ws.example.com", { "x-forwarded-proto": "https" });
  assert.equal(secured.address, "wss://ws.example.com");
  assert.equal(secured.contact, "https://ws.example.com/");
  assert.equal((await ask("[::1]:8080")).address, "ws://[::1]:8080");
  const stranger = { "x-forwarded-proto": "https", forwarded: "for=1.1.1.1;proto=https" };
  assert.equal((await ask("a.example", stranger, "203.0.113.9")).address, "ws://a.example");

  const tag = ({ response }: { response: Response }) => response.headers.get("etag")!;
  assert.notEqual(tag(plain), tag(secured));
  assert.equal(tag(secured), tag(await ask("ws.example.com", stranger)));
  for (const header of ["host", "forwarded", "x-forwarded-proto", "accept-encoding"]) {
    assert.ok(plain.response.headers.get("vary")!.split(", ").includes(header), header);
  }
  const known = { headers: { "if-none-match": tag(plain) } };
  assert.equal((await app.request("http://ws.example.com:8080/asyncapi.json", known)).status, 304);
  assert.equal((await app.request("http://ws.example.com/asyncapi.json", known)).status, 200);

  // However many hosts somebody makes up, each answer is right.
  for (let at = 0; at < 40; at++) {
    assert.equal((await ask(`made-up-${at}.example`)).address, `ws://made-up-${at}.example`);
  }
  assert.equal((await ask("ws.example.com:8080")).address, "ws://ws.example.com:8080");
});

const checkers = new Map<string, z.ZodType>();

/** Whether a message is as the document says, by a reader of JSON Schema. */
function fits(document: Document, key: string, payload: unknown): boolean {
  let checker = checkers.get(key);
  if (checker === undefined) {
    const resolve = (schema: unknown): unknown => {
      if (Array.isArray(schema)) return schema.map(resolve);
      if (typeof schema !== "object" || schema === null) return schema;
      const { $ref } = schema as Schema;
      if ($ref) return resolve(document.components.schemas[$ref.split("/").at(-1)!]);
      return Object.fromEntries(
        Object.entries(schema).map(([name, part]) => [name, resolve(part)]),
      );
    };
    const schema = resolve(document.components.messages[key]!.payload);
    checker = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0], {
      defaultTarget: "draft-7",
    });
    checkers.set(key, checker);
  }
  return checker.safeParse(payload).success;
}

Deno.test("the page for people has all of it, and runs nothing", async () => {
  const app = descriptionApp({ docs: true });
  const response = await app.request("/docs", { headers: { "accept-encoding": "gzip" } });
  assert.equal(response.headers.get("content-encoding"), "gzip");
  const html = await new Response(
    response.body!.pipeThrough(new DecompressionStream("gzip")),
  ).text();
  const { components } = describeServer();
  for (const { title, examples } of Object.values(components.messages)) {
    const example = examples[0]!.payload;
    const shown = typeof example === "string" ? example : JSON.stringify(example);
    assert.ok(html.includes(escapeHtml(shown)), title);
  }
  for (const { label, summary } of peatioRegistry.kinds) {
    assert.ok(html.includes(`<code>${escapeHtml(label)}</code></h3>`), label);
    assert.ok(html.includes(escapeHtml(summary!)));
  }
  assert.ok(!/<script|javascript:|\son\w+=|<link|https?:\/\//.test(html));
  // The style is the one that the policy allows.
  const style = /<style>(.*?)<\/style>/s.exec(html)![1]!;
  const digest = new Uint8Array(
    await crypto.subtle.digest("SHA-256", new TextEncoder().encode(style)),
  ).toBase64();
  assert.equal(
    response.headers.get("content-security-policy"),
    `default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'; ` +
      "frame-ancestors 'none'",
  );
  const opened = [...html.matchAll(/<(\w+)[^>]*>/g)].map(([, tag]) => tag!)
    .filter((tag) => tag !== "meta");
  const closed = [...html.matchAll(/<\/(\w+)>/g)].map(([, tag]) => tag!);
  assert.deepEqual(opened.toSorted(), closed.toSorted(), "every tag is closed");
  assert.equal((await descriptionApp({ docs: false }).request("/docs")).status, 404);
});

Deno.test("who has it already is sent nothing, and who takes no gzip is sent plain text", async () => {
  const app = descriptionApp({ docs: true });
  for (const path of ["/asyncapi.json", "/docs"]) {
    const plain = await app.request(path, { headers: { "accept-encoding": "gzip;q=0" } });
    assert.equal(plain.headers.get("content-encoding"), null);
    assert.equal(plain.headers.get("x-content-type-options"), "nosniff");
    const length = (await plain.arrayBuffer()).byteLength;
    assert.equal(Number(plain.headers.get("content-length")), length);
    const zipped = await app.request(path, { headers: { "accept-encoding": "br, gzip" } });
    assert.ok((await zipped.arrayBuffer()).byteLength < length / 4);
    const etag = plain.headers.get("etag")!;
    for (const tag of [etag, `W/${etag}`, `"x", ${etag}`, "*"]) {
      const known = await app.request(path, { headers: { "if-none-match": tag } });
      assert.equal(known.status, 304);
      assert.equal(await known.text(), "");
    }
    assert.equal((await app.request(path, { headers: { "if-none-match": '"x"' } })).status, 200);
  }
});
