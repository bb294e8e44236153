import { connectPublisher, randomExchange } from "../../testing/amqp.ts";
import { encodeFrame, Opcode } from "../../testing/frames.ts";
import { type Broker, startBroker } from "../../testing/rabbitmq.ts";
import { makeKey, type TestKey } from "../../testing/tokens.ts";
import { count, kilobytes, ms, percent, type Table } from "../harness/format.ts";
import { startPinnedRanger } from "../harness/pinned_ranger.ts";
import { DISTURBED } from "../harness/phases.ts";
import { cpuSeconds, memory, waitedSeconds } from "../harness/proc.ts";
import { type Attack, DEEP_LEVELS, SHALLOW_BOOKS, SHALLOW_LEVELS } from "./attacks.ts";
import { startAttackers } from "./attackers.ts";
import { type BystanderReport, startBystander, WARM_UP_SECONDS } from "./bystander.ts";
import { HostileConnection, shakeHands } from "./connection.ts";
import type { CrowdReport } from "./crowd.ts";
import { p50AndP99, p99 } from "./latencies.ts";

/** What is asked for. */
export interface HostileOptions {
  /** Connections that attack at once. */
  readonly connections: number;
  /** Seconds for which the bystanders are measured. */
  readonly seconds: number;
}

/** What was measured. */
export interface Measured {
  readonly table: Table;
  /** What bystanders missed, or were cut off from; empty when nothing. */
  readonly faults: readonly string[];
}

/** Messages that are under way at once where their cost is measured. */
const BATCH = 20;

/** How often a row is measured, where other programs disturb it. */
const TRIES = 3;

const TEXT_PING = encodeFrame({ opcode: Opcode.text, payload: "ping" });
const PING = encodeFrame({ opcode: Opcode.ping });

/**
 * Measures each attack on a fresh server: first what a message costs, without limits on rates; then
 * what many connections do to the server and to bystanders, at the default limits.
 *
 * @param tell is called with a line of progress
 */
export async function measure(
  attacks: readonly Attack[],
  options: HostileOptions,
  tell: (line: string) => void,
): Promise<Measured> {
  await using started = new AsyncDisposableStack();
  const broker = await startBroker();
  started.defer(() => broker.stop());
  await goFirst(broker.pid);
  const key = await makeKey("RS256");
  const { bystander: idle } = await quietly(tell, () => crowdOf(undefined, broker, key, options));
  tell(`bench:hostile: idle: ${latenciesOf(idle)}`);
  const faults = faultsOf("an idle server", idle);
  const rows: string[][] = [];
  let followed = idle.followed;
  for (const attack of attacks) {
    const cost = await costOf(attack, broker, key);
    const { crowd, bystander, ...server } = await quietly(tell, async () => {
      const one = await crowdOf(attack, broker, key, options);
      faults.push(...faultsOf(attack.name, one.bystander));
      followed += one.bystander.followed;
      return one;
    });
    const { sent, allowed, writes, closed, bytesIn, bytesOut } = crowd!;
    rows.push([
      attack.name,
      ms(cost.cpuMs),
      ratio(cost.ratio),
      percent(sent / allowed),
      ratio(bytesIn / Math.max(bytesOut, 1)),
      percent(server.cpu),
      percent(server.waited),
      kilobytes(server.memory),
      p99(bystander.events),
      p99(bystander.sparsePings),
      bystander.steadyPings === undefined ? "not let in" : p99(bystander.steadyPings),
    ]);
    tell(`bench:hostile: ${rows.at(-1)!.join(" | ")}`);
    tell(
      `bench:hostile: ${latenciesOf(bystander)}; ${(sent / Math.max(writes, 1)).toFixed(1)} ` +
        `messages per write, ${count(closed)} attackers closed, limits hit: ${server.limitsHit}`,
    );
  }
  const { connections, seconds } = options;
  return {
    faults,
    table: {
      title:
        `The worst message of each kind; at the limits by ${count(connections)} connections, ` +
        `bystanders measured for ${seconds} s each. Of an idle server, p50 and p99 in ms: ` +
        `${latenciesOf(idle)}. ${count(followed)} events followed, ${faults.length} faults`,
      head: [
        "message",
        "server CPU, ms per 1,000",
        "bytes out per byte in",
        "sent, of what the limits allow",
        "bytes out per byte in, at the limits",
        "server CPU at the limits",
        "waited for its core",
        "KiB per connection",
        "events: p99, ms",
        "pings of 100 clients, each once a second: p99, ms",
        "pings of a client that pings 100 times a second: p99, ms",
      ],
      rows,
    },
  };
}

/**
 * The broker shares a core with the attackers, and is not what is measured: it goes before what else
 * runs there, as far as this process may say so.
 */
async function goFirst(pid: number): Promise<void> {
  const threads = Array.from(Deno.readDirSync(`/proc/${pid}/task`), ({ name }) => name);
  await new Deno.Command("renice", { args: ["-n", "-10", "-p", ...threads] }).output();
}

/** Measures again where other programs took the server's core; the least disturbed time counts. */
async function quietly<One extends { readonly waited: number; readonly cpu: number }>(
  tell: (line: string) => void,
  once: () => Promise<One>,
): Promise<One> {
  let best = await once();
  let last = best;
  for (let tries = 1; tries < TRIES && isDisturbed(best); tries++) {
    tell(`bench:hostile: the server waited ${percent(last.waited)} for its core; once more`);
    last = await once();
    if (last.waited < best.waited) best = last;
  }
  return best;
}

