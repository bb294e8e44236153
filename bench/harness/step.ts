import { freePort } from "../../testing/ports.ts";
import type { FedPeer, Peer, Place, SelfFedPeer } from "../peers/peer.ts";
import { Load, type LoadReport } from "./load.ts";
import { cpuSeconds, family, startUsage, type Usage } from "./proc.ts";
import type { Program } from "./process.ts";
import { type PublishReport, publishReport, startPublisher } from "./publisher.ts";
import type { Probe } from "./search.ts";
import type { Server } from "./server.ts";
import { lastNumbers, type Traffic } from "./traffic.ts";

/** The load of one step. */
export interface StepOptions {
  readonly traffic: Traffic;
  /** Events a second. */
  readonly rate: number;
  readonly warmup: number;
  readonly seconds: number;
  /** A step holds when the 99th percentile of publish to client stays under this. */
  readonly p99Limit: number;
  /** The latency of every n-th event is measured; a prime does not coincide with batches. */
  readonly sample?: number;
}

/** What one step measured. Frames are events delivered to a connection; times are milliseconds. */
export interface Step extends Probe {
  readonly wantedFramesPerSecond: number;
  readonly framesPerSecond: number;
  readonly framesPerWrite: number;
  readonly bytesPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** Of one core: by the server's process, and of the two cores by everybody. */
  readonly serverCpu: number;
  readonly serverCore: number;
  readonly loadCore: number;
  readonly brokerCpu: number;
  /** Of the two cores together, by what does not belong to the benchmark. */
  readonly disturbance: number;
  readonly framesPerCpuSecond: number;
  /** Microseconds of the server's CPU, from the first event until the last has arrived. */
  readonly cpuPerEvent: number;
  readonly lost: number;
  readonly closed: number;
  readonly violations: number;
  readonly firstViolation: string;
  /** Why it does not hold; empty when it does. */
  readonly why: readonly string[];
  /** Which side ended first where it does not hold: the server, or broker, publisher and generator. */
  readonly endedBy: "server" | "load" | undefined;
  readonly publisher: PublishReport;
  readonly load: LoadReport;
}

/** Seconds after the last event for what is still on its way. */
const DRAIN = 3;
/** Milliseconds from a snapshot's publishing to its being everywhere. */
const SNAPSHOTS_ON_THEIR_WAY = 100;
const SAMPLE = 61;

/** Numbers go on from step to step, as an exchange's do: a server's order books live on. */
const NUMBERS_OF_A_STEP = 1_000_000;
let steps = 0;

/** Measures one rate on a server that is running and fed by the publisher. */
export async function fedStep(
  peer: FedPeer,
  server: Server,
  place: Place,
  options: StepOptions,
): Promise<Step> {
  const { traffic, rate } = options;
  const from = 1 + NUMBERS_OF_A_STEP * ++steps;
  const publisher = startPublisher({
    publish: place.tools.publish,
    address: server.feed,
    exchange: place.exchange,
    traffic,
    rate,
    seconds: publishingSeconds(options),
    from,
    core: place.loadCore,
  });
  await publisher.line("ready");
  if (traffic.lines.some(({ kind }) => kind === "ob_inc")) {
    await new Promise((resolve) => setTimeout(resolve, SNAPSHOTS_ON_THEIR_WAY));
  }
  const load = await startLoad(peer, server.port, place, options, [
    ...(peer.flags?.(place) ?? []),
    ...["--from", `${from}`],
    ...(traffic.users ? ["--tokens", traffic.users.tokens] : []),
  ]);
  await load.ready;
  await publisher.say("go\n");
  return measure(peer, load, publisher, server.running.pid, place, options);
}

/** Measures one rate on a server that makes its events itself, and stops it. */
export async function selfFedStep(
  peer: SelfFedPeer,
  place: Place,
  options: StepOptions,
): Promise<Step> {
  const port = freePort();
  const { traffic, rate } = options;
  const { connections, lines } = traffic;
  const seconds = publishingSeconds(options);
  const server = peer.start(place, port, { connections, rate, bytes: lines[0]!.bytes, seconds });
  await server.line("listening");
  const load = await startLoad(peer, port, place, options, ["--from", "1"]);
  await load.ready;
  try {
    return await measure(peer, load, server, server.pid, place, options);
  } finally {
    await server.stop();
  }
}

