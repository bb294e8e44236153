import { getLogger } from "@logtape/logtape";
import type { Identity } from "../auth/identity.ts";
import { TokenVerifier } from "../auth/verifier.ts";
import type { Settings } from "../config/shape.ts";
import { Flusher } from "../delivery/flusher.ts";
import { Traffic } from "../delivery/traffic.ts";
import { TrustedProxies } from "../http/client_address.ts";
import { SocketLimit } from "../http/socket_limit.ts";
import { Handshakes } from "../http/handshakes.ts";
import { eventsApp } from "../http/events_app.ts";
import { httpApp } from "../http/http_app.ts";
import { type Address, Listener } from "../http/listener.ts";
import { managementApp } from "../http/management_app.ts";
import { allowsOrigin, isLoopbackOrigin } from "../http/origin.ts";
import { pageApp } from "../http/page_app.ts";
import { upgradeApp } from "../http/upgrade_app.ts";
import { Hub } from "../hub/hub.ts";
import { StateBudget } from "../hub/state_budget.ts";
import { AuthFailures } from "../session/auth_failures.ts";
import { drain } from "../session/drain.ts";
import { ConnectionQuota } from "../session/connection_quota.ts";
import { ExpiryQueue } from "../session/expiry.ts";
import { commentLimits, receiverLimits } from "../session/limits.ts";
import { guards } from "../session/permissions.ts";
import type { Verify } from "../session/session.ts";
import { Sessions } from "../session/sessions.ts";
import { UserQuota } from "../session/user_quota.ts";
import type { EventSource } from "../source/source.ts";
import { peatioRegistry } from "../streams/peatio.ts";
import { LabelledCounter } from "../telemetry/labelled_counter.ts";
import { configureLog } from "../telemetry/log.ts";
import { LoopLag } from "../telemetry/loop_lag.ts";
import { VERSION } from "../version.ts";
import { ReadPace } from "../websocket/read_pace.ts";
import { ReadTurns } from "../websocket/read_turns.ts";
import { Keepalive } from "../websocket/keepalive.ts";
import { HandshakeGarbage } from "./handshake_garbage.ts";
import { applyLive, type LiveTable, type Nothing } from "./live.ts";
import type { MetricSources } from "./metrics/metric.ts";
import { metricsRegistry } from "./metrics/registry.ts";
import { clientsWithin, socketsWithin } from "./open_files.ts";
import { Readiness } from "./readiness.ts";
import { ReloadStatus } from "./reload_status.ts";
import { shutDown } from "./shutdown.ts";
import { statistics } from "./statistics.ts";
import { statusLine } from "./status_line.ts";

const log = getLogger(["ranger", "server"]);

/** Milliseconds that a client has to answer our close frame. */
const CLOSE_TIMEOUT_MS = 3000;

/** A running server. */
export interface Daemon {
  /** Where clients connect. */
  readonly public: Address;
  readonly management: Address;
  /** Why clients receive no events; empty when they do. */
  unready(): readonly string[];
  /** The state of the server, on one line for people. */
  status(): string;
  /** The outcome of the last reload, set by the reloader. */
  readonly reloads: ReloadStatus;
  /**
   * Applies the live part of other settings; connections stay.
   *
   * @throws {RangerError} keys cannot be used or fetched; nothing has changed
   */
  reload(next: Settings): Promise<void>;
  /**
   * Reports itself as not ready, accepts no more connections, closes clients with 1001 over
   * `server.drain_seconds`, during which they still receive events, and stops the source. Safe to
   * call twice.
   */
  stop(): Promise<void>;
}

/** What a daemon gets besides its settings. */
export interface DaemonExtras {
  /** Signs tokens for visitors of the demo's page, valid for the given number of seconds. */
  readonly demoToken?: ((ttl: number) => Promise<string>) | undefined;
  /** Whether pages of the browser's own machine may connect, whatever `server.origins` is. */
  readonly loopbackOrigins?: boolean;
  /** The limit on open files; left out where it is not known. */
  readonly openFiles?: number | undefined;
}

