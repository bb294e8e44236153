import { freePort } from "../../testing/ports.ts";
import { Program } from "../harness/process.ts";
import { type FedPeer, firstLine, installed } from "./peer.ts";

/** The NATS server and its WebSocket listener; clients speak the protocol of NATS inside of frames. */
export const nats: FedPeer = {
  name: "nats",
  about: "nats-server, WebSocket listener, fed by NATS PUB",
  scenarios: ["hot", "market"],
  source: "fed",
  unavailable: () =>
    Promise.resolve(
      installed("nats-server")
        ? undefined
        : "nats-server is not installed (Debian: apt-get install nats-server)",
    ),
  version: () => firstLine("nats-server", "--version"),
  path: (streams) => `/?stream=${streams.map((stream) => `public.${stream}`).join(",")}`,
  flags: () => ["--nats"],
  nameOf: (key) => key,
  async start({ serverCore, folder }, port) {
    const feed = freePort();
    const file = `${folder}/nats-${port}.conf`;
    await Deno.writeTextFile(
      file,
      `listen: "127.0.0.1:${feed}"
max_connections: 100000
websocket { listen: "127.0.0.1:${port}", no_tls: true, compression: false }
`,
    );
    return {
      running: Program.start(["nats-server", "--config", file], { core: serverCore }),
      feed: `nats://127.0.0.1:${feed}`,
    };
  },
};
