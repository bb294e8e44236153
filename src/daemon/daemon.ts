import { getLogger } from "@logtape/logtape";
import { setTimeout as delay } from "node:timers/promises";
import type { Identity } from "../auth/identity.ts";
import { TokenVerifier } from "../auth/verifier.ts";
import type { EventSource } from "../source/source.ts";
import type { Settings } from "../config/types.ts";
import { type Address, Listener } from "../http/listener.ts";
import { TrustedProxies } from "../http/client_address.ts";
import { SocketLimit } from "../http/socket_limit.ts";
import { Handshakes } from "../http/handshakes.ts";
import { managementApp } from "../http/management_app.ts";
import { pageApp } from "../http/page_app.ts";
import { httpApp } from "../http/http_app.ts";
import { upgradeApp } from "../http/upgrade_app.ts";
import { Flusher } from "../delivery/flusher.ts";
import { Hub } from "../hub/hub.ts";
import { StateBudget } from "../hub/state_budget.ts";
import { LoopLag } from "../telemetry/loop_lag.ts";
import type { MetricSources } from "./metrics/metric.ts";
import { metricsRegistry } from "./metrics/registry.ts";
import { clientsWithin, socketsWithin } from "./open_files.ts";
import { Readiness } from "./readiness.ts";
import { statistics } from "./statistics.ts";
import { LabelledCounter } from "../telemetry/labelled_counter.ts";
import { Traffic } from "../delivery/traffic.ts";
import { AuthFailures } from "../session/auth_failures.ts";
import { ExpiryQueue } from "../session/expiry.ts";
import { drain } from "../session/drain.ts";
import { ConnectionQuota } from "../session/connection_quota.ts";
import { receiverLimits } from "../session/limits.ts";
import type { Verify } from "../session/session.ts";
import { UserQuota } from "../session/user_quota.ts";
import { Sessions } from "../session/sessions.ts";
import { peatioRegistry } from "../streams/peatio.ts";
import { VERSION } from "../version.ts";
import { CloseCode } from "../websocket/frame.ts";
import { Keepalive } from "../websocket/keepalive.ts";
import { statusLine } from "./status_line.ts";

const log = getLogger(["ranger", "server"]);

/** Milliseconds that a client has to answer our close frame. */
const CLOSE_TIMEOUT = 3000;

/** Milliseconds for handshakes under way when the server ends, at most; none without a drain. */
const HANDSHAKES = 1000;

/** A running server. */
export interface Daemon {
  /** Where clients connect. */
  readonly public: Address;
  readonly management: Address;
  /** Why clients are not served with events; empty when they are. */
  unready(): readonly string[];
  /** How it goes, in a line for a person. */
  status(): string;
  /**
   * Takes from other settings what may change while it runs; connections stay.
   *
   * @throws {RangerError} keys cannot be used, or cannot be had; nothing has changed
   */
  reload(next: Settings): Promise<void>;
  /**
   * Is not ready any more and takes no more clients; closes those there are (1001), spread over
   * `server.drain`, who get their events until then; lets go of the source. Safe to call twice.
   */
  stop(): Promise<void>;
}

