import { freePort } from "../../testing/ports.ts";
import type { FedPeer, Place } from "../peers/peer.ts";
import type { LoadReport } from "./load.ts";
import { Program, type Running } from "./process.ts";
import { startPublisher } from "./publisher.ts";
import { oneStream } from "./traffic.ts";

/** Milliseconds that a server may take until it listens, and until it delivers. */
const PATIENCE = 60_000;
const PROBE = "probe.trades";

/** A started server that has proven that it delivers. */
export interface Server {
  readonly running: Running;
  readonly port: number;
  /** Where the publisher sends to. */
  readonly feed: string;
}

/**
 * Starts a peer and waits until an event that was published comes out of its WebSocket, so that
 * nothing measured depends on how a server says that it is ready.
 *
 * @throws Error when it ended or did not deliver within a minute
 */
export async function startServer(peer: FedPeer, place: Place): Promise<Server> {
  const port = freePort();
  const { running, feed = place.amqpUrl } = await peer.start(place, port);
  let ended = false;
  running.ended.then(() => ended = true);
  const giveUp = performance.now() + PATIENCE;
  const goOn = () => {
    if (ended) throw new Error(`${peer.name} ended: ${running.complaint()}`);
    if (performance.now() > giveUp) {
      throw new Error(`${peer.name} does not deliver: ${running.complaint()}`);
    }
  };
  try {
    while (!(await accepts(port))) {
      goOn();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await delivers({ running, port, feed }, peer, place, goOn);
    return { running, port, feed };
  } catch (error) {
    await running.stop();
    throw error;
  }
}

/** Whether somebody listens on a port of 127.0.0.1. */
export async function accepts(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    throw error;
  }
}

async function delivers(
  { port, feed }: Server,
  peer: FedPeer,
  place: Place,
  goOn: () => void,
): Promise<void> {
  const traffic = oneStream(1, 200);
  const publisher = startPublisher({
    publish: place.tools.publish,
    address: feed,
    exchange: place.exchange,
    traffic: { ...traffic, lines: [{ ...traffic.lines[0]!, key: `public.${PROBE}` }] },
    rate: 50,
    seconds: PATIENCE / 1000,
    from: 1,
    core: place.loadCore,
  });
  try {
    await publisher.line("ready");
    await publisher.say("go\n");
    for (;;) {
      const probe = Program.start([
        place.tools.wsload,
        ...(peer.flags?.(place) ?? []),
        ...["--warmup", "0", "--drain", "0"],
        ...["127.0.0.1", `${port}`, peer.path([PROBE]), "1", "0.2"],
      ], { core: place.loadCore });
      const text = await probe.output;
      await probe.ended;
      if (text && (JSON.parse(text) as LoadReport).frames_total > 0) return;
      goOn();
    }
  } finally {
    await publisher.stop();
  }
}
