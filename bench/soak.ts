/**
 * The soak: Ranger under a steady load for a long time, with all that happens to a server in
 * production, and a look at what stays of it (bench/soak/).
 *
 *     deno task bench:soak                  twenty minutes
 *     deno task bench:soak --minutes 2      the short form, which CI runs, with --stream too
 *     deno task bench:soak --clients 300 --rate 500
 *     deno task bench:soak --stream         with a RabbitMQ stream, and clients that resume
 *
 * Exit codes: 0; 1 with what was wrong; 64 when it is called wrongly.
 */
import { positive, readFlags } from "./harness/flags.ts";
import { soak } from "./soak/soak.ts";

const values = readFlags("bench:soak", {
  minutes: { type: "string", default: "20" },
  clients: { type: "string", default: "60" },
  rate: { type: "string", default: "200" },
  stream: { type: "boolean", default: false },
});

const problems = await soak({
  minutes: positive("bench:soak", "minutes", values.minutes),
  clients: Math.ceil(positive("bench:soak", "clients", values.clients)),
  rate: positive("bench:soak", "rate", values.rate),
  stream: values.stream,
});
for (const problem of problems) console.log(`FAILED: ${problem}`);
console.log(problems.length === 0 ? "bench:soak: all is well" : "bench:soak: FAILED");
Deno.exit(problems.length === 0 ? 0 : 1);
