/**
 * A guard for CI: measures hot and market for a few seconds beside the naive Deno server, and fails
 * when Ranger's lead fell under half of the recorded one, or when it broke the protocol or lost
 * frames. The lead is a ratio of frames per CPU second of the server's process, which a busy or slow
 * machine changes little.
 *
 *     deno task bench:smoke            compares with bench/baseline.json
 *     deno task bench:smoke --record   writes it
 */
import { root } from "./harness/build.ts";
import { readFlags } from "./harness/flags.ts";
import { count } from "./harness/format.ts";
import { withPlace } from "./harness/place.ts";
import { startServer } from "./harness/server.ts";
import { fedStep, type Step } from "./harness/step.ts";
import { oneStream, type Traffic, twentyMarkets } from "./harness/traffic.ts";
import { naiveDeno } from "./peers/naive_deno_peer.ts";
import type { FedPeer, Place } from "./peers/peer.ts";
import { ranger } from "./peers/ranger.ts";

const BASELINE = `${root}bench/baseline.json`;
const CONNECTIONS = 500;
/** Steps tried until one of Ranger's is in order: a machine may stand still for a moment. */
const TRIES = 3;

/** What is published, and how many frames a second each server is asked for: what it can do. */
interface Load {
  readonly name: string;
  readonly traffic: Traffic;
  readonly naive: number;
  readonly ranger: number;
}

/** A step of both, and how many times more frames Ranger sends for a second of CPU. */
interface Lead {
  readonly own: Step;
  readonly naive: Step;
  readonly lead: number;
}

const LOADS: readonly Load[] = [
  { name: "hot", traffic: oneStream(CONNECTIONS, 200), naive: 40_000, ranger: 1_500_000 },
  { name: "market", traffic: twentyMarkets(CONNECTIONS), naive: 30_000, ranger: 400_000 },
];

async function main(): Promise<number> {
  const values = readFlags("bench:smoke", { record: { type: "boolean", default: false } });
  const cores = { serverCore: 0, loadCore: navigator.hardwareConcurrency > 1 ? 1 : 0 };
  return await withPlace({ ...cores, binary: undefined }, async ({ place }) => {
    const recorded: Record<string, number> = values.record
      ? {}
      : JSON.parse(await Deno.readTextFile(BASELINE));
    const leads: Record<string, number> = {};
    let failures = 0;
    for (const load of LOADS) {
      const least = (recorded[load.name] ?? 0) / 2;
      const { own, naive, lead } = await measureLead(load, place, least);
      leads[load.name] = Number(lead.toFixed(2));
      const integrity = broken(own);
      if (integrity !== "" || lead < least) failures++;
      console.log(
        `${load.name}: ranger ${count(own.framesPerCpuSecond)} frames per CPU second, naive-deno ` +
          `${count(naive.framesPerCpuSecond)}: ${lead.toFixed(1)} x` +
          (least > 0 ? `, at least ${least.toFixed(1)} x is asked for` : "") +
          (integrity === "" ? "" : `; BROKEN: ${integrity}`),
      );
    }
    if (values.record && failures === 0) {
      await Deno.writeTextFile(BASELINE, JSON.stringify(leads, null, 2) + "\n");
    }
    return failures === 0 ? 0 : 1;
  });
}

/** Both servers in turns, up to three times, until the lead is enough: a short step is noisy. */
async function measureLead(load: Load, place: Place, least: number): Promise<Lead> {
  let best: Lead | undefined;
  for (let tries = 0; tries < TRIES && !(best && best.lead >= least); tries++) {
    const naive = await measure(naiveDeno, place, load.traffic, load.naive);
    const own = await measure(ranger, place, load.traffic, load.ranger);
    const lead = own.framesPerCpuSecond / naive.framesPerCpuSecond;
    if (!best || lead > best.lead) best = { own, naive, lead };
    // What breaks the protocol is not measured away.
    if (broken(own) !== "") return { own, naive, lead };
  }
  return best!;
}

/** A short step; Ranger's is repeated when it was not in order, so that only what lasts counts. */
async function measure(
  peer: FedPeer,
  place: Place,
  traffic: Traffic,
  frames: number,
): Promise<Step> {
  const options = {
    traffic,
    rate: Math.round(frames / traffic.fanOut),
    warmup: 1,
    seconds: 2,
    p99Limit: Infinity,
  };
  for (let tries = 1;; tries++) {
    const server = await startServer(peer, place);
    try {
      const step = await fedStep(peer, server, place, options);
      const again = peer === ranger && step.violations === 0 && broken(step) !== "";
      if (!again || tries === TRIES) return step;
    } finally {
      await server.running.stop();
    }
  }
}

/** What a server must never do, at a rate far below its limit. */
function broken({ violations, firstViolation, lost, closed }: Step): string {
  return [
    violations > 0 ? `${violations} violations, ${firstViolation}` : "",
    lost > 0 ? `${lost} frames lost` : "",
    closed > 0 ? `${closed} connections closed` : "",
  ].filter((text) => text !== "").join("; ");
}

try {
  Deno.exitCode = await main();
} catch (error) {
  if (!(error instanceof Error)) throw error;
  console.error(`bench:smoke: ${error.message}`);
  Deno.exitCode = 1;
}
