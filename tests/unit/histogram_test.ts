import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { doubling, Histogram } from "../../src/telemetry/histogram.ts";
import { Flusher } from "../../src/delivery/flusher.ts";
import { Traffic } from "../../src/delivery/traffic.ts";
import { FrameChain } from "../../src/delivery/frame_chain.ts";
import { WebSocketConnection } from "../../src/websocket/connection.ts";
import { ReadPace } from "../../src/websocket/read_pace.ts";
import { ReadTurns } from "../../src/websocket/read_turns.ts";
import { encodeFrame, Opcode } from "../../src/websocket/frame.ts";
import { until } from "../../testing/bounded.ts";

Deno.test("a histogram counts values at their bound and below, and those above all bounds", () => {
  const histogram = new Histogram(doubling(1, 3));
  for (const value of [0, 1, 1.5, 2, 4, 5, 1000]) histogram.observe(value);
  assert.deepEqual([...histogram.cumulative()], [[1, 2], [2, 4], [4, 5]]);
  assert.equal(histogram.count, 7);
  assert.equal(histogram.sum, 1013.5);
});

Deno.test("a write counts with its frames and bytes, and what waits until it is taken", async () => {
  const listener = createServer();
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const client = connect((listener.address() as { port: number }).port, "127.0.0.1");
  client.pause();
  const [socket] = await once(listener, "connection") as [Socket];
  const traffic = new Traffic();
  const connection = new WebSocketConnection(socket, FrameChain.root(), {
    pace: new ReadPace(),
    turns: new ReadTurns(),
    flusher: new Flusher(),
    traffic,
    limits: { messageBytes: 125, unsentBytes: 100_000_000 },
    closeTimeoutMs: 1000,
  });
  connection.open(
    {
      receivedText() {},
      receivedBinary() {},
      drained() {},
      caughtUp() {},
      overflowed() {},
      closed() {},
    },
    new Uint8Array(),
  );

  const small = encodeFrame(Opcode.Text, new Uint8Array(8).fill(65));
  for (let n = 0; n < 3; n++) connection.send(small);
  connection.outbox.flush();
  assert.equal(traffic.bytes, 3 * small.length);
  assert.deepEqual([...traffic.framesPerWrite.cumulative()].slice(0, 3), [[1, 0], [2, 0], [4, 1]]);
  await until(() => traffic.unsent === 0 || undefined, "the kernel to take a little");

  // More than the kernel takes for a client that does not read; all of it waits until all is gone.
  const large = encodeFrame(Opcode.Text, new Uint8Array(16_000_000));
  connection.send(large);
  connection.outbox.flush();
  connection.send(small);
  assert.ok(traffic.unsent >= large.length + small.length, `${traffic.unsent}`);
  assert.ok(traffic.unsent <= traffic.bytes + small.length, `${traffic.unsent}`);
  client.resume();
  await until(() => traffic.unsent === 0 || undefined, "the client to take all of it");
  assert.equal(traffic.bytes, large.length + 4 * small.length);

  // What a connection owes is owed no more once it is gone.
  client.pause();
  connection.send(large);
  connection.outbox.flush();
  assert.ok(traffic.unsent > 0);
  const gone = Promise.all([once(socket, "close"), once(client, "close")]);
  connection.cut();
  client.destroy();
  await gone;
  assert.equal(traffic.unsent, 0);
  listener.close();
  await once(listener, "close");
});
