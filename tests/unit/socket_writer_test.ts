import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { handleOf, isDirect, write as writeTo } from "../../src/delivery/socket_writer.ts";

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

/** @returns whether the kernel took all of it */
function write(
  socket: Socket,
  bytes: Uint8Array,
  writeCompleted: (bytes: number) => void = () => {},
): boolean {
  return writeTo(handleOf(socket), bytes, { socket, writeCompleted });
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
    write(near, new Uint8Array(1), () => resolve());
  });
  await once(far, "readable");
  assert.equal(far.read().length, 1);
  const CHUNK = 10_000;
  const completed: number[] = [];
  const allCompleted = Promise.withResolvers<void>();
  let blocked = 0;
  const onCompleted = (bytes: number) => {
    completed.push(bytes);
    if (--blocked === 0) allCompleted.resolve();
  };
  let sent = 0;
  let taken = 0;
  // Nobody reads, so at some point the kernel's buffers are full.
  while (blocked < 3 && sent < 100_000_000) {
    if (write(near, pattern(CHUNK, sent), onCompleted)) taken++;
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
    isBlocked = !write(near, pattern(100_000, sent));
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
  const onCompleted = () => void blocked--;
  while (blocked < 2) if (!write(near, new Uint8Array(100_000), onCompleted)) blocked++;
  const closed = new Promise((resolve) => near.on("close", resolve));
  far.resetAndDestroy();
  await closed;
  assert.equal(blocked, 0);
  assert.doesNotThrow(() => write(near, new Uint8Array(10), onCompleted));
  await close();
});

Deno.test("a handle that was kept while its socket closed writes to no other socket", async () => {
  const first = await pair();
  const handle = handleOf(first.near);
  assert.ok(handle);
  first.near.destroy();
  const owner = { socket: first.near, writeCompleted: () => assert.fail("it was never begun") };
  assert.equal(writeTo(handle, pattern(10, 0), owner), true, "before 'close'");
  await first.close();
  // The kernel gives the descriptor that became free to the next connection.
  const second = await pair();
  assert.equal(writeTo(handle, pattern(10, 0), owner), true, "after 'close'");
  assert.equal(handleOf(first.near), undefined);
  const end = new Promise<Uint8Array>((resolve) => second.far.once("data", resolve));
  second.near.end("only this");
  assert.equal(new TextDecoder().decode(await end), "only this");
  await second.close();
});
