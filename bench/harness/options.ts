import { parseArgs } from "node:util";
import type { Effort } from "../scenarios/scenario.ts";

/** What the command line asks for. */
export interface Options {
  readonly help: boolean;
  readonly effort: Effort;
  /** Names; empty means all that belong to the effort. */
  readonly scenarios: readonly string[];
  readonly peers: readonly string[];
  readonly quick: boolean;
  readonly binary: string | undefined;
  readonly serverCore: number;
  readonly loadCore: number;
}

const FULL: Effort = {
  warmup: 1,
  seconds: 2.5,
  within: 1.1,
  steps: 9,
  repeats: 2,
  idle: [1_000, 10_000],
  settle: 8,
};
const QUICK: Effort = {
  warmup: 0.5,
  seconds: 1,
  within: 1.5,
  steps: 4,
  repeats: 0,
  idle: [3_000],
  settle: 2,
};

export const USAGE = `usage: deno task bench [OPTIONS]

Measures how many frames a second Ranger delivers, from RabbitMQ to WebSocket clients, beside
other servers in the same run: the server on one core, everything else on another.

  --quick             under 40 seconds and coarse: no search to the end, no floor
  --floor             the floor too, in a quick run: what plain write() costs
  --scenario NAME     only this one (hot, idle); may be repeated
  --peer NAME         only this server (ranger, naive-deno, floor-1, floor-n); may be repeated
  --binary PATH       a built Ranger (dist/ranger) in place of the source tree
  --server-core N     the server's core (0)
  --load-core N       the core of broker, publisher and load generator (1)
  --help              this text

Example: deno task bench --scenario hot --peer ranger --peer floor-n
`;

/**
 * Reads the command line.
 *
 * @throws TypeError for a flag that is not known or a core that is no number
 */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      floor: { type: "boolean", default: false },
      scenario: { type: "string", multiple: true, default: [] },
      peer: { type: "string", multiple: true, default: [] },
      binary: { type: "string" },
      "server-core": { type: "string", default: "0" },
      "load-core": { type: "string", default: "1" },
      help: { type: "boolean", default: false },
    },
  });
  const quickPeers = ["ranger", "naive-deno", ...(values.floor ? ["floor-1", "floor-n"] : [])];
  return {
    help: values.help,
    quick: values.quick,
    effort: values.quick ? QUICK : FULL,
    scenarios: values.scenario,
    peers: values.peer.length || !values.quick ? values.peer : quickPeers,
    binary: values.binary,
    serverCore: core("server-core", values["server-core"]),
    loadCore: core("load-core", values["load-core"]),
  };
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
