import assert from "node:assert/strict";
import { once } from "node:events";
import { Socket } from "node:net";
import { Handshakes } from "../../src/http/handshakes.ts";
import { LabelledCounter } from "../../src/telemetry/labelled_counter.ts";

function crowd(size: number): { handshakes: Handshakes; sockets: Socket[]; begun: Socket[] } {
  const limits = { connections: size, handshakeTimeout: 60 };
  const handshakes = new Handshakes(limits, new LabelledCounter());
  const sockets = Array.from({ length: size }, () => new Socket());
  return { handshakes, sockets, begun: [] };
}

Deno.test("a crowd's handshakes begin a few at a time, the next when one is over", async () => {
  const { handshakes, sockets, begun } = crowd(300);
  for (const socket of sockets) handshakes.add(socket, (one) => begun.push(one));
  const atOnce = begun.length;
  assert.ok(atOnce > 0 && atOnce < 100, `${atOnce} at once`);
  while (begun.length < sockets.length) {
    const before = begun.length;
    const over = begun.slice(-10);
    for (const socket of over) handshakes.delete(socket);
    assert.equal(begun.length, before);
    await new Promise(setImmediate);
    assert.ok(begun.length > before, `${begun.length} of ${sockets.length}`);
    assert.ok(begun.length - before <= atOnce, `${begun.length - before} in one turn`);
  }
  // In the order in which they came, to the last.
  assert.deepEqual(begun, sockets);
  for (const socket of sockets) handshakes.delete(socket);
  assert.equal(handshakes.size, 0);
  handshakes.destroyWaiting();
});

Deno.test("clients that say nothing keep those behind them waiting for moments only", async () => {
  const { handshakes, sockets, begun } = crowd(300);
  const all = new Promise<void>((resolve) => {
    for (const socket of sockets) {
      handshakes.add(socket, (one) => {
        begun.push(one);
        if (begun.length === sockets.length) resolve();
      });
    }
  });
  await all;
  assert.deepEqual(begun, sockets);
  for (const socket of sockets) handshakes.delete(socket);
});

Deno.test("a client that leaves while it waits is not begun, and the end destroys those that wait", async () => {
  const { handshakes, sockets, begun } = crowd(300);
  for (const socket of sockets) handshakes.add(socket, (one) => begun.push(one));
  const atOnce = begun.length;
  const leaving = sockets[atOnce]!;
  leaving.destroy();
  await once(leaving, "close");
  const gone = sockets.slice(atOnce + 1).filter((socket) => !begun.includes(socket));
  handshakes.destroyWaiting();
  assert.ok(gone.every((socket) => socket.destroyed));
  assert.ok(!begun.includes(leaving));
  for (const socket of sockets) handshakes.delete(socket);
});
