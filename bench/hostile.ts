/**
 * What a stranger can make the server do: for the worst message of each kind, the CPU that it costs,
 * the bytes that are answered, the memory of a connection that sends it, and what another client
 * notices while many send it as fast as the limits allow (bench/hostile/).
 *
 *     deno task bench:hostile                                two minutes or so; prints a table
 *     deno task bench:hostile --connections 1000 --seconds 20
 *     deno task bench:hostile --only ping,unsubscribe
 *
 * Exit codes: 0, 64 when it is called wrongly.
 */
import { chosen, positive, readFlags } from "./harness/flags.ts";
import { markdownTable } from "./harness/format.ts";
import { ATTACKS } from "./hostile/attacks.ts";
import { measure } from "./hostile/measure.ts";

const values = readFlags("bench:hostile", {
  connections: { type: "string", default: "100" },
  seconds: { type: "string", default: "5" },
  only: { type: "string" },
});

const attacks = chosen("bench:hostile", ATTACKS, values.only);
const options = {
  connections: Math.ceil(positive("bench:hostile", "connections", values.connections)),
  seconds: positive("bench:hostile", "seconds", values.seconds),
};
const table = await measure(attacks, options, (line) => console.error(line));
console.log(markdownTable(table).join("\n"));
