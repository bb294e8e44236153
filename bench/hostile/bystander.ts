/**
 * Clients that mean no harm while others attack, in a separate process that goes before the
 * attackers', so that what those do to their own process is not counted:
 *
 *  - one that follows a market's trades and keeps its order book, at 100 events a second together,
 *    which this process publishes to RabbitMQ;
 *  - a hundred that each send a `ping` a second;
 *  - one that pings a hundred times a second, one ping after the other.
 *
 *     deno run -A bench/hostile/bystander.ts '{"port": 8080, "seconds": 5, "amqp": …}'
 */
import { setTimeout as pause } from "node:timers/promises";
import { connectPublisher } from "../../testing/amqp.ts";
import { encodeFrame, Opcode } from "../../testing/frames.ts";
import { HostileConnection } from "./connection.ts";
import { Follower } from "./follower.ts";
import { type Latencies, latencies } from "./latencies.ts";
import { beReady, finish, Helper } from "./helper.ts";
import { SparseClients } from "./sparse_clients.ts";

/** Where the clients connect, and for how long they measure. */
export interface BystanderOptions {
  readonly port: number;
  readonly seconds: number;
  /** Where events are published; without it there is only the client that pings all the time. */
  readonly amqp?: { readonly url: string; readonly exchange: string };
}

/** What they noticed. */
export interface BystanderReport {
  readonly events: Latencies;
  readonly sparsePings: Latencies;
  /** Missing where the server did not let this client in, which comes when the attack has begun. */
  readonly steadyPings?: Latencies;
  /** Events that came, and how many did not, or not in their turn. */
  readonly followed: number;
  readonly gaps: number;
  readonly bookIsRight: boolean;
  /** Pings of the hundred that were not answered, and how many of them were cut off. */
  readonly unanswered: number;
  readonly cut: number;
}

/** Seconds of an attack before it is measured. */
export const WARM_UP_SECONDS = 1;

/** Milliseconds between two events, two pings of all sparse clients, and a pong and the next ping. */
const PAUSE_MS = 10;
const SPARSE_CLIENTS = 100;
const PING = encodeFrame({ opcode: Opcode.ping });

/** Starts the process; it is ready when its clients are connected. */
export function startBystander(options: BystanderOptions): Promise<Helper<BystanderReport>> {
  return Helper.start(new URL(import.meta.url).pathname, options, { isFirst: true });
}

/**
 * What a client notices that pings a hundred times a second.
 *
 * @returns its p99 in milliseconds; `undefined` when the server did not let it in
 */
export async function bystanderP99(port: number, seconds: number): Promise<number | undefined> {
  await using bystander = await startBystander({ port, seconds });
  return (await bystander.run()).steadyPings?.p99;
}

/** Calls at an even pace for some milliseconds; what is late is made up for. */
async function evenly(milliseconds: number, act: () => void): Promise<void> {
  const began = performance.now();
  for (let times = 0; times * PAUSE_MS < milliseconds; times++) {
    const early = began + times * PAUSE_MS - performance.now();
    if (early > 0) await pause(early);
    act();
  }
}

/** Pings until the end, and measures after the first second. */
async function pingSteadily(port: number, seconds: number): Promise<Latencies | undefined> {
  const from = performance.now() + WARM_UP_SECONDS * 1000;
  const end = from + seconds * 1000;
  let connection: HostileConnection;
  try {
    connection = await HostileConnection.open(port);
  } catch (error) {
    if (/ConnectionReset|ended the handshake|refused/.test(String(error))) return undefined;
    throw error;
  }
  const measured: number[] = [];
  while (performance.now() < end && !connection.isClosed) {
    const began = performance.now();
    await connection.answered(PING);
    if (began >= from) measured.push(performance.now() - began);
    await pause(PAUSE_MS);
  }
  return latencies(measured);
}

async function main({ port, seconds, amqp }: BystanderOptions): Promise<BystanderReport> {
  const whole = (WARM_UP_SECONDS + seconds) * 1000;
  const none = { followed: 0, gaps: 0, bookIsRight: true, unanswered: 0, cut: 0 };
  if (amqp === undefined) {
    await beReady();
    const steadyPings = await pingSteadily(port, seconds);
    return {
      ...{ events: latencies([]), sparsePings: latencies([]), ...none },
      ...(steadyPings === undefined ? {} : { steadyPings }),
    };
  }
  await using publisher = await connectPublisher(amqp.url, amqp.exchange);
  using follower = new Follower();
  await follower.open(port, publisher);
  using sparse = await SparseClients.open(port, SPARSE_CLIENTS);
  await beReady();
  const steady = pingSteadily(port, seconds);
  const warmedUp = pause(WARM_UP_SECONDS * 1000).then(() => {
    follower.measureFromHere();
    sparse.measureFromHere();
  });
  await Promise.all([
    warmedUp,
    evenly(whole, () => follower.publish()),
    // Not in the same moment.
    pause(PAUSE_MS / 2).then(() => evenly(whole, () => sparse.ping())),
  ]);
  const [{ events, gaps, bookIsRight, latencies: measured }, steadyPings] = await Promise.all([
    follower.end(),
    steady,
    sparse.end(),
  ]);
  return {
    events: latencies(measured),
    sparsePings: latencies(sparse.latencies),
    ...(steadyPings === undefined ? {} : { steadyPings }),
    ...{ followed: events, gaps, bookIsRight, unanswered: sparse.unanswered, cut: sparse.cut },
  };
}

if (import.meta.main) await finish(await main(JSON.parse(Deno.args[0]!)));
