import assert from "node:assert/strict";
import { METRICS } from "../../src/daemon/metrics/metrics.ts";
import { startExchange } from "../support/exchange.ts";
import { partsOf, scrape } from "../support/metrics.ts";
import { ROOT, runProgram } from "../../testing/program.ts";
import { findPromtool } from "../../testing/promtool.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { startRanger } from "../../testing/ranger.ts";

const RULES = `${ROOT}monitoring/prometheus/ranger.rules.yml`;
const DASHBOARD = `${ROOT}monitoring/grafana/ranger.json`;

/** What Prometheus itself adds to each series. */
const OF_A_SCRAPE = ["instance", "job"];
/** The same and `le`, which a histogram's buckets have. */
const ADDED = [...OF_A_SCRAPE, "le"];
/** What Prometheus makes of each scrape. */
const OF_PROMETHEUS = ["up"];

const COLLECTOR = `${ROOT}monitoring/opentelemetry/collector.yml`;

const broker = await sharedBroker();
const promtool = findPromtool();

for (
  const args of [
    ["check", "rules", RULES],
    ["test", "rules", RULES.replace(".yml", ".test.yml")],
  ]
) {
  Deno.test({
    name: `promtool ${args[0]} rules finds the alert rules right`,
    ignore: promtool === undefined,
    async fn() {
      const { code, stdout, stderr } = await runProgram([promtool!], args);
      assert.equal(code, 0, stdout + stderr);
    },
  });
}

Deno.test({
  name: "promtool finds a scrape right",
  ignore: promtool === undefined,
  async fn() {
    await using ranger = await startRanger({ command: "demo" });
    const { text } = await scrape(ranger);
    const { code, stdout, stderr } = await runProgram([promtool!], ["check", "metrics"], {
      stdin: text,
    });
    assert.equal(code, 0, stdout + stderr);
    assert.equal(stdout + stderr, "");
  },
});

/** The lines of a YAML text below a key, without their common indentation. */
function below(text: string, key: string): string {
  const lines = text.split("\n");
  const at = lines.findIndex((line) => line.trim() === `${key}:`);
  assert.ok(at >= 0, `no ${key}`);
  const depth = (line: string) => line.length - line.trimStart().length;
  const rest = lines.slice(at + 1);
  const end = rest.findIndex((line) => depth(line) <= depth(lines[at]!));
  const inner = rest.slice(0, end < 0 ? rest.length : end);
  return inner.map((line) => line.slice(depth(inner[0]!))).join("\n") + "\n";
}

Deno.test({
  name: "the OpenTelemetry Collector's receiver has a configuration that Prometheus takes",
  ignore: promtool === undefined,
  async fn() {
    const config = below(await Deno.readTextFile(COLLECTOR), "config");
    assert.match(config, /^scrape_configs:/);
    const { code, stdout, stderr } = await runProgram(
      [promtool!],
      ["check", "config", "--syntax-only", "/dev/stdin"],
      { stdin: config },
    );
    assert.equal(code, 0, stdout + stderr);
  },
});

Deno.test("the OpenTelemetry Collector's pipeline names what its file declares", async () => {
  const text = await Deno.readTextFile(COLLECTOR);
  const pipeline = below(text, "metrics");
  for (const kind of ["receivers", "processors", "exporters"]) {
    const used = new RegExp(`^${kind}: \\[(.+)\\]$`, "m").exec(pipeline)?.[1]?.split(", ");
    const declared = [...below(text, kind).matchAll(/^(\w+):/gm)].map(([, name]) => name);
    assert.deepEqual(used, declared, kind);
  }
});

Deno.test("every metric and label that rules and dashboard use is one that a live server has", async () => {
  await using ranger = await startRanger({ command: "demo" });
  const { text } = await scrape(ranger);
  const used = [...await expressionsOfRules(), ...await expressionsOfDashboard()];
  assert.ok(used.length > 30, `${used.length} expressions`);
  for (const expression of used) {
    const named = metricsIn(expression);
    assert.ok(named.length > 0, expression);
    const labels = new Set(ADDED);
    for (const name of named) {
      if (OF_PROMETHEUS.includes(name)) continue;
      const base = name.replace(/_(bucket|sum|count)$/, "");
      const metric = METRICS.find((each) =>
        each.name === name || (each.name === base && each.type === "histogram")
      );
      assert.ok(metric, `${name} in ${expression}`);
      assert.match(text, new RegExp(`^# TYPE ${metric.name} ${metric.type}$`, "m"));
      for (const label of metric.labels ?? []) labels.add(label);
    }
    for (const label of labelsIn(expression)) {
      assert.ok(labels.has(label), `${label} in ${expression}`);
    }
  }
});

Deno.test("every value of a label that rules and dashboard ask for is one that comes to be", async () => {
  await using exchange = await startExchange(broker, {
    args: [
      "--streams-mode=strict",
      "--streams-event-bytes=1024",
      "--limits-message-rate=1",
      "--limits-message-burst=1",
    ],
  });
  // What the alerts are about, once each.
  await exchange.publish("public.a.trades", "no JSON");
  await exchange.publish("public.a.trades", { trades: [], x: "x".repeat(2000) });
  await exchange.publish("public.a.trades", { trades: "none" });
  await exchange.publish("a.routing.key.too.long", {});
  await exchange.publish("public.a.ob-snap", { asks: [], bids: [], sequence: 1 });
  await exchange.publish("public.a.ob-inc", { asks: ["1.0", "1.0"], sequence: 9 });
  await exchange.publish("public.b.ob-inc", { asks: ["1.0", "1.0"], sequence: 9 });
  {
    await using hasty = await exchange.connect("/public");
    for (let times = 0; times < 3; times++) await hasty.send("ping").catch(() => {});
    assert.equal((await hasty.closing()).code, 1008);
  }
  {
    await using late = await exchange.connect("/public?stream=a.trades&cursor=of-another-log");
    assert.match(await late.next(), /Cannot resume\./);
  }
  // The observer of the exchange is sent this, as a turn of writing.
  await exchange.settled();
  const { series } = await scrape(exchange.ranger);
  const alive = [...series].filter(([, value]) => value > 0).map(([name]) => partsOf(name));

  const asked = [...await expressionsOfRules(), ...await expressionsOfDashboard()]
    .flatMap(selectorsIn);
  assert.ok(asked.length >= 6, `${asked.length} values`);
  for (const { metric, label, value, expression } of asked) {
    const found = alive.some((one) => one.metric === metric && one.labels[label] === value);
    assert.ok(found, `${metric}{${label}="${value}"} in ${expression}`);
  }
});