function startLoad(
  peer: Peer,
  port: number,
  place: Place,
  { traffic, warmup, seconds, sample = SAMPLE }: StepOptions,
  flags: readonly string[],
): Promise<Load> {
  return Load.start({
    wsload: place.tools.wsload,
    port,
    paths: traffic.holdings.map((streams) => peer.path(streams)),
    flags: [...flags, "--sample", `${sample}`],
    connections: traffic.connections,
    warmup,
    seconds,
    drain: DRAIN,
    core: place.loadCore,
  });
}

/** A little more than warm-up and window together: the window must not see the end. */
function publishingSeconds({ warmup, seconds }: StepOptions): number {
  return warmup + seconds + 0.3;
}

async function measure(
  peer: Peer & { nameOf?(key: string): string },
  load: Load,
  publisher: Program,
  serverPid: number,
  place: Place,
  options: StepOptions,
): Promise<Step> {
  const server = family(serverPid);
  const cpuBefore = server.map(cpuSeconds).reduce((sum, seconds) => sum + seconds, 0);
  let cpu = 0;
  await load.measuring;
  const used = startUsage([server, [place.brokerPid], [Deno.pid]], [
    place.serverCore,
    place.loadCore,
  ]);
  await load.measured;
  const usage = used();
  const published = await publishReport(publisher);
  const nameOf = (key: string) => peer.nameOf?.(key) ?? key.replace(/^public\./, "");
  const report = await load.finish(
    lastNumbers(options.traffic, nameOf, published.from, published.lines),
    () => cpu = server.map(cpuSeconds).reduce((sum, seconds) => sum + seconds, 0) - cpuBefore,
  );
  return judge(options, usage, cpu, published, report);
}

function judge(
  options: StepOptions,
  usage: Usage,
  cpu: number,
  publisher: PublishReport,
  load: LoadReport,
): Step {
  const { traffic, rate, p99Limit } = options;
  const wanted = rate * traffic.fanOut;
  const { p50_ms: p50, p99_ms: p99, max_ms: max } = load.latency;
  const closed = load.connections - load.open_at_end;
  const short = load.frames_per_s < wanted * 0.97;
  const why = [
    p99 >= p99Limit ? `p99 ${p99.toFixed(0)} ms` : "",
    load.missing ? `${load.missing} lost` : "",
    load.violations_total ? load.first_violation : "",
    load.refusal,
    closed
      ? `${closed} closed${load.first_close_code ? ` with ${load.first_close_code}` : ""}`
      : "",
    short ? `${Math.round(100 * load.frames_per_s / wanted)} % of the rate` : "",
    publisher.fell_behind ? "the publisher fell behind" : "",
  ].filter((reason) => reason !== "");
  const [serverCore = 0, loadCore = 0] = usage.cores;
  const [serverCpu = 0, brokerCpu = 0, runner = 0] = usage.processes;
  const ours = serverCpu + brokerCpu + runner + load.cpu + (publisher.cpu ?? 0);
  return {
    rate,
    holds: why.length === 0,
    wantedFramesPerSecond: wanted,
    framesPerSecond: load.frames_per_s,
    framesPerWrite: load.frames_per_segment,
    bytesPerSecond: load.bytes_per_s,
    p50,
    p99,
    max,
    serverCpu,
    serverCore,
    loadCore,
    brokerCpu,
    disturbance: Math.max(0, serverCore + loadCore - ours),
    framesPerCpuSecond: load.frames_per_s / Math.max(serverCpu, 0.001),
    cpuPerEvent: 1e6 * cpu / Math.max(publisher.published, 1),
    lost: load.missing,
    closed,
    violations: load.violations_total,
    firstViolation: load.first_violation,
    why,
    endedBy: why.length === 0 ? undefined : blame(serverCpu, loadCore),
    publisher,
    load,
  };
}

/** A server that leaves a tenth of its core, while the other core is full, was not what ended first. */
function blame(serverCpu: number, loadCore: number): "server" | "load" {
  return serverCpu < 0.9 && loadCore > 0.95 ? "load" : "server";
}

/** Whether a step that may have failed by losing frames shows a server that breaks the protocol. */
export function isOrderly({ violations, load }: Step): boolean {
  return violations === (load.violations.gap ?? 0);
}
