import type { Tools } from "../harness/build.ts";
import type { Program } from "../harness/process.ts";

/** Where things are in this run, the same for every peer. */
export interface Place {
  readonly tools: Tools;
  readonly amqpUrl: string;
  readonly exchange: string;
  readonly brokerPid: number;
  /** The core of the server, and that of broker, publisher and load generator. */
  readonly serverCore: number;
  readonly loadCore: number;
  /** A built Ranger to measure instead of the source tree. */
  readonly binary: string | undefined;
}

/** A server that is measured beside the others. */
export interface Peer {
  /** In tables, on the command line and in the results. */
  readonly name: string;
  /** One line for a reader who does not know it. */
  readonly about: string;
  /** Why it cannot run here, or undefined when it can. */
  unavailable(place: Place): Promise<string | undefined>;
  /** The path that subscribes to the streams. */
  path(streams: readonly string[]): string;
}

/** A server that takes its events from the broker. */
export interface BrokerPeer extends Peer {
  readonly source: "broker";
  /** Starts it on a free port of 127.0.0.1, pinned to the server's core. */
  start(place: Place, port: number): Program;
}

/** A server that makes the events of `usdbtc.trades` itself: started anew for every rate. */
export interface SelfFedPeer extends Peer {
  readonly source: "self";
  start(place: Place, port: number, load: SelfFedLoad): Program;
}

/** What a server without a broker makes by itself. */
export interface SelfFedLoad {
  readonly connections: number;
  /** Events a second, bytes of each, and for how many seconds. */
  readonly rate: number;
  readonly bytes: number;
  readonly seconds: number;
}
