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

/** Bytes whose values follow from their positions. */
function pattern(length: number, from: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => ((from + i) * 31) & 0xff);
}

Deno.test("writes bypass the stream layer in the runtime that Ranger is built with", () => {
  assert.ok(isDirect);
});

Deno.test("a write that the kernel takes returns true, a blocked one completes later, all in order", async () => {
  const { near, far, close } = await pair();
  // A socket's first write blocks until the runtime has seen that the socket is writable.
  await new Promise<void>((resolve) => {
    write(near, new Uint8Array(1), { writeCompleted: () => resolve() });
  });
  await once(far, "readable");
  assert.equal(far.read().length, 1);
  const CHUNK = 10_000;
  const completed: number[] = [];
  const allCompleted = Promise.withResolvers<void>();
  let blocked = 0;
  const owner = {
    writeCompleted(bytes: number) {
      completed.push(bytes);
      if (--blocked === 0) allCompleted.resolve();
    },
  };
  let sent = 0;
  let taken = 0;
  // Nobody reads, so at some point the kernel's buffers are full.
  while (blocked < 3 && sent < 100_000_000) {
    if (write(near, pattern(CHUNK, sent), owner)) taken++;
    else blocked++;
    sent += CHUNK;
  }
  assert.ok(taken > 0);
  assert.equal(blocked, 3);
  assert.deepEqual(completed, []);
  let got = 0;
  for await (const chunk of far as AsyncIterable<Uint8Array>) {
    assert.deepEqual(new Uint8Array(chunk), pattern(chunk.length, got));
    got += chunk.length;
    if (got === sent) break;
  }
  await allCompleted.promise;
  assert.deepEqual(completed, [CHUNK, CHUNK, CHUNK]);
  await close();
});

Deno.test("a socket that is ended after a blocked write sends all of it first", async () => {
  const { near, far, close } = await pair();
  let sent = 0;
  let isBlocked = false;
  while (!isBlocked) {
    isBlocked = !write(near, pattern(100_000, sent), { writeCompleted() {} });
    sent += 100_000;
  }
  near.end();
  let got = 0;
  for await (const chunk of far as AsyncIterable<Uint8Array>) got += chunk.length;
  assert.equal(got, sent);
  await close();
});

Deno.test("when the client resets the connection every blocked write completes, and the socket closes", async () => {
  const { near, far, close } = await pair();
  let blocked = 0;
  const owner = { writeCompleted: () => void blocked-- };
  while (blocked < 2) if (!write(near, new Uint8Array(100_000), owner)) blocked++;
  const closed = new Promise((resolve) => near.on("close", resolve));
  far.resetAndDestroy();
  await closed;
  assert.equal(blocked, 0);
  assert.doesNotThrow(() => write(near, new Uint8Array(10), owner));
  await close();
});
