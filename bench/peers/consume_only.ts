/**
 * Takes events from the broker as Ranger does, and drops them: what the client costs by itself.
 *
 * ```sh
 * deno run -A bench/peers/consume_only.ts amqp://guest:guest@127.0.0.1:5672 peatio.events.ranger
 * ```
 */
import { AmqpSource } from "../../src/source/amqp/amqp_source.ts";

const [url, exchange] = Deno.args;
if (url === undefined || exchange === undefined) {
  console.error("usage: consume_only.ts AMQP_URL EXCHANGE");
  Deno.exit(2);
}

const source = new AmqpSource({
  urls: [url],
  exchange,
  queueLength: 100_000,
  queueBytes: 128 * 2 ** 20,
  heartbeat: 20,
  stream: "",
  streamMaxAge: 0,
  streamMaxBytes: 0,
  streamLookback: 0,
});
source.start({ opened() {}, deliver() {}, lost() {}, up() {}, down() {} });
const told = setInterval(() => {
  if (!source.state.connected) return;
  console.error("consuming");
  clearInterval(told);
}, 50);
