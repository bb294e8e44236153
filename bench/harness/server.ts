import type { BrokerPeer, Place } from "../peers/peer.ts";
import { freePort } from "../../tests/support/ports.ts";
import type { Program } from "./process.ts";
import { startPublisher } from "./publisher.ts";

const PATIENCE = 20_000;

/** A started server that has proven that it delivers. */
export interface Server {
  readonly program: Program;
  readonly port: number;
}

/**
 * Starts a peer and waits until an event published to the exchange comes out of its WebSocket, so
 * that nothing measured depends on how a server says that it is ready.
 *
 * @throws Error when it ended or did not deliver within twenty seconds
 */
export async function startServer(peer: BrokerPeer, place: Place): Promise<Server> {
  const port = freePort();
  const program = peer.start(place, port);
  const publisher = startPublisher({
    publish: place.tools.publish,
    amqpUrl: place.amqpUrl,
    exchange: place.exchange,
    rate: 20,
    seconds: PATIENCE / 1000,
    keys: ["public.probe.trades"],
    bytes: 200,
    core: place.loadCore,
  });
  const giveUp = AbortSignal.timeout(PATIENCE);
  try {
    const gone = program.ended.then(() => {
      throw new Error(`${peer.name} ended: ${program.complaint()}`);
    });
    await Promise.race([
      gone,
      delivered(`ws://127.0.0.1:${port}${peer.path(["probe.trades"])}`, giveUp),
    ]);
    gone.catch(() => {});
  } catch (error) {
    await program.stop();
    if (giveUp.aborted) {
      throw new Error(
        `${peer.name} delivered nothing for ${PATIENCE / 1000} s: ${program.complaint()}`,
      );
    }
    throw error;
  } finally {
    await publisher.stop();
  }
  return { program, port };
}

async function delivered(url: string, giveUp: AbortSignal): Promise<void> {
  while (!(await deliversTo(url, giveUp))) {
    giveUp.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** True when an event came; false when the connection was refused or ended before. */
function deliversTo(url: string, giveUp: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url);
    const done = (delivers: boolean) => {
      resolve(delivers);
      giveUp.removeEventListener("abort", abort);
      socket.close();
    };
    const abort = () => done(false);
    giveUp.addEventListener("abort", abort);
    socket.onmessage = ({ data }) => {
      if (typeof data === "string" && data.startsWith('{"probe.trades":')) done(true);
    };
    socket.onerror = () => done(false);
    socket.onclose = () => done(false);
  });
}
