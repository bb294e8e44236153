import { getLogger } from "@logtape/logtape";
import { TokenVerifier } from "../auth/verifier.ts";
import type { EventSource } from "../broker/source.ts";
import type { Settings } from "../config/types.ts";
import { type Address, Listener } from "../http/listener.ts";
import { managementApp } from "../http/management_app.ts";
import { plainApp } from "../http/plain_app.ts";
import { upgradeApp } from "../http/upgrade_app.ts";
import { Flusher } from "../hub/flusher.ts";
import { Hub } from "../hub/hub.ts";
import { Traffic } from "../ops/traffic.ts";
import { ExpiryQueue } from "../session/expiry.ts";
import { Sessions } from "../session/sessions.ts";
import { peatioRegistry } from "../streams/peatio.ts";
import { CloseCode } from "../websocket/frame.ts";

const log = getLogger(["ranger", "server"]);

/** Milliseconds that a client has to answer our close frame. */
const CLOSE_TIMEOUT = 3000;

/** A running server. */
export interface Daemon {
  /** Where clients connect. */
  readonly public: Address;
  readonly management: Address;
  /** Takes no more clients, closes those there are (1001), lets go of the source. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Puts the rooms together: source to hub, hub to sessions, sessions to the listeners.
 *
 * @throws {ConfigurationError} the key cannot be used
 * @throws {UnavailableError} an address to listen on cannot be had; nothing is left running
 *
 * @example
 * ```ts
 * const daemon = await startDaemon(settings, new AmqpSource(settings.amqp));
 * console.log(`ws://${daemon.public.host}:${daemon.public.port}/public/`);
 * await daemon.stop();
 * ```
 */
export async function startDaemon(settings: Settings, source: EventSource): Promise<Daemon> {
  const { auth, compression, limits, protocol, rbac, server, streams } = settings;
  const verifier = auth.enabled ? await TokenVerifier.create(auth) : undefined;
  const verify = verifier && ((token: string) => verifier.verify(token));

  const flusher = new Flusher();
  const traffic = new Traffic();
  const hub = new Hub({ registry: peatioRegistry, flusher, ...streams });
  const expiries = new ExpiryQueue();
  expiries.leeway = auth.enforceExpiry ? auth.leeway.exp : Infinity;
  const sessions = new Sessions({ hub, verify, expiries, rbac, maxStreams: limits.streams }, {
    scheduler: flusher,
    meter: traffic,
    maxMessage: limits.messageBytes,
    maxUnsent: limits.unsentBytes,
    closeTimeout: CLOSE_TIMEOUT,
  }, compression);

  const management = new Listener(managementApp({
    unready: () => source.state.connected ? [] : [`no events come in: ${source.state.detail}`],
    stats: () => ({
      ...statistics(hub, sessions, traffic, source),
      auth: { expiries: { waiting: expiries.size, expired: expiries.expired } },
    }),
  }));
  const clients = new Listener(plainApp(), {
    app: upgradeApp({
      origins: server.origins,
      verify,
      envelope: protocol.envelope,
      compression: compression.enabled,
    }),
    admit: (socket, head, admission) => sessions.admit(socket, head, admission),
  });

  const managementAddress = await management.listen(settings.management, "--management-port");
  let publicAddress: Address;
  try {
    publicAddress = await clients.listen(server, "--port");
  } catch (error) {
    await management.close();
    throw error;
  }
  log.info("listening for the operator on {host}:{port}", {
    listener: "management",
    ...managementAddress,
  });
  log.info("listening for clients on {host}:{port}", { listener: "public", ...publicAddress });
  source.start(hub);

  let stopping: Promise<void> | undefined;
  return {
    public: publicAddress,
    management: managementAddress,
    stop: () =>
      stopping ??= (async () => {
        const closed = clients.close();
        await source.stop();
        await sessions.closeAll(CloseCode.GoingAway, "");
        await closed;
        await management.close();
      })(),
  };
}

function statistics(
  hub: Hub,
  sessions: Sessions,
  traffic: Traffic,
  source: EventSource,
): Record<string, unknown> {
  return {
    connections: sessions.counts,
    unsentBytes: traffic.unsent,
    events: hub.counters,
    hub: hub.sizes,
    source: { ...source.state },
    memory: Deno.memoryUsage(),
  };
}
