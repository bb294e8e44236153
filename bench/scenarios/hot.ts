import { count, percent } from "../harness/format.ts";
import { oneStream } from "../harness/traffic.ts";
import { type Measured, rateScenario } from "./rate.ts";
import { type Scenario, target } from "./scenario.ts";

const CONNECTIONS = 1_000;
const BYTES = 200;

/** How many times one server's rate is another's. */
export function ratio(one: Measured | undefined, other: Measured | undefined): number | undefined {
  return one?.best && other?.best && one.best.framesPerSecond / other.best.framesPerSecond;
}

export const times = (value: number): string => `${value.toFixed(1)} x`;

/** One stream that everybody has: the pure cost of fanning out. */
export const hot: Scenario = rateScenario({
  name: "hot",
  about: `${count(CONNECTIONS)} connections on one stream, ${BYTES}-byte events`,
  traffic: oneStream(CONNECTIONS, BYTES),
  p99Limit: 50,
  start: {
    ranger: 2_000,
    "ranger-cursors": 2_000,
    "floor-1": 200,
    "floor-n": 3_500,
    nats: 400,
    "web-stomp": 25,
  },
  startOthers: 100,
  most: 20_000,
  notes: [
    "The floors have no broker and no stream names: they show what the kernel asks for writing. " +
    "NATS, Nchan and Web STOMP are fed directly, which spares the load's core the broker.",
  ],
  targets: (by) => {
    const ranger = by("ranger");
    return [
      target(
        "hot, to the naive Deno server",
        "at least 20 x",
        ratio(ranger, by("naive-deno")),
        times,
        (x) => x >= 20,
      ),
      target(
        "hot, with a cursor on every event, to without",
        "at least 85 %",
        ratio(by("ranger-cursors"), ranger),
        percent,
        (x) => x >= 0.85,
      ),
      target("hot, to NATS", "at least 2 x", ratio(ranger, by("nats")), times, (x) => x >= 2),
      target(
        "hot, to the floor with the same frames per write",
        "at least 80 %",
        ratio(ranger, by("floor-same")),
        percent,
        (x) => x >= 0.8,
      ),
    ];
  },
});