Deno.test("the series that the rules are tried with are such as a live server has", async () => {
  await using exchange = await startExchange(broker);
  const { series } = await scrape(exchange.ranger);
  const live = [...series.keys()].map(partsOf);
  const text = await Deno.readTextFile(RULES.replace(".yml", ".test.yml"));
  const tried = [...text.matchAll(/^ +- series: (.+)$/gm)].map(([, one]) => partsOf(one!));
  assert.ok(tried.length > 10, `${tried.length} series`);
  for (const { metric, labels } of tried) {
    if (OF_PROMETHEUS.includes(metric)) continue;
    const wanted = Object.entries(labels).filter(([label]) => !OF_A_SCRAPE.includes(label));
    const found = live.some((one) =>
      one.metric === metric && wanted.every(([label, value]) => one.labels[label] === value)
    );
    assert.ok(found, `${metric} with ${JSON.stringify(wanted)}`);
  }
});

Deno.test("the dashboard is one that Grafana loads", async () => {
  const dashboard = JSON.parse(await Deno.readTextFile(DASHBOARD));
  assert.equal(dashboard.schemaVersion, 39);
  assert.ok(dashboard.uid && dashboard.title);
  // Each installation has another data source: it is a variable everywhere.
  const [datasource, instance] = dashboard.templating.list;
  assert.deepEqual([datasource.name, datasource.type, datasource.query], [
    "datasource",
    "datasource",
    "prometheus",
  ]);
  assert.equal(instance.datasource.uid, "${datasource}");
  const { panels } = dashboard;
  assert.equal(new Set(panels.map(({ id }: { id: number }) => id)).size, panels.length);
  for (const { type, title, gridPos, datasource, targets, fieldConfig } of panels) {
    for (const side of ["h", "w", "x", "y"]) assert.ok(Number.isInteger(gridPos[side]), title);
    assert.ok(gridPos.x >= 0 && gridPos.x + gridPos.w <= 24, title);
    if (type === "row") continue;
    assert.match(type, /^(timeseries|stat)$/);
    assert.ok(fieldConfig.defaults.unit, title);
    for (const target of targets) {
      assert.deepEqual([datasource.uid, target.datasource.uid], ["${datasource}", "${datasource}"]);
      assert.match(target.expr, /instance=~"\$instance"/, title);
    }
    const ids = targets.map(({ refId }: { refId: string }) => refId);
    assert.equal(new Set(ids).size, ids.length, title);
  }
  for (const [at, one] of panels.entries()) {
    for (const other of panels.slice(at + 1)) {
      assert.ok(!overlap(one.gridPos, other.gridPos), `${one.title} and ${other.title}`);
    }
  }
});

interface Place {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

function overlap(a: Place, b: Place): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

async function expressionsOfRules(): Promise<string[]> {
  const text = await Deno.readTextFile(RULES);
  return [...text.matchAll(/^ +expr: (.+)$/gm)].map(([, expression]) => expression!);
}

async function expressionsOfDashboard(): Promise<string[]> {
  const text = await Deno.readTextFile(DASHBOARD);
  return [...text.matchAll(/"expr": ("(?:[^"\\]|\\.)*")/g)].map(([, json]) => JSON.parse(json!));
}

function metricsIn(expression: string): string[] {
  return expression.replace(/\{[^}]*\}/g, "").match(/\b(ranger|process)_\w+|\bup\b/g) ?? [];
}

function labelsIn(expression: string): string[] {
  const matched = [...expression.matchAll(/\{([^}]*)\}/g)].flatMap(([, inside]) =>
    [...inside!.matchAll(/(\w+)(?:=~|!~|!=|=)"/g)].map(([, label]) => label!)
  );
  const grouped = [...expression.matchAll(/\b(?:by|without) \(([^)]*)\)/g)].flatMap(([, inside]) =>
    inside!.split(",").map((label) => label.trim())
  );
  return [...matched, ...grouped];
}

/** One value of a label that an expression asks a metric for. */
interface Asked {
  readonly metric: string;
  readonly label: string;
  readonly value: string;
  readonly expression: string;
}

/** What is asked for by name: `outcome=~"a|b"` is two values; what Grafana or a scrape fills in is none. */
function selectorsIn(expression: string): Asked[] {
  const asked: Asked[] = [];
  for (const [, metric, inside] of expression.matchAll(/(\w+)\{([^}]*)\}/g)) {
    for (const [, label, values] of inside!.matchAll(/(\w+)=~?"([^"]*)"/g)) {
      if (OF_A_SCRAPE.includes(label!)) continue;
      for (const value of values!.split("|")) {
        asked.push({ metric: metric!, label: label!, value, expression });
      }
    }
  }
  return asked;
}
