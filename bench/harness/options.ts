import { parseArgs } from "node:util";
import type { Effort } from "../scenarios/scenario.ts";
import { joined } from "./flags.ts";

/** What the command line asks for. */
export interface Options {
  readonly help: boolean;
  readonly effort: Effort;
  /** Names; empty means all that belong to the effort. */
  readonly scenarios: readonly string[];
  readonly peers: readonly string[];
  readonly quick: boolean;
  /** Where the document goes, if anywhere. */
  readonly report: string | undefined;
  readonly binary: string | undefined;
  readonly serverCore: number;
  readonly loadCore: number;
}

const FULL: Effort = {
  at: [],
  warmup: 0.8,
  seconds: 2,
  within: 1.1,
  steps: 8,
  rounds: 3,
  retries: 2,
  idle: [10_000, 50_000],
  rest: 9,
  idleWindow: 32,
  settle: 8,
};
const QUICK: Effort = {
  at: [],
  warmup: 0.4,
  seconds: 1,
  within: 1.6,
  steps: 3,
  rounds: 1,
  retries: 0,
  idle: [5_000],
  rest: 0,
  idleWindow: 2,
  settle: 2,
};
/** What a quick run compares with. */
const QUICK_PEERS = ["ranger", "naive-deno", "nats", "floor-1", "floor-same"];

export const USAGE = `usage: deno task bench [OPTIONS]

Measures how many frames a second Ranger delivers, from RabbitMQ to WebSocket clients, how late,
and what a connection costs, beside other servers in the same run: the server on one core,
everything else on another. A full run writes docs/benchmarks.md.

  --quick             a coarse run of everything, under three minutes; writes no document
  --scenario NAME     only this one (hot, market, wide, private, storm, idle, low, compression,
                      processes, start, page, stall); may be repeated
  --peer NAME         only this server (ranger, ranger-cursors, naive-deno, naive-ws, rango, nchan, nats,
                      web-stomp, floor-1, floor-n, floor-same); may be repeated
  --at RATE           measures hot, market and wide at this many frames a second in place of
                      searching for the limit; may be repeated, each is measured three times
  --report PATH       writes the document there, of a partial run too
  --binary PATH       a built Ranger (dist/ranger) in place of the source tree
  --server-core N     the server's core (0)
  --load-core N       the core of broker, publisher and load generator (1)
  --help              this text

Example: deno task bench --scenario hot --peer ranger --peer nats
`;

/**
 * Reads the command line.
 *
 * @throws TypeError for an unknown flag, or a core or a rate that is not a number
 */
export function readOptions(args: readonly string[]): Options {
  const flags = {
    quick: { type: "boolean", default: false },
    scenario: { type: "string", multiple: true, default: [] as string[] },
    peer: { type: "string", multiple: true, default: [] as string[] },
    at: { type: "string", multiple: true, default: [] as string[] },
    report: { type: "string" },
    binary: { type: "string" },
    "server-core": { type: "string", default: "0" },
    "load-core": { type: "string", default: "1" },
    help: { type: "boolean", default: false },
  } as const;
  const { values } = parseArgs({ args: joined(args, flags), options: flags });
  const partial = values.quick || values.scenario.length > 0 || values.peer.length > 0 ||
    values.at.length > 0;
  return {
    help: values.help,
    quick: values.quick,
    effort: { ...values.quick ? QUICK : FULL, at: values.at.map(framesPerSecond) },
    scenarios: values.scenario,
    peers: values.peer.length || !values.quick ? values.peer : QUICK_PEERS,
    report: values.report ?? (partial ? undefined : "docs/benchmarks.md"),
    binary: values.binary,
    serverCore: core("server-core", values["server-core"]),
    loadCore: core("load-core", values["load-core"]),
  };
}

function framesPerSecond(text: string): number {
  const rate = Number(text.replaceAll(/[,_]/g, ""));
  if (!Number.isSafeInteger(rate) || rate < 1) {
    throw new TypeError(`--at ${text}: not a number of frames a second such as 1000000`);
  }
  return rate;
}

function core(flag: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new TypeError(`--${flag} ${text}: not the number of a core`);
  return Number(text);
}

/**
 * The members with these names, all of them where no name is given.
 *
 * @throws TypeError for a name that none has
 */
export function named<T extends { readonly name: string }>(
  all: readonly T[],
  names: readonly string[],
): readonly T[] {
  for (const name of names) {
    if (!all.some((one) => one.name === name)) {
      throw new TypeError(`${name}: not known, there are ${all.map((one) => one.name).join(", ")}`);
    }
  }
  return names.length ? all.filter((one) => names.includes(one.name)) : all;
}
