import { Program } from "../harness/process.ts";
import type { ScenarioName, SelfFedPeer } from "./peer.ts";

/** Seconds between the last connection and the first event. */
const DELAY = 0.3;

function floor(
  name: string,
  about: string,
  batch: number,
  scenarios: readonly ScenarioName[],
): SelfFedPeer {
  return {
    name,
    about,
    scenarios,
    source: "self",
    unavailable: () => Promise.resolve(undefined),
    path: (streams) => `/?stream=${streams.join(",")}`,
    start({ tools, serverCore }, port, { connections, rate, bytes, seconds }) {
      const load = [port, connections, rate, seconds, bytes, batch, DELAY].map(String);
      return Program.start([tools.wslimit, ...load], { core: serverCore });
    },
  };
}

/** What the kernel alone costs, one write() per frame: the end of the road for that way. */
export const floorSingle = floor(
  "floor-1",
  "C, one write() per frame, no broker, no JSON",
  1,
  ["hot", "low"],
);

/** The same with everything that is due joined into one write(). */
export const floorJoined = floor(
  "floor-n",
  "C, one write() for all that is due, no broker",
  0,
  ["hot"],
);

/** The same with as many frames to a write as Ranger had at its best, so that both write alike. */
export const floorSame: SelfFedPeer = {
  ...floor("floor-same", "C, as many frames to a write as Ranger at its best", 1, ["hot"]),
  withBatch: (frames) =>
    floor("floor-same", `C, ${frames} frames to a write, as Ranger at its best`, frames, ["hot"]),
};
