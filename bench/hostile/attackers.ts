/**
 * The attackers' process: it gets what broker and bystander leave of the core (SCHED_IDLE).
 *
 *     deno run -A bench/hostile/attackers.ts '{"port": 8080, "attack": "pong", "connections": 100, "seconds": 5}'
 */
import { ATTACKS } from "./attacks.ts";
import { Crowd, type CrowdReport } from "./crowd.ts";
import { beReady, finish, Helper } from "./helper.ts";

/** Which attack, and how much of it. */
export interface AttackersOptions {
  readonly port: number;
  /** The name of one of {@linkcode ATTACKS}. */
  readonly attack: string;
  readonly connections: number;
  readonly seconds: number;
}

/** Starts the process; it is ready when its clients are connected. */
export function startAttackers(options: AttackersOptions): Promise<Helper<CrowdReport>> {
  return Helper.start(new URL(import.meta.url).pathname, options, { isFirst: false });
}

async function main({ port, attack, connections, seconds }: AttackersOptions) {
  const kind = ATTACKS.find(({ name }) => name === attack)!;
  const crowd = await Crowd.open(port, connections);
  await crowd.setUp(kind.setup);
  await beReady();
  return await crowd.attack(kind, seconds);
}

// The connections stay, so that their memory can be measured, until the process is stopped.
if (import.meta.main) await finish(await main(JSON.parse(Deno.args[0]!)));
