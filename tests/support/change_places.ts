/**
 * A program of the upgrade's test, started within a separate network: two processes of Ranger
 * change places on one port, again and again, while clients come all the time. Writes what became
 * of the clients as JSON: how often what happened.
 */
import { connectPublisher, randomExchange } from "../../testing/amqp.ts";
import { connectClient } from "./client.ts";
import { freePort } from "../../testing/ports.ts";
import { startBroker } from "../../testing/rabbitmq.ts";
import { type RangerProcess, startRanger } from "../../testing/ranger.ts";

/** What became of clients: `subscribed`, `closed 1001`, or what went wrong. */
export type Outcomes = Readonly<Record<string, number>>;

const CHANGES = 4;
/** Clients that come, ask and go, over and over. */
const VISITORS = 32;
/** Clients that stay until they are stopped, and reconnect. */
const RESIDENTS = 20;

if (import.meta.main) console.log(JSON.stringify(await changePlaces()));

async function changePlaces(): Promise<Outcomes> {
  await using stack = new AsyncDisposableStack();
  const broker = await startBroker();
  stack.defer(() => broker.stop());
  const publisher = stack.use(await connectPublisher(broker.url, randomExchange()));
  const port = freePort();
  const start = async (): Promise<RangerProcess> => {
    const source = ["--amqp-url", broker.url, "--exchange", publisher.exchange];
    const listen = ["--no-auth", "--reuse-port", "--port", `${port}`, "--drain-seconds", "1"];
    const ranger = stack.use(await startRanger({ args: [...source, ...listen] }));
    await ranger.consuming();
    return ranger;
  };

  let current = await start();
  const outcomes: Record<string, number> = {};
  let over = false;
  const come = async (stays: boolean) => {
    while (!over) {
      const outcome = await visit(current.url("/public?stream=a.trades"), stays, () => over);
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    }
  };
  const clients = [
    ...Array.from({ length: VISITORS }, () => come(false)),
    ...Array.from({ length: RESIDENTS }, () => come(true)),
  ];
  for (let change = 0; change < CHANGES; change++) {
    const next = await start();
    const { code } = await current.stop();
    if (code !== 0) outcomes[`exit ${code}`] = 1;
    current = next;
  }
  over = true;
  await current.stop();
  await Promise.all(clients);
  return outcomes;
}

async function visit(url: string, stays: boolean, over: () => boolean): Promise<string> {
  try {
    await using client = await connectClient(url);
    if (!(await client.next()).includes('"subscribed"')) return "another answer";
    if (!stays) return "subscribed";
    const { code } = await client.closing();
    return `closed ${code}`;
  } catch (error) {
    // When it is over, the last one goes without a follower.
    return over() ? "came too late" : String(error);
  }
}
