import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { isDirect, write } from "../../src/delivery/socket_writer.ts";

/** Both ends of a connection. */
async function pair(): Promise<{ near: Socket; far: Socket; close(): Promise<void> }> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const far = connect((server.address() as { port: number }).port, "127.0.0.1");
  const [near] = await once(server, "connection") as [Socket];
  const gone = [near, far].map((socket) => new Promise((resolve) => socket.on("close", resolve)));
  for (const socket of [near, far]) socket.on("error", () => {});
  return {
    near,
    far,
    async close() {
      near.destroy();
      far.destroy();
      await Promise.all(gone);
      server.close();
      await once(server, "close");
    },
  };
}

/** Bytes that say where they are. */
function pattern(length: number, from: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => ((from + i) * 31) & 0xff);
}

Deno.test("writes go past the stream layer in the runtime that Ranger is built with", () => {
  assert.ok(isDirect);
});

Deno.test("what the kernel takes is said at once, what waits when it is through, all of it in order", async () => {
  const { near, far, close } = await pair();
  // A socket's first write waits until the runtime has seen that it can be written to.
  await new Promise<void>((resolve) => {
    write(near, new Uint8Array(1), { written: () => resolve() });
  });
  await once(far, "readable");
  assert.equal(far.read().length, 1);
  const CHUNK = 10_000;
  const told: number[] = [];
  const through = Promise.withResolvers<void>();
  let waiting = 0;
  const writer = {
    written(bytes: number) {
      told.push(bytes);
      if (--waiting === 0) through.resolve();
    },
  };
  let sent = 0;
  let taken = 0;
  // Nobody reads, so at some point the kernel has enough.
  while (waiting < 3 && sent < 100_000_000) {
    if (write(near, pattern(CHUNK, sent), writer)) taken++;
    else waiting++;
    sent += CHUNK;
  }
  assert.ok(taken > 0);
  assert.equal(waiting, 3);
  assert.deepEqual(told, []);
  let got = 0;
  for await (const chunk of far as AsyncIterable<Uint8Array>) {
    assert.deepEqual(new Uint8Array(chunk), pattern(chunk.length, got));
    got += chunk.length;
    if (got === sent) break;
  }
  await through.promise;
  assert.deepEqual(told, [CHUNK, CHUNK, CHUNK]);
  await close();
});

Deno.test("an end after a write that waits comes behind it", async () => {
  const { near, far, close } = await pair();
  let sent = 0;
  let waits = false;
  while (!waits) {
    waits = !write(near, pattern(100_000, sent), { written() {} });
    sent += 100_000;
  }
  near.end();
  let got = 0;
  for await (const chunk of far as AsyncIterable<Uint8Array>) got += chunk.length;
  assert.equal(got, sent);
  await close();
});

Deno.test("a peer that goes away leaves no write untold, and the socket closes", async () => {
  const { near, far, close } = await pair();
  let waiting = 0;
  const writer = { written: () => void waiting-- };
  while (waiting < 2) if (!write(near, new Uint8Array(100_000), writer)) waiting++;
  const closed = new Promise((resolve) => near.on("close", resolve));
  far.resetAndDestroy();
  await closed;
  assert.equal(waiting, 0);
  assert.doesNotThrow(() => write(near, new Uint8Array(10), writer));
  await close();
});