/** What a daemon is given besides its settings. */
export interface DaemonExtras {
  /** Signs tokens for those who open the demo's page, good for so many seconds. */
  readonly demoToken?: ((ttl: number) => Promise<string>) | undefined;
  /** Whether pages of the browser's own machine may connect, whatever `server.origins` says. */
  readonly loopbackOrigins?: boolean;
  /** The limit on open files; left out where it is not known. */
  readonly openFiles?: number | undefined;
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
export async function startDaemon(
  settings: Settings,
  source: EventSource,
  { demoToken, loopbackOrigins = false, openFiles }: DaemonExtras = {},
): Promise<Daemon> {
  const { auth, compression, protocol, rbac, server, streams } = settings;
  const verifier = auth.enabled ? await TokenVerifier.create(auth) : undefined;
  const verify: Verify | undefined = verifier &&
    ((token, failures) => verifier.verify(token, failures));

  const drainTime = server.drain * 1000;
  // Read by all whenever they matter: whoever changes them here changes them for everybody.
  const limits = { ...settings.limits };
  const limitsHit = new LabelledCounter();

  const flusher = new Flusher();
  const traffic = new Traffic();
  const budget = new StateBudget(limits, limitsHit);
  const hub = new Hub({ registry: peatioRegistry, flusher, budget, ...streams });
  const expiries = new ExpiryQueue();
  expiries.leeway = leewayOf(auth);
  const failures = new AuthFailures(limits, limitsHit);
  const quota = {
    // With some descriptors left for handshakes and for refusals that say why.
    get connections() {
      return Math.min(limits.connections, clientsWithin(openFiles ?? Infinity));
    },
    get connectionsPerAddress() {
      return limits.connectionsPerAddress;
    },
  };
  const places = new ConnectionQuota(quota, limitsHit);
  const users = new UserQuota(limits, limitsHit, (uid) => hub.connectionsOf(uid));
  const isRevoked = (identity: Pick<Identity, "uid" | "jti">) =>
    verifier?.isRevoked(identity) ?? false;
  const connections = {
    scheduler: flusher,
    meter: traffic,
    keepalive: new Keepalive(limits),
    maxMessage: limits.messageBytes,
    receiving: receiverLimits(limits),
    maxUnsent: limits.unsentBytes,
    closeTimeout: CLOSE_TIMEOUT,
  };
  const context = {
    ...{ hub, verify, isRevoked, failures, expiries, rbac },
    ...{ limits, limitsHit, places, users },
  };
  const sessions = new Sessions(context, connections, compression);

  let stopping: Promise<void> | undefined;
  const upgrades = {
    origins: server.origins,
    loopbackOrigins,
    proxies: new TrustedProxies(server.trustedProxies, server.forwardedHeader),
    places,
    users,
    verify,
    failures,
    envelope: protocol.envelope,
    compression: compression.enabled,
  };
  const page = server.page
    ? pageApp({ authenticates: auth.enabled, version: VERSION, demoToken })
    : undefined;
  const room = openFiles === undefined ? undefined : socketsWithin(openFiles);
  const socketLimit = new SocketLimit(limits, limitsHit, room);
  const clients = new Listener(httpApp({ page, proxies: () => upgrades.proxies }), {
    app: upgradeApp(upgrades),
    sockets: socketLimit,
    handshakes: new Handshakes(limits, limitsHit),
    admit: (socket, head, admission) => {
      sessions.admit(socket, head, admission);
      if (admission.identity) users.release(admission.identity.uid);
    },
    release: ({ address, identity }) => {
      places.release(address);
      if (identity) users.release(identity.uid);
    },
  });

  const readiness = new Readiness(source, settings.management.grace);
  const loopLag = new LoopLag();
  const sources: MetricSources = {
    ...{ hub, sessions, verifier, expiries, limitsHit, flusher, traffic, source, loopLag },
    unready: () => [
      ...(stopping === undefined ? [] : ["the server is shutting down"]),
      ...readiness.reasons(),
      ...verifier?.unready() ?? [],
    ],
    sockets: async () => ({
      public: await clients.sockets(),
      management: await management.sockets(),
    }),
    maxSockets: () => socketLimit.max,
    namedStreams: settings.management.streams,
    rangoMetrics: settings.management.rangoMetrics,
  };
  const management: Listener = new Listener(managementApp({
    unready: sources.unready,
    stats: () => statistics(sources),
    metrics: metricsRegistry(sources),
  }));

  const managementAddress = await management.listen(settings.management, "--management-port");
  let publicAddress: Address;
  try {
    publicAddress = await clients.listen(server, "--port");
  } catch (error) {
    await management.close();
    verifier?.stop();
    throw error;
  }
  log.info("listening for the operator on {host}:{port}", {
    listener: "management",
    ...managementAddress,
  });
  log.info("listening for clients on {host}:{port}", { listener: "public", ...publicAddress });
  socketLimit.start();
  source.start(hub);
  loopLag.start();

  async function reload(next: Settings): Promise<void> {
    // The one thing that may fail, and take a while; after it all changes at once.
    const takeKeys = next.auth.enabled ? await verifier?.prepare(next.auth) : undefined;
    takeKeys?.();
    expiries.leeway = leewayOf(next.auth);
    Object.assign(limits, next.limits);
    connections.maxMessage = next.limits.messageBytes;
    connections.maxUnsent = next.limits.unsentBytes;
    upgrades.origins = next.server.origins;
    upgrades.proxies = new TrustedProxies(
      next.server.trustedProxies,
      next.server.forwardedHeader,
    );
    sessions.rbac = next.rbac;
    sessions.endRevoked();
  }

  async function stop(): Promise<void> {
    // Who is half way in has come before the end, and is drained like everybody else.
    const handshakes = Promise.race([
      clients.stopAccepting(),
      delay(Math.min(HANDSHAKES, drainTime)),
    ]);
    const { told, gone } = drain({
      get size() {
        return sessions.size;
      },
      close: (count) => sessions.close(count, CloseCode.GoingAway, ""),
    }, drainTime);
    await told;
    await handshakes;
    const closed = clients.close();
    const rest = sessions.close(sessions.size, CloseCode.GoingAway, "");
    // Events come until the last client is told to go.
    await Promise.all([source.stop(), gone, rest, closed]);
    verifier?.stop();
    await management.close();
    socketLimit.stop();
    loopLag.stop();
  }

  return {
    public: publicAddress,
    management: managementAddress,
    unready: sources.unready,
    status: () =>
      statusLine({
        clients: sessions.size,
        books: hub.sizes.states,
        source: source.state,
        stopping: stopping !== undefined,
      }),
    reload,
    stop: () => stopping ??= stop(),
  };
}

/** By how much connections outlive their tokens, in seconds. */
function leewayOf({ enforceExpiry, leeway }: Settings["auth"]): number {
  return enforceExpiry ? leeway.exp : Infinity;
}
