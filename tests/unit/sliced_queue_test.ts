import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { SlicedQueue } from "../../src/delivery/sliced_queue.ts";
import { bounded } from "../../testing/bounded.ts";

/** Uses the processor. */
function work(milliseconds: number): void {
  for (const end = performance.now() + milliseconds; performance.now() < end;);
}

Deno.test("each item has its turn once, in order, and again when it asks for that", async () => {
  const order: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const queue = new SlicedQueue((item: string) => {
    order.push(item);
    if (item === "a" && order.length === 1) queue.add("a");
    if (order.length === 3) resolve();
  });
  for (const item of ["a", "b", "a", "gone"]) queue.add(item);
  queue.delete("gone");
  assert.equal(queue.size, 2);
  assert.deepEqual(order, [], "not within the call");
  await bounded(promise, "all turns");
  assert.deepEqual(order, ["a", "b", "a"]);
  assert.equal(queue.size, 0);
});

Deno.test("sockets are read while much is to be done", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const far = connect((server.address() as { port: number }).port, "127.0.0.1");
  const [near] = await once(server, "connection") as [Socket];
  let done = 0;
  let doneAtData: number | undefined;
  near.once("data", () => doneAtData = done);
  const finished = Promise.withResolvers<void>();
  const queue = new SlicedQueue((_item: number) => {
    if (done === 0) far.write("x");
    work(1);
    if (++done === 100) finished.resolve();
  });
  for (let item = 0; item < 100; item++) queue.add(item);
  await bounded(finished.promise, "all of it");
  assert.ok(doneAtData !== undefined && doneAtData < 100, `read after ${doneAtData} items`);
  const closed = once(server, "close");
  far.destroy();
  near.destroy();
  server.close();
  await closed;
});
