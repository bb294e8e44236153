import { setTimeout as pause } from "node:timers/promises";
import { until } from "../../testing/bounded.ts";
import { count, type Table } from "../harness/format.ts";
import type { ClientKind, CountingClient } from "./client.ts";
import type { Fault } from "./faults.ts";
import { type Side, startWorld, type World } from "./world.ts";

/** Milliseconds of publishing after a fault, so that the next events follow what was lost. */
const AFTERWARDS_MS = 5_000;
/** Milliseconds in which what was confirmed has to arrive. */
const SETTLES_MS = 15_000;

const HEAD = [
  "fault",
  "source",
  "events",
  "lost with cursors",
  "repeated",
  "reported after",
  "lost without",
  "closed with 1012 after",
  "operator's counter",
  "book back after",
];

/**
 * Lets each fault happen to a new broker with processes of both kinds.
 *
 * @param rate private events a second
 * @param say for progress
 * @returns the table, and what must not be: an event that a client with cursors missed without a
 *   report, or got twice
 */
export async function measureLosses(
  faults: readonly Fault[],
  rate: number,
  say: (line: string) => void,
): Promise<{ readonly table: Table; readonly wrong: string[] }> {
  const rows: string[][] = [];
  const wrong: string[] = [];
  for (const fault of faults) {
    say(fault.name);
    await using started = new AsyncDisposableStack();
    const world = await startWorld(started, rate);
    const back = await happen(fault, world);
    for (const side of world.sides) {
      const { row, found } = await judge(fault, side, world, back.get(side));
      rows.push(row);
      wrong.push(...found);
      say(`  ${row.slice(1).join(", ")}`);
    }
  }
  return {
    table: { title: `${count(rate)} private events a second`, head: HEAD, rows },
    wrong,
  };
}

/** @returns when the first process of each side consumed again; nothing where none was cut off */
async function happen(fault: Fault, world: World): Promise<Map<Side, number>> {
  const { sides, publisher } = world;
  const back = new Map<Side, number>();
  await fault.happen(world);
  if (fault.reconnects) {
    for (const side of sides) {
      const lines = await Promise.all(side.processes.map((process) => process.consuming(2)));
      const times = lines.map(({ time }) => Date.parse(String(time)) - performance.timeOrigin);
      back.set(side, Math.min(...times));
    }
  }
  await Promise.all(sides.flatMap(({ processes }) => processes.map((each) => each.ready())));
  await pause(AFTERWARDS_MS);
  await publisher.stop();
  return back;
}

async function judge(
  fault: Fault,
  { source, clients, processes }: Side,
  { publisher }: World,
  back: number | undefined,
): Promise<{ row: string[]; found: string[] }> {
  const { confirmed } = publisher;
  const missing = (client: CountingClient) => client.missing(confirmed.get(client.user)!);
  const lost = (kind: ClientKind) =>
    clients.filter((client) => client.kind === kind).reduce((sum, each) => sum + missing(each), 0);
  await until(() => lost("cursors") + lost("plain") === 0 || undefined, "nothing", SETTLES_MS)
    .catch(() => {});
  const withCursors = clients.filter(({ kind }) => kind === "cursors");
  const repeated = withCursors.reduce((sum, client) => sum + client.repeated, 0);
  const found = withCursors.filter((client) => missing(client) > 0 && client.reports.length === 0)
    .map((client) => `${fault.name}, ${source}: ${client.user} missed events without a report`);
  if (repeated > 0) found.push(`${fault.name}, ${source}: ${repeated} events came twice`);
  const told = (kind: ClientKind) => reported(clients.filter((each) => each.kind === kind), back);
  return {
    row: [
      fault.name,
      source,
      count(publisher.count),
      count(lost("cursors")),
      count(repeated),
      told("cursors"),
      count(lost("plain")),
      told("plain"),
      (await Promise.all(processes.map(losses))).join(" + "),
      booksBack(clients),
    ],
    found,
  };
}

/** The latest first report of these clients, in milliseconds after events could come again. */
function reported(clients: readonly CountingClient[], back: number | undefined): string {
  const first = clients.flatMap(({ reports }) => reports.slice(0, 1));
  if (first.length === 0) return "";
  const all = first.length === clients.length ? "" : `${first.length} of ${clients.length}`;
  if (back === undefined) return all || "all";
  return `${all} ${count(Math.max(0, Math.max(...first) - back))} ms`.trim();
}

/** The longest time that a client was without an order book after it lost its connection. */
function booksBack(clients: readonly CountingClient[]): string {
  const lacking = clients.filter(({ lacksBook }) => lacksBook).length;
  if (lacking > 0) return `${lacking} of ${clients.length} wait for the next snapshot`;
  const back = clients.flatMap(({ booksBack }) => booksBack);
  return back.length === 0 ? "" : `${count(Math.max(...back))} ms`;
}

/** What a process counts as losses between the exchange and itself. */
async function losses(process: { managementUrl(path: string): string }): Promise<number> {
  const text = await (await fetch(process.managementUrl("/metrics"))).text();
  return text.matchAll(/^ranger_source_losses_total\{[^}]*\} (\d+)/gm)
    .reduce((sum, [, value]) => sum + Number(value), 0);
}