/** A busy server also waits for the kernel and for threads that belong to it: a tenth of its time. */
function isDisturbed({ waited, cpu }: { readonly waited: number; readonly cpu: number }): boolean {
  return waited > Math.max(DISTURBED, 0.15 * cpu);
}

function ratio(value: number): string {
  return value.toFixed(value < 10 ? 1 : 0);
}

function latenciesOf({ events, sparsePings, steadyPings }: BystanderReport): string {
  return `events ${p50AndP99(events)}, pings of 100 clients ${p50AndP99(sparsePings)}, pings of ` +
    `one ${steadyPings === undefined ? "not let in" : p50AndP99(steadyPings)}`;
}

/** What must not happen to bystanders, however slow the server is. */
function faultsOf(during: string, bystander: BystanderReport): string[] {
  const { gaps, bookIsRight, unanswered, cut } = bystander;
  return [
    ...(gaps > 0 ? [`${during}: ${gaps} events missing or out of turn`] : []),
    ...(bookIsRight ? [] : [`${during}: the order book is not the exchange's`]),
    ...(unanswered > 0 ? [`${during}: ${unanswered} pings without an answer`] : []),
    ...(cut > 0 ? [`${during}: ${cut} clients cut off`] : []),
  ];
}

async function start(broker: Broker, key: TestKey, args: readonly string[] = []) {
  const stack = new AsyncDisposableStack();
  const exchange = randomExchange();
  const publisher = stack.use(await connectPublisher(broker.url, exchange));
  const ranger = stack.use(
    await startPinnedRanger([
      ...["--amqp-url", broker.url, "--exchange", exchange],
      ...["--jwt-public-key", key.publicPem, ...args],
    ]),
  );
  await publisher.publish("public.deep.ob-snap", book(DEEP_LEVELS));
  for (let at = 0; at < SHALLOW_BOOKS; at++) {
    await publisher.publish(`public.m${at}.ob-snap`, book(SHALLOW_LEVELS));
  }
  return { ranger, exchange, stop: () => stack.disposeAsync() };
}

function book(levels: number) {
  const asks = Array.from({ length: levels }, (_, at) => [`${100_000 + at}.25`, "1.1234567"]);
  return { asks, bids: [], sequence: 1 };
}

/** CPU and bytes of messages, without the limits on rates. */
async function costOf(attack: Attack, broker: Broker, key: TestKey) {
  const { ranger, stop } = await start(broker, key, [
    ...["--limits-message-rate=0", "--limits-auth-failures=0"],
    "--limits-auth-failures-per-address=0",
  ]);
  try {
    using connection = await HostileConnection.open(ranger.port);
    const ping = attack.setup.length > 0 && attack.rate > 100 ? PING : TEXT_PING;
    for (const frame of attack.setup) await connection.write(frame);
    // The first messages warm up.
    const send = async (count: number) => {
      for (let sent = 0; sent < count; sent += BATCH) {
        for (let n = sent; n < Math.min(sent + BATCH, count); n++) {
          const message = attack.messages[n % attack.messages.length]!;
          if (attack.handshake === undefined) {
            await connection.write(message);
          } else {
            const counted = await shakeHands(ranger.port, attack.handshake, message);
            connection.sent += counted.sent;
            connection.received += counted.received;
          }
        }
        await connection.answered(ping);
      }
    };
    await send(Math.ceil(attack.count / 10));
    const [cpu, sent, received] = [cpuSeconds(ranger.pid), connection.sent, connection.received];
    await send(attack.count);
    return {
      cpuMs: (cpuSeconds(ranger.pid) - cpu) * 1e6 / attack.count,
      ratio: (connection.received - received) / (connection.sent - sent),
    };
  } finally {
    await stop();
  }
}

/** What many connections do to a server at its default limits, and to bystanders; or an idle one's. */
async function crowdOf(
  attack: Attack | undefined,
  broker: Broker,
  key: TestKey,
  { connections, seconds }: HostileOptions,
) {
  const { ranger, exchange, stop } = await start(broker, key);
  await using helpers = new AsyncDisposableStack();
  helpers.defer(stop);
  const { port } = ranger;
  const amqp = { url: broker.url, exchange };
  const bystander = helpers.use(await startBystander({ port, seconds, amqp }));
  const before = memory(ranger.pid).rss;
  const attackers = attack && helpers.use(
    await startAttackers({
      ...{ port, connections, attack: attack.name },
      seconds: WARM_UP_SECONDS + seconds,
    }),
  );
  const [cpu, waited] = [cpuSeconds(ranger.pid), waitedSeconds(ranger.pid)];
  const began = performance.now();
  const attacking = async () => {
    const crowd: CrowdReport | undefined = await attackers?.run();
    const took = (performance.now() - began) / 1000;
    return {
      crowd,
      cpu: (cpuSeconds(ranger.pid) - cpu) / took,
      waited: (waitedSeconds(ranger.pid) - waited) / took,
      memory: Math.max(0, memory(ranger.pid).rss - before) / connections,
    };
  };
  const [attacked, report] = await Promise.all([attacking(), bystander.run()]);
  const { limitsHit } = await (await fetch(ranger.managementUrl("/stats"))).json();
  return { ...attacked, bystander: report, limitsHit: JSON.stringify(limitsHit) };
}
