import { count, percent } from "../harness/format.ts";
import { twentyMarkets } from "../harness/traffic.ts";
import { ratio, times } from "./hot.ts";
import { rateScenario } from "./rate.ts";
import { type Scenario, target } from "./scenario.ts";

const MIX = "of 1,000 events 700 changes of order books (100 bytes), 200 trades (180), 99 klines " +
  "(80) and 1 all markets' tickers (6,000)";

/** What the clients of an exchange hold: the streams of one market, and the tickers of all. */
export const market: Scenario = rateScenario({
  name: "market",
  about:
    "1,000 connections over 20 markets, each on its market's ob-inc, trades and kline-1m and " +
    `on global.tickers; ${MIX}`,
  traffic: twentyMarkets(1_000),
  p99Limit: 50,
  start: { ranger: 12_000, "ranger-cursors": 12_000, nats: 6_000 },
  startOthers: 1_200,
  most: 100_000,
  notes: [
    "Tickers are one event in a thousand, but everybody's: one delivery in fifty, and a seventh of " +
    "all bytes. Ranger keeps the order books and checks each change's sequence, with a snapshot of " +
    "each from the exchange every two seconds; the others pass changes through. The changes are " +
    "those of a model of Peatio's matching engine on random orders: a third remove a level, and " +
    "snapshots come right before an increment, with its change.",
  ],
  targets: (by) => {
    const best = by("ranger")?.best;
    const naive = (["naive-deno", "naive-ws"] as const).map((name) =>
      ratio(by("ranger"), by(name))
    );
    return [
      target(
        "market, frames a second",
        "at least 1,000,000",
        best?.framesPerSecond,
        count,
        (x) => x >= 1e6,
      ),
      target(
        "market, with a cursor on every event, to without",
        "at least 85 %",
        ratio(by("ranger-cursors"), by("ranger")),
        percent,
        (x) => x >= 0.85,
      ),
      target("market, to the naive Deno server", "at least 10 x", naive[0], times, (x) => x >= 10),
      target("market, to the naive ws server", "at least 10 x", naive[1], times, (x) => x >= 10),
      target(
        "market, frames per CPU second of the server",
        "at least 1,500,000",
        best?.framesPerCpuSecond,
        count,
        (x) => x >= 1.5e6,
      ),
    ];
  },
});

/** The same with ten times the connections. */
export const wide: Scenario = rateScenario({
  name: "wide",
  about: "10,000 connections over 20 markets, the same streams",
  traffic: twentyMarkets(10_000),
  p99Limit: 200,
  start: { ranger: 1_200 },
  startOthers: 100,
  most: 20_000,
  targets: (by) => [
    target(
      "wide, frames a second at p99 under 200 ms",
      "at least 1,000,000",
      by("ranger")?.best?.framesPerSecond,
      count,
      (x) => x >= 1e6,
    ),
  ],
});
