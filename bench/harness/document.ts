import type { Outcome, Target } from "../scenarios/scenario.ts";
import { markdownTable, type Table } from "./format.ts";

/** What the document says beside the outcomes. */
export interface Particulars {
  readonly command: string;
  /** `2026-01-31` */
  readonly day: string;
  readonly minutes: number;
  /** Names and what they are: machine, versions, cores. */
  readonly setting: readonly (readonly [string, string])[];
  readonly servers: readonly (readonly [string, string, string])[];
  /** `left out: rango: rango is not on the PATH` */
  readonly leftOut: readonly string[];
  readonly rounds: number;
}

/** The targets of all outcomes, and what was reached. */
export function targetTable(outcomes: readonly Outcome[]): Table {
  return {
    title: "Targets",
    head: ["what", "target", "reached", "met"],
    rows: outcomes.flatMap(({ targets }) =>
      targets.map((target) => [target.what, target.wanted, target.reached, met(target)])
    ),
  };
}

function met({ met }: Target): string {
  return met === undefined ? "" : met ? "met" : "not met";
}

/** The run as a document in Markdown, not yet formatted. */
export function document(particulars: Particulars, outcomes: readonly Outcome[]): string {
  const { command, day, minutes, setting, servers, leftOut, rounds } = particulars;
  return [
    "# Benchmarks",
    "",
    "<!-- Written by `deno task bench`: run it again instead of editing this file. -->",
    "",
    `One run of the whole benchmark, on ${day}, in ${minutes} minutes:`,
    "",
    "```sh",
    command,
    "```",
    "",
    ...setting.filter(([name]) => name !== "command").map(([name, text]) => `- ${name}: ${text}`),
    "",
    "[bench/README.md](../bench/README.md) says what is measured, how, and how to get the other " +
    "servers. Absolute figures belong to the machine and the hour; ratios between servers of the " +
    "same run travel better. Figures of single scenarios are in [performance.md](performance.md), " +
    "with their dates; where both have one, the newer one counts.",
    "",
    ...markdownTable(targetTable(outcomes)),
    "",
    "## How to read it",
    "",
    "Frames are events that arrived at a connection. A rate holds when nothing is lost, nothing is " +
    "out of order and the 99th percentile from publish to client stays under the scenario's limit. " +
    `Each limit is searched for ${
      rounds === 1 ? "once" : `${rounds} times`
    }; the table has the middle one, and the least and ` +
    "the most of them. The server has one core to itself; RabbitMQ, publisher and load generator " +
    "share the other one.",
    "",
    "## Servers",
    "",
    ...markdownTable({ title: "", head: ["server", "what it is", "version"], rows: servers })
      .slice(2),
    "",
    ...leftOut.map((line) => `- ${line}`),
    "",
    ...outcomes.flatMap(chapter),
  ].join("\n");
}

function chapter({ name, about, tables, notes }: Outcome): string[] {
  return [
    `## ${name}`,
    "",
    `${about[0]?.toUpperCase()}${about.slice(1)}.`,
    "",
    ...tables.flatMap((table) => [...markdownTable(table), ""]),
    ...notes.flatMap((note) => [note, ""]),
  ];
}
