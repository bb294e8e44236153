import { root } from "../harness/build.ts";
import { freePort } from "../../tests/support/ports.ts";
import { Program } from "../harness/process.ts";
import type { BrokerPeer } from "./peer.ts";

/** Ranger itself, as it runs in production, from the source tree or from a built executable. */
export const ranger: BrokerPeer = {
  name: "ranger",
  about: "this project",
  source: "broker",
  unavailable: () => Promise.resolve(undefined),
  path: (streams) => `/public/?stream=${streams.join(",")}`,
  start({ amqpUrl, exchange, serverCore, binary }, port) {
    const program = binary === undefined ? [Deno.execPath(), "run", "-A", "main.ts"] : [binary];
    return Program.start([
      ...program,
      "serve",
      ...["--amqp-url", amqpUrl, "--exchange", exchange, "--no-auth"],
      ...["--host", "127.0.0.1", "--port", `${port}`],
      ...["--management-host", "127.0.0.1", "--management-port", `${freePort()}`],
      ...["--log-level", "warning"],
    ], { core: serverCore, cwd: root });
  },
};
