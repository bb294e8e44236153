/**
 * What the derived streams spare: 500 clients that keep whole order books, beside 5,000 that only show
 * the best levels, with `depth-20` and with all increments (bench/depth/).
 *
 *     deno task bench:depth                     a minute or so; prints a table
 *     deno task bench:depth --clients 2000 --seconds 20 --rate 1000
 *
 * Exit codes: 0; 1 when a client lost its connection; 64 when it is called wrongly.
 */
import { positive, readFlags } from "./harness/flags.ts";
import { markdownTable } from "./harness/format.ts";
import { measureDepth } from "./depth/measure.ts";

const values = readFlags("bench:depth", {
  clients: { type: "string", default: "5000" },
  seconds: { type: "string", default: "10" },
  rate: { type: "string", default: "500" },
});

const { table, lost } = await measureDepth({
  clients: Math.ceil(positive("bench:depth", "clients", values.clients)),
  seconds: positive("bench:depth", "seconds", values.seconds),
  rate: positive("bench:depth", "rate", values.rate),
}, (line) => console.error(line));
console.log(markdownTable(table).join("\n"));
if (lost > 0) console.error(`${lost} clients lost their connections`);
Deno.exit(lost === 0 ? 0 : 1);
