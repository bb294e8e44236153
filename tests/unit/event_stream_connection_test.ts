import assert from "node:assert/strict";
import { once } from "node:events";
import { Flusher } from "../../src/delivery/flusher.ts";
import { FrameChain } from "../../src/delivery/frame_chain.ts";
import { Traffic } from "../../src/delivery/traffic.ts";
import { EventStreamConnection } from "../../src/sse/connection.ts";
import type { CloseInfo } from "../../src/websocket/close.ts";
import { bounded } from "../../testing/bounded.ts";
import { tcpPair } from "../support/tcp_pair.ts";

Deno.test("a client that ended its side before its stream was opened has left", async () => {
  await using sockets = await tcpPair();
  const { client, server } = sockets;
  client.end();
  server.resume();
  await bounded(once(server, "end"), "the end");
  const connection = new EventStreamConnection(server, FrameChain.root(), {
    flusher: new Flusher(),
    traffic: new Traffic(),
    limits: { unsentBytes: 1_000_000 },
    closeTimeoutMs: 60_000,
  });
  const closes: CloseInfo[] = [];
  connection.open({
    drained: () => {},
    caughtUp: () => {},
    overflowed: () => {},
    closed: (info) => void closes.push(info),
  });
  client.resume();
  await bounded(once(server, "close"), "the socket to be gone");
  assert.deepEqual(closes, [{ code: 1005, reason: "", by: "client", cause: "client" }]);
});
