import { get } from "node:http";
import { ConfigurationError } from "../errors.ts";
import { defineCommand } from "./command.ts";

/** Milliseconds for the answer; a container's health check waits 30 s by default. */
const TIMEOUT_MS = 5_000;
/** What the health checks of containers expect. */
const HEALTHY = 0;
const UNHEALTHY = 1;

/** Addresses that are listened on and not connected to, and what to connect to. */
const LOOPBACK: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

/** `ranger health` */
export const health = defineCommand({
  name: "health",
  summary: "Asks the running server whether it is ready, for health checks",
  description:
    "Takes the settings of that server, and asks its management listener for /readyz,\n" +
    "as a container's health check does without curl. Exits with 0 if the server is ready,\n" +
    "1 if it is not or does not answer within 5 seconds. With --alive it asks for /healthz:\n" +
    "a server that waits for its broker is alive and not ready.",
  usage: "ranger health [--alive] [FLAGS]",
  example: "ranger health --alive --management-port 8083",
  options: {
    alive: { type: "boolean", help: "Whether its event loop runs, ready or not" },
  },
  settings: true,
  async run({ values, loadSettings }) {
    const { settings } = await loadSettings({ requireKey: false });
    const { host, port } = settings.management;
    if (port === 0) {
      throw new ConfigurationError(
        "management.port is 0, so the server chose a free one; --management-port names it",
      );
    }
    const hostname = LOOPBACK[host] ?? host;
    const path = values.alive ? "/healthz" : "/readyz";
    const asked = `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}${path}`;
    try {
      const { status, body } = await ask(hostname, port, path);
      if (status === 200) {
        console.log(values.alive ? "alive" : "ready");
        return HEALTHY;
      }
      console.error(`${asked} answers ${status}: ${body.trim()}`);
    } catch (error) {
      const why = error instanceof Error ? error.message : error;
      console.error(
        `${asked} does not answer: ${why}; is the server started, and are management.host and ` +
          "management.port (--management-port) right?",
      );
    }
    return UNHEALTHY;
  },
});

/** By node:http, which does not send it through the proxy that the environment may name. */
function ask(
  hostname: string,
  port: number,
  path: string,
): Promise<{ status: number; body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
  const request = get({ hostname, port, path, timeout: TIMEOUT_MS }, (response) => {
    let body = "";
    response.setEncoding("utf8");
    response.on("data", (chunk: string) => body += chunk);
    response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    response.on("error", reject);
  });
  const late = () => request.destroy(new Error(`nothing came within ${TIMEOUT_MS / 1000} seconds`));
  // `timeout` is for a socket on which nothing moves; the whole answer has the same bound.
  request.on("timeout", late);
  const timer = setTimeout(late, TIMEOUT_MS);
  request.on("close", () => clearTimeout(timer));
  request.on("error", reject);
  return promise;
}
