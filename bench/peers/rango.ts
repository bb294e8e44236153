import { Program } from "../harness/process.ts";
import { type FedPeer, installed } from "./peer.ts";

/** Rango, the server in Go that exchanges run today: github.com/openware/rango. */
export const rango: FedPeer = {
  name: "rango",
  about: "Rango (Go), fed from RabbitMQ",
  scenarios: ["hot", "market"],
  source: "fed",
  unavailable: () => Promise.resolve(installed("rango") ? undefined : "rango is not on the PATH"),
  path: (streams) => `/public/?stream=${streams.join(",")}`,
  start({ amqpUrl, exchange, serverCore, keys }, port) {
    return {
      running: Program.start([
        "rango",
        ...["-ws-addr", `127.0.0.1:${port}`, "-amqp-addr", amqpUrl],
        ...["-exchange", exchange, "-pubKey", keys.rsaPublicKey],
      ], { core: serverCore, env: { LOG_LEVEL: "error" } }),
    };
  },
};
