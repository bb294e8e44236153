import { root } from "../harness/build.ts";
import { Program } from "../harness/process.ts";
import { type FedPeer, firstLine, installed } from "./peer.ts";

/** The same on Node with npm `ws`: bench/peers/naive_ws.mjs. */
export const naiveWs: FedPeer = {
  name: "naive-ws",
  about: "npm ws on Node, one send() per client",
  scenarios: ["hot", "market", "idle"],
  source: "fed",
  unavailable: () =>
    Promise.resolve(
      installed("node") ? undefined : "Node is not installed (Debian: apt-get install nodejs)",
    ),
  version: () => firstLine("node", "--version").then((version) => `Node ${version}`),
  path: (streams) => `/?stream=${streams.join(",")}`,
  async start({ amqpUrl, exchange, serverCore, folder }, port) {
    const bundle = `${folder}/naive_ws.mjs`;
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["bundle", "--quiet", "--platform=deno", `--output=${bundle}`],
        "bench/peers/naive_ws.mjs",
      ],
      cwd: root,
    }).output();
    if (!success) throw new Error(`naive_ws.mjs: ${new TextDecoder().decode(stderr)}`);
    return {
      running: Program.start(["node", bundle, amqpUrl, exchange, `${port}`], { core: serverCore }),
    };
  },
};
