/**
 * Which private events that RabbitMQ confirmed never reach a client that stays connected, when
 * something fails, and what clients and the operator learn of it (bench/losses/).
 *
 *     deno task bench:losses                      five minutes or so; prints a table
 *     deno task bench:losses --only restart,operator
 *     deno task bench:losses --rate 1000
 *
 * Exit codes: 0; 1 when a client with cursors missed an event without a report, or received one
 * twice; 64 when it is called wrongly.
 */
import { chosen, positive, readFlags } from "./harness/flags.ts";
import { markdownTable } from "./harness/format.ts";
import { FAULTS } from "./losses/faults.ts";
import { measureLosses } from "./losses/measure.ts";

const values = readFlags("bench:losses", {
  rate: { type: "string", default: "300" },
  only: { type: "string" },
});
const rate = positive("bench:losses", "rate", values.rate);
const faults = chosen("bench:losses", FAULTS, values.only);
const { table, wrong } = await measureLosses(faults, rate, (line) => console.error(line));
console.log(markdownTable(table).join("\n"));
for (const sentence of wrong) console.error(sentence);
Deno.exit(wrong.length === 0 ? 0 : 1);
