import { COMMIT, VERSION } from "../../src/version.ts";
import { RUNTIME_ENVIRONMENT, V8_OPTION } from "../../scripts/runtime.ts";
import { freePort } from "../../testing/ports.ts";
import { root } from "../harness/build.ts";
import { Program } from "../harness/process.ts";
import type { FedPeer, Place } from "./peer.ts";

/** Ranger itself, as it runs in production, from the source tree or from a built executable. */
export const ranger: FedPeer = {
  name: "ranger",
  about: "this project",
  scenarios: [
    "hot",
    "market",
    "wide",
    "private",
    "storm",
    "idle",
    "low",
    "compression",
    "processes",
    "start",
    "page",
    "stall",
  ],
  source: "fed",
  unavailable: () => Promise.resolve(undefined),
  version: () => Promise.resolve(`${VERSION}${COMMIT === "unknown" ? "" : ` ${COMMIT}`}`),
  path: (streams) =>
    streams.some((stream) => stream.includes("."))
      ? `/public/?stream=${streams.join(",")}`
      : `/private/?stream=${streams.join(",")}`,
  start(place, port) {
    return { running: startRanger(program(place), place, port) };
  },
};

/** The same for clients that all want to resume: each event ends with its cursor. */
export const rangerWithCursors: FedPeer = {
  ...ranger,
  name: "ranger-cursors",
  about: "this project, with a cursor on every event",
  scenarios: ["hot", "market"],
  path: (streams) => `${ranger.path(streams)}&cursor`,
};

/** The same with more settings than the benchmark's own. */
export function rangerWith(
  settings: readonly string[],
  clientFlags: readonly string[] = [],
): FedPeer {
  return {
    ...ranger,
    flags: () => clientFlags,
    start: (place, port) => ({ running: startRanger(program(place), place, port, settings) }),
  };
}

/** The command that runs Ranger in this run. */
export function program(place: Place): readonly string[] {
  return place.binary === undefined ? sourceTree() : [place.binary];
}

/** Runs the source tree with the flags that are built into an executable. */
export function sourceTree(): string[] {
  return [Deno.execPath(), "run", "-A", V8_OPTION, `${root}main.ts`];
}

/** Starts one form of Ranger with the benchmark's settings, and more where they are given. */
export function startRanger(
  program: readonly string[],
  place: Place,
  port: number,
  settings: readonly string[] = [],
): Program {
  const command = [...program, ...settingsFor(place, port), ...managedOn(freePort()), ...settings];
  const options = { core: place.serverCore, cwd: root, env: { ...RUNTIME_ENVIRONMENT } };
  return Program.start(command, options);
}

/** What the benchmark sets; the rest is as in production. */
export function settingsFor({ amqpUrl, exchange, keys }: Place, port: number): readonly string[] {
  return [
    "serve",
    ...["--amqp-url", amqpUrl, "--exchange", exchange, "--jwt-public-key", keys.publicKey],
    ...["--host", "127.0.0.1", "--port", `${port}`, "--log-level", "warning"],
  ];
}

/** Where the operator's listener is. */
export function managedOn(port: number): readonly string[] {
  return ["--management-host", "127.0.0.1", "--management-port", `${port}`];
}
