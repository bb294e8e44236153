import assert from "node:assert/strict";
import { until } from "../../testing/bounded.ts";
import { connectClient } from "../support/client.ts";
import { step } from "../support/exchange.ts";
import { socketsOf } from "../../testing/process_figures.ts";
import { startRanger } from "../../testing/ranger.ts";
import { Opcode, RawClient } from "../../testing/raw_client.ts";

const NO_BROKER = ["--no-auth", "--amqp-url", "amqp://127.0.0.1:1/"];

/** Slow clients; each acts every tenth of a second until it is cut. */
const SLOW: Record<string, { begin?: string; more?: (at: number) => string }> = {
  "says nothing": {},
  "stops within the head": { begin: "GET / HTTP/1.1\r\nHost: localhost\r\n" },
  "sends its head byte by byte": {
    more: (at) => `GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ${"x".repeat(5000)}`[at]!,
  },
  "sends headers without end": {
    begin: "GET / HTTP/1.1\r\nHost: localhost\r\n",
    more: (at) => `X-${at}: x\r\n`,
  },
  "sends a body byte by byte": {
    begin: "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\n",
    more: () => "x",
  },
  "sends empty lines": { more: () => "\r\n" },
};

Deno.test("a handshake that takes too long is cut, however its bytes trickle", async (t) => {
  await using ranger = await startRanger({
    args: [...NO_BROKER, "--limits-handshake-timeout=1"],
  });
  const hits = async (): Promise<number> => {
    const { limitsHit } = await (await fetch(ranger.managementUrl("/stats"))).json();
    return limitsHit.handshake_timeout ?? 0;
  };
  await using quick = await connectClient(ranger.url());
  await quick.next();
  // Asked before the sockets are counted: the connection that asks is kept for a while.
  assert.equal(await hits(), 0);
  const sockets = socketsOf(ranger.pid);

  await step(t, "each way to be slow", async () => {
    await Promise.all(
      Object.entries(SLOW).map(async ([what, { begin = "", more }]) => {
        using client = await RawClient.connect(ranger.port);
        let cut = false;
        const end = client.ended().finally(() => cut = true);
        await client.write(begin);
        for (let at = 0; !cut; at++) {
          assert.ok(at < 200, `a client that ${what} is cut`);
          if (more !== undefined) await client.write(more(at)).catch(() => {});
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
        await end;
      }),
    );
    await until(() => socketsOf(ranger.pid) <= sockets || undefined, "the sockets to be let go");
    // A body that is not read is answered before it is there, which ends it as well.
    assert.ok(await hits() >= Object.keys(SLOW).length - 1, `${await hits()}`);
  });

  await step(t, "who was quick enough is not concerned", async () => {
    assert.equal(await quick.ask("ping"), "pong");
  });

  await step(t, "requests in a row do not keep a connection that is not a WebSocket", async () => {
    using client = await RawClient.connect(ranger.port);
    await client.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(100));
    const response = await client.response();
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("connection"), "close");
    await client.ended();
    await until(() => socketsOf(ranger.pid) <= sockets || undefined, "the socket to be let go");
  });

  await step(t, "hundreds at once are cut, and others are served meanwhile", async () => {
    const before = await hits();
    const clients = await Promise.all(
      Array.from({ length: 500 }, () => RawClient.connect(ranger.port)),
    );
    await using another = await connectClient(ranger.url());
    await another.next();
    await until(async () => await hits() === before + 500 || undefined, "all to be cut");
    for (const client of clients) client.close();
    assert.equal(await another.ask("ping"), "pong");
  });
});

Deno.test("a handshake has the whole of its time, not less", async () => {
  const seconds = 3;
  await using ranger = await startRanger({
    args: [...NO_BROKER, `--limits-handshake-timeout=${seconds}`],
  });
  // Measured from before to after, so that a slow machine makes it longer and never shorter.
  const begin = performance.now();
  using silent = await RawClient.connect(ranger.port);
  using slow = await RawClient.connect(ranger.port);
  const cut = silent.ended().then(() => (performance.now() - begin) / 1000 / seconds);
  await slow.write("GET / HTTP/1.1\r\nHost: localhost\r\n");
  // There is no event to wait for: the test checks that nothing happens meanwhile.
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000 / 2));
  await slow.write(
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  );
  assert.equal((await slow.response()).status, 101);
  const part = await cut;
  assert.ok(part > 2 / 3, `cut after ${part.toFixed(2)} of its time`);
  // Who was in time is none of those whose time is over.
  await slow.send({ opcode: Opcode.text, payload: "ping" });
  await slow.frame();
  assert.equal(new TextDecoder().decode((await slow.frame()).payload), "pong");
});
