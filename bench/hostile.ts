/**
 * What a stranger can make the server do: for the worst message of each kind, the CPU that it costs,
 * the bytes that are answered, the memory of a connection that sends it, and what other clients
 * notice while many send it as fast as the limits allow (bench/hostile/).
 *
 *     deno task bench:hostile                                five minutes or so; prints a table
 *     deno task bench:hostile --connections 1000 --seconds 20
 *     deno task bench:hostile --only ping,unsubscribe
 *
 * Exit codes: 0; 1 when the other clients missed something, or the machine does not allow as many
 * connections; 64 when it is called wrongly.
 */
import { chosen, positive, readFlags } from "./harness/flags.ts";
import { markdownTable } from "./harness/format.ts";
import { ATTACKS } from "./hostile/attacks.ts";
import { machineLimits } from "./hostile/machine_limits.ts";
import { measure } from "./hostile/measure.ts";

const values = readFlags("bench:hostile", {
  connections: { type: "string", default: "100" },
  seconds: { type: "string", default: "10" },
  only: { type: "string" },
});

const attacks = chosen("bench:hostile", ATTACKS, values.only);
const options = {
  connections: Math.ceil(positive("bench:hostile", "connections", values.connections)),
  seconds: positive("bench:hostile", "seconds", values.seconds),
};
const tooLow = await machineLimits(
  options.connections,
  attacks.some(({ handshake }) => handshake !== undefined),
);
if (tooLow.length > 0) {
  for (const limit of tooLow) console.error(`bench:hostile: ${limit}`);
  Deno.exit(1);
}
const { table, faults } = await measure(attacks, options, (line) => console.error(line));
console.log(markdownTable(table).join("\n"));
for (const fault of faults) console.error(`bench:hostile: ${fault}`);
Deno.exit(faults.length === 0 ? 0 : 1);
