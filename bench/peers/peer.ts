import { findExecutable } from "../../testing/executables.ts";
import type { Tools } from "../harness/build.ts";
import type { Keys } from "../harness/keys.ts";
import type { Program, Running } from "../harness/process.ts";

/** Where things are in this run, the same for every peer. */
export interface Place {
  readonly tools: Tools;
  readonly amqpUrl: string;
  readonly exchange: string;
  readonly brokerPid: number;
  /** The core of the server, and that of broker, publisher and load generator. */
  readonly serverCore: number;
  readonly loadCore: number;
  /** For what the run writes; removed when it ends. */
  readonly folder: string;
  readonly keys: Keys;
  /** Files that one process may have open. */
  readonly openFiles: number;
  /** A built Ranger to measure instead of the source tree. */
  readonly binary: string | undefined;
}

/** The names of all scenarios. */
export type ScenarioName =
  | "hot"
  | "market"
  | "wide"
  | "private"
  | "storm"
  | "idle"
  | "low"
  | "compression"
  | "processes"
  | "start"
  | "page"
  | "stall";

/** A server that is measured beside the others. */
export interface Peer {
  /** In tables, on the command line and in the results. */
  readonly name: string;
  /** One line for a reader who does not know it. */
  readonly about: string;
  /** What it is measured by. */
  readonly scenarios: readonly ScenarioName[];
  /** Why it cannot run here, or undefined when it can; where it can, what version it is. */
  unavailable(place: Place): Promise<string | undefined>;
  version?(): Promise<string>;
  /** The path that subscribes to the streams. */
  path(streams: readonly string[]): string;
}

/** A server that receives events: from the broker of the run, or in another way. */
export interface FedPeer extends Peer {
  readonly source: "fed";
  /** Starts it on a free port of 127.0.0.1, pinned to the server's core. */
  start(place: Place, port: number): Started | Promise<Started>;
  /** Flags of the load generator, where frames are not envelopes of events. */
  flags?(place: Place): readonly string[];
  /** A stream's name as `path` has it, by routing key; without it, the key behind `public.` */
  nameOf?(key: string): string;
}

/** A server that was started, and where the publisher sends to when that is not the run's broker. */
export interface Started {
  readonly running: Running;
  readonly feed?: string;
}

/** A server that makes the events of `usdbtc.trades` itself: started again for every rate. */
export interface SelfFedPeer extends Peer {
  readonly source: "self";
  start(place: Place, port: number, load: SelfFedLoad): Program;
  /** The same with a given number of frames per write, where the server can do that. */
  withBatch?(frames: number): SelfFedPeer;
}

/** What a server without a broker makes by itself. */
export interface SelfFedLoad {
  readonly connections: number;
  /** Events a second, bytes of each, and for how many seconds. */
  readonly rate: number;
  readonly bytes: number;
  readonly seconds: number;
}

/** The path of an installed program; servers are often where only root looks. */
export function installed(name: string): string | undefined {
  const folders = (Deno.env.get("PATH") ?? "").split(":").filter((folder) => folder !== "");
  return findExecutable(name, [...folders, "/usr/sbin", "/usr/local/sbin"]);
}

/** The first line that a program prints, such as its version; empty where it cannot be run. */
export async function firstLine(command: string, ...args: string[]): Promise<string> {
  try {
    const { stdout, stderr } = await new Deno.Command(command, { args }).output();
    const text = new TextDecoder().decode(stdout) || new TextDecoder().decode(stderr);
    return text.split("\n")[0]?.trim() ?? "";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
