/**
 * Writes docs/metrics.md from the declared metrics.
 *
 *     deno run -A scripts/metrics_doc.ts           writes it
 *     deno run -A scripts/metrics_doc.ts --check   exits with 1 when it is not current
 */
import { GROUPS } from "../src/daemon/metrics/metrics.ts";
import type { Metric } from "../src/daemon/metrics/metric.ts";
import { formatted, writeOrCheck } from "./generated.ts";
import { cells, code, prose } from "./markdown.ts";

const INTRODUCTION = `# Metrics

<!-- Written by scripts/metrics_doc.ts from src/daemon/metrics/: change it there. -->

The management listener (\`management.host\`, \`management.port\`) serves them at \`/metrics\` as
Prometheus reads them. They are read when somebody asks, from counts that are kept anyway: a scrape
looks at no connection, however many there are. A dashboard and alert rules that use them are in
[monitoring/](../monitoring/README.md). \`ranger_connections_total\`, \`ranger_connections_current\` and
\`ranger_subscriptions_current\` have the names and labels that the Ruby Ranger gave them.

Counters begin at 0 with the process, those with labels for every value that is usual, so that the
first count is an increase that \`rate\` and \`increase\` see.

How much clients can add: \`ranger_subscriptions_current\` names as many streams as
\`management.max_named_streams\` says, looks for them among the 20,000 that are held the longest, and names none
longer than 100 characters. All other labels are of fixed sets.

\`ranger_delivery_latency_seconds\` begins with the arrival of the event, unless its publisher tells
when it was published: the header \`timestamp_in_ms\` (RabbitMQ's message-timestamp plugin adds it)
counts as it is. The property \`timestamp\` has whole seconds only, and counts as the end of its second:
what comes at once is not taken for late, and a queue that is seconds behind shows. One message of
each read from the broker is looked at. Differences between the clocks of two machines are in it.

There is no count of file descriptors as the system sees it: the program may not read \`/proc\`, which
is what would tell. \`ranger_sockets_open\` is what grows and what could leak.
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
  const text = await formatted([INTRODUCTION, ...groups].join("\n"), "md");
  await writeOrCheck("docs/metrics.md", "scripts/metrics_doc.ts", text);
}
