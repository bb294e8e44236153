import { setTimeout as pause } from "node:timers/promises";
import { connectPublisher, randomExchange } from "../../testing/amqp.ts";
import { encodeFrame, Opcode } from "../../testing/frames.ts";
import { type Broker, startBroker } from "../../testing/rabbitmq.ts";
import { makeKey, type TestKey } from "../../testing/tokens.ts";
import { kilobytes, ms, percent, type Table } from "../harness/format.ts";
import { startPinnedRanger } from "../harness/pinned_ranger.ts";
import { cpuSeconds, memory } from "../harness/proc.ts";
import { type Attack, DEEP_LEVELS, SHALLOW_BOOKS, SHALLOW_LEVELS } from "./attacks.ts";
import { bystanderP99 } from "./bystander.ts";
import { HostileConnection } from "./connection.ts";

/** What is asked for. */
export interface HostileOptions {
  /** Connections that attack at once. */
  readonly connections: number;
  /** Seconds that they do. */
  readonly seconds: number;
}

/** Messages that are under way at once where their cost is measured. */
const BATCH = 20;

const TEXT_PING = encodeFrame({ opcode: Opcode.text, payload: "ping" });
const PING = encodeFrame({ opcode: Opcode.ping });

/**
 * Measures each attack on a fresh server: first what a message costs, without limits on rates; then
 * what many connections do to the server and to a bystander, at the default limits.
 *
 * @param tell is called with a line of progress
 */
export async function measure(
  attacks: readonly Attack[],
  options: HostileOptions,
  tell: (line: string) => void,
): Promise<Table> {
  await using started = new AsyncDisposableStack();
  const broker = await startBroker();
  started.defer(() => broker.stop());
  const key = await makeKey("RS256");
  const idle = await bystander(broker, key, options.seconds);
  const rows: string[][] = [];
  for (const attack of attacks) {
    const cost = await costOf(attack, broker, key);
    const crowd = await crowdOf(attack, broker, key, options, tell);
    const row = [
      attack.name,
      ms(cost.cpuMs),
      cost.ratio.toFixed(cost.ratio < 10 ? 1 : 0),
      crowd.ratio.toFixed(crowd.ratio < 10 ? 1 : 0),
      percent(crowd.cpu),
      kilobytes(crowd.memory),
      crowd.p99 === undefined ? "not let in" : ms(crowd.p99),
    ];
    rows.push(row);
    tell(`bench:hostile: ${row.join(" | ")}`);
  }
  const { connections, seconds } = options;
  return {
    title: `The worst message of each kind; at the limits by ${connections} connections for ` +
      `${seconds} s each (a bystander's p99 of an idle server: ${ms(idle)} ms)`,
    head: [
      "message",
      "server CPU, ms per 1,000",
      "bytes out per byte in",
      "the same at the limits",
      "server CPU at the limits",
      "KiB per connection",
      "bystander's p99, ms",
    ],
    rows,
  };
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
  return { ranger, stop: () => stack.disposeAsync() };
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
          if (attack.handshake === undefined) await connection.write(attack.message(n));
          else await shakeHands(ranger.port, attack.handshake, attack.message(n), connection);
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

/** Opens a connection, awaits the answer to its first message, and counts both for another one. */
async function shakeHands(
  port: number,
  path: string,
  message: Uint8Array,
  counting: HostileConnection,
): Promise<void> {
  using connection = await HostileConnection.open(port, path);
  await connection.answered(message);
  counting.sent += connection.requestBytes + connection.sent;
  counting.received += connection.received;
}

/** What many connections do to a server at its default limits, and to a bystander. */
async function crowdOf(
  attack: Attack,
  broker: Broker,
  key: TestKey,
  options: HostileOptions,
  tell: (line: string) => void,
) {
  const { ranger, stop } = await start(broker, key);
  const connections: HostileConnection[] = [];
  try {
    const before = memory(ranger.pid).rss;
    while (connections.length < options.connections) {
      connections.push(await HostileConnection.open(ranger.port));
    }
    for (const frame of attack.setup) {
      await Promise.all(connections.map((connection) => connection.write(frame)));
    }
    const cpu = cpuSeconds(ranger.pid);
    const began = performance.now();
    let isOver = false;
    const [p99] = await Promise.all([
      bystanderP99(ranger.port, options.seconds).finally(() => isOver = true),
      ...connections.map((connection, at) =>
        flood(connection, ranger.port, attack, at, () => isOver)
      ),
    ]);
    const seconds = (performance.now() - began) / 1000;
    const total = (what: "sent" | "received") =>
      connections.reduce((sum, connection) => sum + connection[what], 0);
    return {
      ratio: total("received") / Math.max(total("sent"), 1),
      cpu: (cpuSeconds(ranger.pid) - cpu) / seconds,
      memory: Math.max(0, memory(ranger.pid).rss - before) / connections.length,
      p99: p99 === undefined ? await notLetIn(ranger.managementUrl("/stats"), tell) : p99,
    };
  } finally {
    for (const connection of connections) connection[Symbol.dispose]();
    await stop();
  }
}

/** Sends as fast as the limits allow; where that ends the connection after all, it is over. */
async function flood(
  connection: HostileConnection,
  port: number,
  { handshake, message, rate }: Attack,
  at: number,
  isOver: () => boolean,
): Promise<void> {
  // Not all in the same moment.
  await pause(at % 50);
  for (let n = at; !isOver() && !connection.isClosed; n++) {
    if (handshake === undefined) await connection.write(message(n));
    else await shakeHands(port, handshake, message(n), connection);
    await pause(1000 / rate);
  }
}

/** Tells which limits were hit when the bystander was not served. */
async function notLetIn(stats: string, tell: (line: string) => void): Promise<undefined> {
  const { limitsHit } = await (await fetch(stats)).json();
  tell(`bench:hostile: the bystander was not let in; limits hit: ${JSON.stringify(limitsHit)}`);
}

/** The bystander's p99 while nobody attacks. */
async function bystander(broker: Broker, key: TestKey, seconds: number): Promise<number> {
  const { ranger, stop } = await start(broker, key);
  try {
    const p99 = await bystanderP99(ranger.port, seconds);
    if (p99 === undefined) throw new Error("an idle server did not let the bystander in");
    return p99;
  } finally {
    await stop();
  }
}
