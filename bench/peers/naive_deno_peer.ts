import { root } from "../harness/build.ts";
import { Program } from "../harness/process.ts";
import type { BrokerPeer } from "./peer.ts";

/** What one writes in an afternoon: bench/peers/naive_deno.ts. */
export const naiveDeno: BrokerPeer = {
  name: "naive-deno",
  about: "Deno.upgradeWebSocket, one send() per client",
  source: "broker",
  unavailable: () => Promise.resolve(undefined),
  path: (streams) => `/?stream=${streams.join(",")}`,
  start({ amqpUrl, exchange, serverCore }, port) {
    const command = [Deno.execPath(), "run", "-A", "bench/peers/naive_deno.ts"];
    return Program.start([...command, amqpUrl, exchange, `${port}`], {
      core: serverCore,
      cwd: root,
    });
  },
};
