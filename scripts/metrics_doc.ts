/**
 * Writes docs/metrics.md from the declared metrics.
 *
 *     deno run -A scripts/metrics_doc.ts           writes it
 *     deno run -A scripts/metrics_doc.ts --check   exits with 1 when it is not current
 */
import { GROUPS, OPTIONAL } from "../src/daemon/metrics/metrics.ts";
import type { Metric } from "../src/daemon/metrics/metric.ts";
import { formatted, writeOrCheck } from "./generated.ts";
import { cells, code, prose } from "./markdown.ts";

const INTRODUCTION = `# Metrics

<!-- Written by scripts/metrics_doc.ts from src/daemon/metrics/: change it there. -->

The management listener (\`management.host\`, \`management.port\`) serves them at \`/metrics\` for
Prometheus. They are read at each scrape from counters that are kept anyway: a scrape does not visit
connections, however many there are. A dashboard and alert rules that use them are in
[monitoring/](../monitoring/README.md). \`ranger_connections_total\`, \`ranger_connections_current\` and
\`ranger_subscriptions_current\` have the names and labels of Ruby Ranger.

Counters begin at 0 with the process, those with labels for every value that is usual, so that the
first count is an increase that \`rate\` and \`increase\` see.

Clients cannot add series without limit: \`ranger_subscriptions_current\` (and
\`rango_hub_subscriptions_count\`) names at most \`management.max_named_streams\` streams, of those
that the exchange has published events of since the start. All other labels have fixed sets of values.

\`ranger_delivery_latency_seconds\` begins with the arrival of the event, unless its message says when
it was published: the header \`timestamp_in_ms\` (RabbitMQ's message-timestamp plugin adds it) is used
as it is. The property \`timestamp\` has whole seconds only, and counts as the end of its second: a
fast delivery does not appear late, and a queue that is seconds behind shows. One message of each read
from the broker is measured. The figures include differences between the clocks of two machines.

The number of file descriptors that the system counts is not exported: it needs access to \`/proc\`,
which the program does not have. \`ranger_sockets_open\` has the sockets, which grow and could leak.
`;

function table(metrics: readonly Metric[]): string {
  return [
    cells(["metric", "type", "labels", "meaning"]),
    cells(["---", "---", "---", "---"]),
    ...metrics.map(({ name, type, labels = [], help }) =>
      cells([code(name), type, labels.map(code).join(", "), prose(help)])
    ),
  ].join("\n");
}

if (import.meta.main) {
  const groups = Object.entries(GROUPS).map(([title, metrics]) =>
    `## ${title}\n\n${table(metrics)}\n`
  );
  const optional = Object.entries(OPTIONAL).map(([setting, metrics]) =>
    `## With ${code(setting)}\n\n${table(metrics)}\n`
  );
  const text = await formatted([INTRODUCTION, ...groups, ...optional].join("\n"), "md");
  await writeOrCheck("docs/metrics.md", "scripts/metrics_doc.ts", text);
}
