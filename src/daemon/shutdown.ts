import { setTimeout as delay } from "node:timers/promises";
import type { TokenVerifier } from "../auth/verifier.ts";
import type { Listener } from "../http/listener.ts";
import type { SocketLimit } from "../http/socket_limit.ts";
import { drain } from "../session/drain.ts";
import type { Sessions } from "../session/sessions.ts";
import type { EventSource } from "../source/source.ts";
import type { LoopLag } from "../telemetry/loop_lag.ts";
import { SERVER_CLOSES } from "../websocket/close.ts";
import type { HandshakeGarbage } from "./handshake_garbage.ts";

/** Maximum time in milliseconds for handshakes in progress; none without a drain. */
const HANDSHAKES_TIMEOUT = 1000;

/** What a running server consists of, as far as it has to be stopped. */
export interface Running {
  readonly clients: Listener;
  readonly management: Listener;
  readonly sessions: Sessions;
  readonly source: EventSource;
  readonly verifier: TokenVerifier | undefined;
  readonly loopLag: LoopLag;
  readonly socketLimit: SocketLimit;
  readonly garbage: HandshakeGarbage;
}

/**
 * Stops a server: the listener for clients first, then clients over the drain, then the source, so
 * that clients receive events until they are closed. The management listener answers until the end.
 *
 * @param drainSeconds over which clients are closed
 */
export async function shutDown(
  { clients, management, sessions, source, verifier, loopLag, socketLimit, garbage }: Running,
  drainSeconds: number,
): Promise<void> {
  const drainTime = drainSeconds * 1000;
  garbage.stop();
  // A client whose handshake is in progress connected before the end, and is drained like others.
  const handshakes = Promise.race([
    clients.stopAccepting(),
    delay(Math.min(HANDSHAKES_TIMEOUT, drainTime)),
  ]);
  const { told, gone } = drain({
    get size() {
      return sessions.size;
    },
    close: (count) => sessions.close(count, SERVER_CLOSES.shutdown),
  }, drainTime);
  await told;
  await handshakes;
  const closed = clients.close();
  const rest = sessions.close(sessions.size, SERVER_CLOSES.shutdown);
  await Promise.all([source.stop(), gone, rest, closed]);
  verifier?.stop();
  await management.close();
  socketLimit.stop();
  loopLag.stop();
}
