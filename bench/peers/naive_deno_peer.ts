import { root } from "../harness/build.ts";
import { Program } from "../harness/process.ts";
import type { FedPeer } from "./peer.ts";

/** What one writes in an afternoon: bench/peers/naive_deno.ts. */
export const naiveDeno: FedPeer = {
  name: "naive-deno",
  about: "Deno.upgradeWebSocket, one send() per client",
  scenarios: ["hot", "market", "idle"],
  source: "fed",
  unavailable: () => Promise.resolve(undefined),
  version: () => Promise.resolve(Deno.version.deno),
  path: (streams) => `/?stream=${streams.join(",")}`,
  start({ amqpUrl, exchange, serverCore }, port) {
    const command = [Deno.execPath(), "run", "-A", "bench/peers/naive_deno.ts"];
    return {
      running: Program.start([...command, amqpUrl, exchange, `${port}`], {
        core: serverCore,
        cwd: root,
      }),
    };
  },
};
