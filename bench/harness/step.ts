import type { BrokerPeer, Place, SelfFedPeer } from "../peers/peer.ts";
import { Load, type LoadReport } from "./load.ts";
import { freePort } from "../../tests/support/ports.ts";
import type { Program } from "./process.ts";
import { startUsage, type Usage } from "./proc.ts";
import { type PublishReport, publishReport, startPublisher, streamNames } from "./publisher.ts";
import type { Probe } from "./search.ts";
import type { Server } from "./server.ts";

/** The load of one step. */
export interface StepOptions {
  readonly connections: number;
  /** Events a second over all keys, and the bytes of each. */
  readonly rate: number;
  readonly bytes: number;
  /** Routing keys published to, in turn, and the streams that every connection subscribes to. */
  readonly keys: readonly string[];
  readonly streams: readonly string[];
  readonly warmup: number;
  readonly seconds: number;
  /** A step holds when the 99th percentile of publish to client stays under this. */
  readonly p99Limit: number;
}

/** What one step measured. Frames are events delivered to a connection; times are milliseconds. */
export interface Step extends Probe {
  readonly wantedFramesPerSecond: number;
  readonly framesPerSecond: number;
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

/** Measures one rate on a server that is running and feeds from the broker. */
export async function brokerStep(
  peer: BrokerPeer,
  server: Server,
  place: Place,
  options: StepOptions,
): Promise<Step> {
  const load = startLoad(peer.path(options.streams), server.port, place, options);
  await load.ready;
  const publisher = startPublisher({
    publish: place.tools.publish,
    amqpUrl: place.amqpUrl,
    exchange: place.exchange,
    rate: options.rate,
    seconds: publishingSeconds(options),
    keys: options.keys,
    bytes: options.bytes,
    core: place.loadCore,
  });
  return measure(load, publisher, server.program.pid, place, options);
}

/** Measures one rate on a server that makes its events itself, and stops it. */
export async function selfFedStep(
  peer: SelfFedPeer,
  place: Place,
  options: StepOptions,
): Promise<Step> {
  const port = freePort();
  const { connections, rate, bytes } = options;
  const server = peer.start(place, port, {
    connections,
    rate,
    bytes,
    seconds: publishingSeconds(options),
  });
  await server.line("listening");
  const load = startLoad(peer.path(options.streams), port, place, options);
  await load.ready;
  try {
    return await measure(load, server, server.pid, place, options);
  } finally {
    await server.stop();
  }
}

function startLoad(path: string, port: number, place: Place, options: StepOptions): Load {
  const { connections, warmup, seconds } = options;
  return Load.start({
    wsload: place.tools.wsload,
    host: "127.0.0.1",
    port,
    path,
    connections,
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
  load: Load,
  publisher: Program,
  serverPid: number,
  place: Place,
  options: StepOptions,
): Promise<Step> {
  await load.measuring;
  const used = startUsage([serverPid, place.brokerPid, Deno.pid], [
    place.serverCore,
    place.loadCore,
  ]);
  await load.measured;
  const usage = used();
  const published = await publishReport(publisher);
  const report = await load.finish(streamNames(published.last));
  return judge(options, usage, published, report);
}

function judge(
  options: StepOptions,
  usage: Usage,
  publisher: PublishReport,
  load: LoadReport,
): Step {
  const { connections, keys, streams, rate, p99Limit } = options;
  const share = streams.length / keys.length;
  const wanted = rate * connections * share;
  const { p50_ms: p50, p99_ms: p99, max_ms: max } = load.latency;
  const closed = load.connections - load.open_at_end;
  const short = load.frames_per_s < wanted * 0.97;
  const why = [
    p99 >= p99Limit ? `p99 ${p99.toFixed(0)} ms` : "",
    load.missing ? `${load.missing} lost` : "",
    load.violations_total ? load.first_violation : "",
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
    p50,
    p99,
    max,
    serverCpu,
    serverCore,
    loadCore,
    brokerCpu,
    disturbance: Math.max(0, serverCore + loadCore - ours),
    framesPerCpuSecond: load.frames_per_s / Math.max(serverCpu, 0.001),
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
