import { setTimeout as pause } from "node:timers/promises";
import { inspectedProgram } from "../../testing/inspector.ts";
import { freePort } from "../../testing/ports.ts";
import { type Broker, startBroker } from "../../testing/rabbitmq.ts";
import { type RangerProcess, startRanger } from "../../testing/ranger.ts";
import { makeKey, type TestKey } from "../../testing/tokens.ts";
import { until } from "../../testing/bounded.ts";
import { RUNTIME_ENVIRONMENT, V8_OPTION } from "../../scripts/runtime.ts";
import { Faults, SoakClient } from "./client.ts";
import { SoakExchange } from "./exchange.ts";
import { grown, type QuietFigures, quietFigures } from "./leaks.ts";
import { disagreements, quietLine, totals } from "./report.ts";
import { QUARTERS, restartTimes } from "./restarts.ts";
import { Trouble } from "./trouble.ts";

/** What is asked for. */
export interface SoakOptions {
  readonly minutes: number;
  /** Healthy clients. */
  readonly clients: number;
  /** Events a second. */
  readonly rate: number;
  /** Whether the server reads a RabbitMQ stream, and the healthy clients are cut and resume. */
  readonly stream: boolean;
}

const EXCHANGE = "ranger.soak";
const MARKETS = 5;
const USERS = 10;
const MINUTE = 60_000;
/** Milliseconds that a client which is cut stays away, at most. */
const MAX_AWAY = 2_000;
/** Clients of each kind of trouble at once. */
const TROUBLE = 4;

/**
 * Starts broker, server, exchange and clients, lets them run, and prints a short report.
 *
 * @returns what was wrong, a sentence each
 */
export async function soak(options: SoakOptions): Promise<string[]> {
  await using started = new AsyncDisposableStack();
  const broker = await startBroker();
  started.defer(() => broker.stop());
  const key = await makeKey();
  const inspectorPort = freePort();
  const ranger = started.use(await start(broker, key, inspectorPort, options.stream));
  await ranger.consuming();
  const exchange = started.use(
    new SoakExchange(broker.url, EXCHANGE, options.rate, MARKETS, USERS),
  );
  const faults = new Faults();
  const clients = await connect(options, ranger, exchange, key, faults);
  started.defer(async () => {
    await Promise.all(clients.map((client) => client.leave("at once")));
  });
  const trouble = started.use(
    new Trouble({ port: ranger.port, exchange, key, faults, each: TROUBLE }),
  );

  const began = performance.now();
  const quiet: QuietFigures[] = [];
  let cuts = 0;
  const cutOne = async (clients: readonly SoakClient[]) => {
    await clients[cuts++ % clients.length]!.cut(Math.random() * MAX_AWAY);
  };
  const restarts = new Restarts(restartTimes(options.minutes), broker, ranger, exchange);
  // The first quarter warms up; at the end of each one there is a quiet moment.
  for (let quarter = 1; quarter <= QUARTERS; quarter++) {
    const end = began + quarter * options.minutes * MINUTE / QUARTERS;
    while (performance.now() < end) {
      await restarts.inTurn(performance.now() - began);
      if (options.stream) await cutOne(clients);
      await pause(Math.min(1_000, Math.max(0, end - performance.now())));
    }
    await trouble.hold();
    const minute = (performance.now() - began) / MINUTE;
    const figures = await quietFigures(ranger, inspectorPort, clients.length, minute);
    quiet.push(figures);
    console.log(quietLine(figures));
    if (quarter < QUARTERS) trouble.resume();
  }
  await exchange.rest();
  await settled(clients, exchange);

  console.log(totals(exchange, clients, trouble.counts, restarts.count));
  if (options.stream) console.log(`healthy clients were cut and resumed ${cuts} times`);
  const [first, ...later] = quiet;
  return [
    ...faults.texts,
    ...(faults.count > faults.texts.length ? [`${faults.count} faults in all`] : []),
    ...disagreements(clients, exchange),
    ...clients.flatMap((client) => client.unreported()).slice(0, 5),
    ...grown(first!, later),
    ...unused(trouble, options.minutes),
    ...errorsOf(ranger),
  ];
}

/** The program, as it is built, and open to the inspector. */
async function start(
  broker: Broker,
  key: TestKey,
  inspectorPort: number,
  stream: boolean,
): Promise<RangerProcess> {
  return await startRanger({
    program: inspectedProgram(inspectorPort, V8_OPTION),
    env: RUNTIME_ENVIRONMENT,
    args: [
      ...["--amqp-url", broker.url, "--exchange", EXCHANGE, "--jwt-public-key", key.publicPem],
      // Shorter than the stalled clients hold out.
      "--limits-unsent-timeout=5",
      ...(stream ? [`--amqp-stream=${EXCHANGE}`] : []),
    ],
  });
}

/** The healthy ones: each holds streams of one market, the whole of another, and its user's orders. */
async function connect(
  { clients: count, stream }: SoakOptions,
  ranger: RangerProcess,
  exchange: SoakExchange,
  key: TestKey,
  faults: Faults,
): Promise<SoakClient[]> {
  const { markets, users } = exchange;
  const clients: SoakClient[] = [];
  for (let at = 0; at < count; at++) {
    const uid = users[at % users.length]!;
    const [one, other] = [markets[at % MARKETS]!, markets[(at + 1) % MARKETS]!];
    const client = new SoakClient(
      `client ${at}`,
      {
        url: ranger.url("/public"),
        streams: [`${one.id}.ob-inc`, `${one.id}.trades`, other.id, "order"],
        uid,
        token: await key.token({ uid, exp: Math.floor(Date.now() / 1000) + 86_400 }),
        resumes: stream,
      },
      exchange,
      faults,
    );
    await client.opened;
    clients.push(client);
  }
  return clients;
}

/** The broker's ends at their times, by turns in order and without a word. */
class Restarts {
  count = 0;

  /** @param times milliseconds from the beginning, rising */
  constructor(
    private readonly times: readonly number[],
    private readonly broker: Broker,
    private readonly ranger: RangerProcess,
    private readonly exchange: SoakExchange,
  ) {}

  /** Restarts the broker when it is time again, and awaits that events come in again. */
  async inTurn(elapsed: number): Promise<void> {
    if (elapsed < (this.times[this.count] ?? Infinity)) return;
    this.count++;
    this.exchange.outageBegins();
    if (this.count % 2 === 1) await this.broker.kill();
    await this.broker.restart();
    await this.ranger.consuming(this.count + 1);
    this.exchange.outageEnds();
  }
}

/** Waits until all clients have the last published event; reports the clients that do not. */
async function settled(clients: readonly SoakClient[], exchange: SoakExchange): Promise<void> {
  await until(
    () => disagreements(clients, exchange).length === 0 || undefined,
    "the clients to have it all",
    10_000,
  ).catch(() => {});
}

/** A trouble that never came to anything tests nothing. */
function unused({ counts }: Trouble, minutes: number): string[] {
  if (minutes < 2) return [];
  return Object.entries(counts).filter(([, count]) => count === 0)
    .map(([kind]) => `no client was ${kind} in all the time`);
}

/** What the server calls an error, but for the broker's own ends. */
function errorsOf(ranger: RangerProcess): string[] {
  const found: string[] = [];
  ranger.logged((line) => {
    const isError = line.level === "error" || line.level === "fatal";
    if (isError && !String(line.logger).includes("broker")) found.push(`logged: ${line.message}`);
    return isError;
  });
  return found.slice(0, 5);
}
