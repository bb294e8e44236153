import assert from "node:assert/strict";
import { acceptKey, asksForWebSocket, refuseHandshake } from "../../src/websocket/handshake.ts";
import { told } from "../support/conformance.ts";
import { step } from "../support/exchange.ts";
import { closePayload, encodeFrame, Opcode } from "../../testing/frames.ts";
import { RawClient, type RawResponse } from "../../testing/raw_client.ts";
import { type RangerProcess, startRanger } from "../../testing/ranger.ts";
import { makeKey } from "../../testing/tokens.ts";

// RFC 6455 §1.3.
const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const GREETING = '{"success":{"message":"subscribed","streams":[]}}';

const HEADERS = {
  Host: "ranger.example",
  Connection: "Upgrade",
  Upgrade: "websocket",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": KEY,
};

/** A request's bytes: a good handshake, but for the headers that are given; undefined leaves one out. */
function request(
  line = "GET / HTTP/1.1",
  changed: Readonly<Record<string, string | undefined>> = {},
): string {
  const headers = Object.entries({ ...HEADERS, ...changed })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}\r\n`);
  return `${line}\r\n${headers.join("")}\r\n`;
}

/** The answer to a request sent as it is. */
async function answerTo(ranger: RangerProcess, bytes: string): Promise<RawResponse> {
  using client = await RawClient.connect(ranger.port);
  await client.write(bytes);
  return await client.response();
}

interface Row {
  readonly what: string;
  readonly request: string;
  readonly status: number;
  /** Headers that must be there, as they must be; undefined: must not be there. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: RegExp;
}

const upgraded = { "sec-websocket-accept": ACCEPT, connection: "Upgrade", upgrade: "websocket" };

const right: Row[] = [
  { what: "the handshake of RFC 6455", request: request(), status: 101, headers: upgraded },
  {
    what: "tokens in any case, among others",
    request: request("GET / HTTP/1.1", {
      Connection: "keep-alive, UPGRADE",
      Upgrade: "h2c , WebSocket",
    }),
    status: 101,
    headers: upgraded,
  },
  {
    what: "a Connection header in two lines, names in any case",
    request: request("GET / HTTP/1.1", {
      Connection: undefined,
      "CONNECTION": "keep-alive",
      connection: "upgrade",
    }),
    status: 101,
    headers: upgraded,
  },
  {
    what: "subprotocols and an extension, of which the server speaks none",
    request: request("GET / HTTP/1.1", {
      "Sec-WebSocket-Extensions": "x-webkit-deflate-frame",
      "Sec-WebSocket-Protocol": "chat, superchat",
    }),
    status: 101,
    headers: {
      ...upgraded,
      "sec-websocket-extensions": undefined,
      "sec-websocket-protocol": undefined,
    },
  },
  {
    what: "compression, as browsers offer it",
    request: request("GET / HTTP/1.1", {
      "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
    }),
    status: 101,
    headers: {
      ...upgraded,
      "sec-websocket-extensions":
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
    },
  },
  {
    what: "a target in absolute form",
    request: request("GET http://ranger.example/public HTTP/1.1"),
    status: 101,
    headers: upgraded,
  },
  {
    what: "a target whose slashes are doubled",
    request: request("GET //:99999//public HTTP/1.1"),
    status: 101,
    headers: upgraded,
  },
  {
    what: "a query that is not UTF-8",
    request: request("GET /%ff%zz?stream=%ff&stream=%zz HTTP/1.1"),
    status: 101,
    headers: upgraded,
  },
];

const wrong: Row[] = [
  ...["POST", "PUT", "DELETE", "PATCH", "OPTIONS"].map((method) => ({
    what: `method ${method}`,
    request: request(`${method} / HTTP/1.1`),
    status: 405,
    headers: { allow: "GET" },
  })),
  {
    what: "method HEAD",
    request: request("HEAD / HTTP/1.1"),
    status: 405,
    headers: { allow: "GET" },
  },
  { what: "method TRACE", request: request("TRACE / HTTP/1.1"), status: 405 },
  ...[
    ["no key", undefined],
    ["an empty key", ""],
    ["a key that is not base64", "this is not base64 key=="],
    ["a key of 15 bytes", new Uint8Array(15).toBase64()],
    ["a key of 17 bytes", new Uint8Array(17).toBase64()],
    ["a key without padding", KEY.slice(0, -2)],
    ["a key with bits beyond its 16 bytes", "dGhlIHNhbXBsZSBub25jZR=="],
    ["a key in base64url", "-_-_-_-_-_-_-_-_-_-_-w=="],
  ].map(([what, key]) => ({
    what: what!,
    request: request("GET / HTTP/1.1", { "Sec-WebSocket-Key": key }),
    status: 400,
    body: /Sec-WebSocket-Key/,
  })),
  {
    what: "two keys",
    request: request("GET / HTTP/1.1", { "sec-websocket-key": KEY }),
    status: 400,
    body: /Sec-WebSocket-Key/,
  },
  ...["8", "12", "14", "", "13, 8", "thirteen", undefined].map((version) => ({
    what: `version ${version}`,
    request: request("GET / HTTP/1.1", { "Sec-WebSocket-Version": version }),
    status: 426,
    headers: { "sec-websocket-version": "13", upgrade: "websocket" },
  })),
  {
    what: "no Host",
    request: request("GET / HTTP/1.1", { Host: undefined }),
    status: 400,
    body: /Host/,
  },
  {
    what: "an invalid Host",
    request: request("GET / HTTP/1.1", { Host: "[not:an:address" }),
    status: 400,
  },
  {
    what: "an invalid target",
    request: request("GET http://[not:an:address/ HTTP/1.1"),
    status: 400,
  },
  { what: "a target that is not a path", request: request("GET public HTTP/1.1"), status: 400 },
  {
    what: "no HTTP",
    request: "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n",
    status: 400,
  },
  { what: "HTTP/2 by prior knowledge", request: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", status: 400 },
  {
    what: "a header of 100,000 bytes",
    request: request("GET / HTTP/1.1", { Cookie: "a".repeat(100_000) }),
    status: 431,
  },
];

const plain: Row[] = [
  ...["/", "/public", "/api/v2/ranger/public/?stream=a.b", "/private", "/%00%ff"].map((path) => ({
    what: `no upgrade at ${path}`,
    request: `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`,
    status: path === "/" ? 200 : 426,
    body: /WebSocket/,
  })),
  {
    what: "an Upgrade header that Connection does not name",
    request: request("GET / HTTP/1.1", { Connection: undefined }),
    status: 200,
    body: /WebSocket/,
  },
  {
    what: "Connection: keep-alive only",
    request: request("GET / HTTP/1.1", { Connection: "keep-alive" }),
    status: 200,
    body: /WebSocket/,
  },
  {
    what: "HTTP/1.0, which has no upgrades",
    request: request("GET / HTTP/1.0"),
    status: 200,
    body: /WebSocket/,
  },
  {
    what: "an upgrade to another protocol",
    request: request("GET / HTTP/1.1", { Upgrade: "h2c" }),
    status: 200,
    body: /WebSocket/,
  },
  { what: "HEAD", request: "HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", status: 200 },
  {
    what: "POST",
    request: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
    status: 405,
  },
  {
    what: "an invalid Host",
    request: "GET / HTTP/1.1\r\nHost: [not:an:address\r\nConnection: close\r\n\r\n",
    status: 400,
  },
];

async function compare(ranger: RangerProcess, row: Row): Promise<void> {
  const { status, headers, body } = await answerTo(ranger, row.request);
  assert.equal(status, row.status, `${row.what}: ${body}`);
  for (const [name, value] of Object.entries(row.headers ?? {})) {
    assert.equal(headers.get(name), value, `${row.what}: ${name}`);
  }
  if (row.body) assert.match(body, row.body, row.what);
}

Deno.test("the accept key is the one of RFC 6455 §1.3", () => {
  assert.equal(acceptKey(KEY), ACCEPT);
});

Deno.test("only an Upgrade header that names websocket asks for it", () => {
  for (const value of ["websocket", "WebSocket", "h2c, websocket", " websocket ,h2c"]) {
    assert.ok(asksForWebSocket(new Headers({ upgrade: value })), value);
  }
  for (const value of ["h2c", "websockets", "web socket", ""]) {
    assert.ok(!asksForWebSocket(new Headers({ upgrade: value })), value);
  }
  assert.ok(!asksForWebSocket(new Headers()));
});

Deno.test("any 16 bytes are a key", () => {
  for (let last = 0; last < 256; last++) {
    const key = new Uint8Array(16).fill(255 - last).with(15, last).toBase64();
    const headers = new Headers({ ...HEADERS, "Sec-WebSocket-Key": key });
    assert.equal(refuseHandshake("GET", headers), undefined, key);
  }
});

Deno.test("every request gets the answer that it should, and the server lives on", async (t) => {
  await using ranger = await startRanger({
    args: ["--no-auth", "--amqp-url", "amqp://127.0.0.1:1/"],
  });
  for (const [name, rows] of Object.entries({ right, wrong, plain })) {
    await step(t, `${name}: ${rows.length} requests`, async () => {
      for (const row of rows) await compare(ranger, row);
    });
  }

  await step(t, "CONNECT is answered by the end of the connection", async () => {
    using client = await RawClient.connect(ranger.port);
    await client.write("CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n");
    await client.ended();
  });

  await step(t, "a refused client's connection is ended by the server", async () => {
    using client = await RawClient.connect(ranger.port);
    await client.write(request("GET / HTTP/1.1", { "Sec-WebSocket-Version": "8" }));
    const { headers } = await client.response();
    assert.match(headers.get("connection") ?? "", /close/);
    assert.equal(await client.ended(), "end");
  });

  await step(t, "frames in the handshake's own segment are handled", async () => {
    using client = await RawClient.connect(ranger.port);
    await client.write(together(request(), TALK));
    assert.equal((await client.response()).status, 101);
    assert.deepEqual((await client.rest()).map(told), [GREETING, "pong", "PONG 78", "close 1000"]);
  });

  await step(t, "a violation in the handshake's own segment is answered", async () => {
    using client = await RawClient.connect(ranger.port);
    await client.write(together(request(), encodeFrame({ opcode: 3 })));
    assert.equal((await client.response()).status, 101);
    assert.deepEqual((await client.rest()).map(told), [GREETING, "fail 1002"]);
  });

  await step(t, "a handshake byte by byte is one all the same", async () => {
    using client = await RawClient.connect(ranger.port);
    for (const byte of together(request(), TALK)) await client.write(new Uint8Array([byte]));
    assert.equal((await client.response()).status, 101);
    assert.deepEqual((await client.rest()).map(told), [GREETING, "pong", "PONG 78", "close 1000"]);
  });

  await step(t, "a client that has nothing more to say after its handshake is let go", async () => {
    using client = await RawClient.connect(ranger.port);
    await client.write(request());
    await client.end();
    assert.equal(await client.ended(), "end");
  });

  await step(t, "healthy clients are served after all that", async () => {
    using client = await RawClient.open(ranger.url());
    assert.equal(told(await client.frame()), GREETING);
    await client.send({ opcode: Opcode.text, payload: "ping" });
    assert.equal(told(await client.frame()), "pong");
  });
});

Deno.test("frames sent while a header's token is being verified are kept, in order", async () => {
  const key = await makeKey("RS256");
  await using ranger = await startRanger({
    args: ["--jwt-public-key", key.publicBase64url, "--amqp-url", "amqp://127.0.0.1:1/"],
  });
  const handshake = request("GET /private HTTP/1.1", {
    Authorization: `Bearer ${await key.token()}`,
  });
  const talk = ["one", "two", "three"].map((payload) =>
    encodeFrame({ opcode: Opcode.ping, payload })
  ).concat(TALK);
  const answers = ["one", "two", "three"].map((payload) =>
    `PONG ${new TextEncoder().encode(payload).toHex()}`
  );

  for (const separately of [false, true]) {
    using client = await RawClient.connect(ranger.port);
    await client.write(separately ? handshake : together(handshake, ...talk));
    for (const frame of separately ? talk : []) await client.write(frame);
    assert.equal((await client.response()).status, 101);
    assert.deepEqual(
      (await client.rest()).map(told),
      [GREETING, ...answers, "pong", "PONG 78", "close 1000"],
    );
  }
});

/** A whole conversation: its answers are pong, a pong frame, and the end. */
const TALK = together(
  encodeFrame({ opcode: Opcode.text, payload: "ping" }),
  encodeFrame({ opcode: Opcode.ping, payload: "x" }),
  encodeFrame({ opcode: Opcode.close, payload: closePayload(1000) }),
);

function together(...parts: (string | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  const bytes = parts.map((part) =>
    typeof part === "string" ? [...new TextEncoder().encode(part)] : [...part]
  );
  return new Uint8Array(bytes.flat());
}