/**
 * Puts the rooms together: the source to the hub, the hub to the sessions, the sessions to the
 * listeners.
 *
 * @throws {ConfigurationError} the key cannot be used
 * @throws {UnavailableError} an address cannot be listened on; nothing is left running
 *
 * @example
 * ```ts
 * import { type Settings } from "../config/shape.ts";
 * import { AmqpSource } from "../source/amqp/amqp_source.ts";
 * declare const settings: Settings;
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
  const { auth, compression, history, protocol, rbac, server, streams } = settings;
  const verifier = auth.enabled ? await TokenVerifier.create(auth) : undefined;
  const verify: Verify | undefined = verifier &&
    ((token, failures) => verifier.recall(token, failures) ?? verifier.verify(token, failures));

  // Shared and mutable on purpose: read at every use, so a reload takes effect everywhere.
  const limits = { ...settings.limits };
  const limitsHit = new LabelledCounter();

  const flusher = new Flusher();
  const traffic = new Traffic();
  const budget = new StateBudget(limits, limitsHit);
  const hub = new Hub({
    ...{ registry: peatioRegistry, flusher, limits, traffic, budget, history, ...streams },
  });
  hub.globalIsPrefix = guards(rbac, "global");
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
  const connections = { flusher, traffic, limits, closeTimeoutMs: CLOSE_TIMEOUT_MS };
  const transports = {
    websocket: {
      ...connections,
      pace: new ReadPace(),
      turns: new ReadTurns(),
      keepalive: new Keepalive(limits),
      receiving: receiverLimits(limits),
    },
    sse: { ...connections, keepalive: new Keepalive(commentLimits(limits)) },
  };
  const context = {
    ...{ hub, verify, isRevoked, failures, expiries, rbac },
    ...{ limits, limitsHit, places, users },
  };
  const sessions = new Sessions(context, transports, compression);
  if (protocol.closeOnLoss) {
    hub.onLoss = () => void drain(sessions.afterLoss(), server.drainSeconds * 1000).gone;
  }

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
    ? pageApp({
      authenticates: auth.enabled,
      version: VERSION,
      demoToken,
      allowsOrigin: (origin, host) =>
        allowsOrigin(origin, host, upgrades.origins) ||
        (loopbackOrigins && isLoopbackOrigin(origin)),
    })
    : undefined;
  const room = openFiles === undefined ? undefined : socketsWithin(openFiles);
  const socketLimit = new SocketLimit(limits, limitsHit, room);
  const plain = httpApp({
    page,
    proxies: () => upgrades.proxies,
    streams: () => hub.available(),
  });
  const clients = new Listener(plain, {
    app: upgradeApp(upgrades),
    events: eventsApp(upgrades),
    ...(server.proxyProtocol
      ? { beginsWithProxyHeader: (peer: string) => upgrades.proxies.trusts(peer) }
      : {}),
    sockets: socketLimit,
    handshakes: new Handshakes(limits, limitsHit),
    admit: (socket, head, admission, answer) => {
      sessions.admit(socket, head, admission, answer);
      if (admission.identity) users.release(admission.identity.uid);
    },
    release: ({ address, identity }) => {
      places.release(address);
      if (identity) users.release(identity.uid);
    },
  });

  let stopping: Promise<void> | undefined;
  const readiness = new Readiness(source, settings.management.brokerGrace);
  const loopLag = new LoopLag();
  const garbage = new HandshakeGarbage({
    clients: () => sessions.counts.total,
    open: () => sessions.size,
    events: () => hub.counters.received,
  });
  const reloads = new ReloadStatus();
  const sources: MetricSources = {
    ...{ hub, sessions, verifier, expiries, limitsHit, flusher, traffic, source, loopLag, reloads },
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
    maxNamedStreams: settings.management.maxNamedStreams,
    rangoMetrics: settings.management.rangoMetrics,
  };
  const management: Listener = new Listener(managementApp({
    unready: sources.unready,
    stats: () => statistics(sources),
    metrics: metricsRegistry(sources),
  }));

  const managementAddress = await management.listen(
    settings.management,
    "management.port, --management-port",
  );
  let publicAddress: Address;
  try {
    publicAddress = await clients.listen(server, "server.port, --port");
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
  garbage.start();

  const live: LiveTable = {
    auth: (next) => {
      expiries.leeway = leewayOf(next);
      sessions.endRevoked();
    },
    limits: (next) => {
      Object.assign(limits, next);
    },
    server: ({ origins, trustedProxies, forwardedHeader, ...rest }) => {
      rest satisfies Nothing;
      upgrades.origins = origins;
      upgrades.proxies = new TrustedProxies(trustedProxies, forwardedHeader);
    },
    rbac: (next) => {
      sessions.rbac = next;
      hub.globalIsPrefix = guards(next, "global");
    },
    log: configureLog,
  };

  return {
    public: publicAddress,
    management: managementAddress,
    unready: sources.unready,
    reloads,
    status: () =>
      statusLine({
        reload: reloads.reason,
        clients: sessions.size,
        books: hub.sizes.states,
        source: source.state,
        stopping: stopping !== undefined,
      }),
    async reload(next) {
      // Only the keys can fail or take time; afterwards everything changes in one turn of the loop.
      const takeKeys = next.auth.enabled ? await verifier?.prepare(next.auth) : undefined;
      takeKeys?.();
      await applyLive(live, next);
    },
    stop: () =>
      stopping ??= shutDown(
        { clients, management, sessions, source, verifier, loopLag, socketLimit, garbage },
        server.drainSeconds,
      ),
  };
}

/** Seconds by which connections outlive their tokens. */
function leewayOf(
  { enforceExpiry, expLeeway }: Pick<Settings["auth"], "enforceExpiry" | "expLeeway">,
): number {
  return enforceExpiry ? expLeeway : Infinity;
}
