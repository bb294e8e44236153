import { count, percent, type Table } from "../harness/format.ts";
import { startServer } from "../harness/server.ts";
import { fedStep, isOrderly, type Step } from "../harness/step.ts";
import { twentyMarkets } from "../harness/traffic.ts";
import { rangerWith } from "../peers/ranger.ts";
import { median, type Scenario } from "./scenario.ts";

const CONNECTIONS = 1_000;
const FRAMES = 200_000;
const TRAFFIC = twentyMarkets(CONNECTIONS);

interface Way {
  readonly name: string;
  readonly settings: readonly string[];
}

const WAYS: readonly Way[] = [
  { name: "off", settings: ["--no-compression"] },
  ...[[256, 1], [64, 1], [64, 6]].map(([threshold, level]) => ({
    name: `from ${threshold} bytes on, level ${level}`,
    settings: [`--compression-threshold=${threshold}`, `--compression-level=${level}`],
  })),
];

interface Measured {
  readonly name: string;
  readonly steps: readonly Step[];
  /** The middle ones of the steps. */
  readonly bytesPerFrame: number;
  readonly cpu: number;
}

/** What permessage-deflate saves on the wire, and what it costs. */
export const compression: Scenario = {
  name: "compression",
  about:
    `${count(CONNECTIONS)} connections that offer permessage-deflate, with the markets' events ` +
    `at ${count(FRAMES)} frames a second`,
  async run({ place, effort, say }) {
    const measured: Measured[] = [];
    for (const { name, settings } of WAYS) {
      const peer = rangerWith(settings, ["--deflate"]);
      const server = await startServer(peer, place);
      const steps: Step[] = [];
      try {
        while (steps.length < effort.rounds) {
          const { warmup, seconds } = effort;
          const rate = Math.round(FRAMES / TRAFFIC.fanOut);
          const options = { traffic: TRAFFIC, rate, warmup, seconds, p99Limit: Infinity };
          steps.push(await fedStep(peer, server, place, options));
        }
      } finally {
        await server.running.stop();
      }
      const bytesPerFrame = median(steps.map((step) => step.bytesPerSecond / step.framesPerSecond));
      const cpu = median(steps.map((step) => step.serverCpu));
      measured.push({ name, steps, bytesPerFrame, cpu });
      say(`  ${name}: ${bytesPerFrame.toFixed(0)} bytes a frame, server ${percent(cpu)}`);
    }
    const [off, on] = measured;
    return {
      name: compression.name,
      about: compression.about,
      figures: { frames: FRAMES, lines: TRAFFIC.lines, ways: measured },
      tables: [table(measured)],
      notes: [
        "A message is compressed once, for all who offered it, and each by itself: nothing of the " +
        "one before helps, so short messages hardly shrink. Order books' changes have 100 bytes, " +
        "trades 180, klines 80, the tickers of all markets 6,000.",
      ],
      summary: off && on
        ? `${percent(1 - on.bytesPerFrame / off.bytesPerFrame)} of the bytes saved for ${
          percent(on.cpu / off.cpu - 1)
        } more CPU`
        : "",
      targets: [],
      integrity: measured.every(({ steps }) => steps.every(isOrderly)),
    };
  },
};

function table(measured: readonly Measured[]): Table {
  const plain = measured[0]!;
  return {
    title: "Bytes on the wire and CPU, by when messages are compressed",
    head: ["compressed", "bytes a frame", "of plain", "MB/s", "server's core", "of plain"],
    rows: measured.map(({ name, steps, bytesPerFrame, cpu }) => [
      name,
      bytesPerFrame.toFixed(0),
      percent(bytesPerFrame / plain.bytesPerFrame),
      (median(steps.map((step) => step.bytesPerSecond)) / 1e6).toFixed(1),
      percent(cpu),
      percent(cpu / plain.cpu),
    ]),
  };
}
