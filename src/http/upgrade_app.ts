import { type Context, Hono } from "hono";
import { TokenError } from "../auth/errors.ts";
import type { Identity } from "../auth/identity.ts";
import type { Envelope } from "../hub/envelope.ts";
import type { AuthFailures } from "../session/auth_failures.ts";
import type { ConnectionQuota, QuotaExceeded } from "../session/connection_quota.ts";
import { lastOf } from "../session/messages.ts";
import type { Verify } from "../session/session.ts";
import type { UserQuota } from "../session/user_quota.ts";
import type { Admission } from "../session/sessions.ts";
import { streamsOfQuery } from "../streams/stream_name.ts";
import { negotiateDeflate } from "../websocket/deflate.ts";
import { refuseHandshake } from "../websocket/handshake.ts";
import type { TrustedProxies } from "./client_address.ts";
import { internalError } from "./internal_error.ts";
import { allowsOrigin, isLoopbackOrigin } from "./origin.ts";

/** What the upgrade's decision depends on. */
export interface UpgradeOptions {
  /** Read for each handshake, so that it may change. */
  readonly origins: readonly string[];
  /** Whether pages of the browser's own machine may connect besides. */
  readonly loopbackOrigins: boolean;
  /** Read for each handshake as well. */
  readonly proxies: TrustedProxies;
  readonly places: ConnectionQuota;
  readonly users: UserQuota;
  /** Left out where nobody can authenticate (`--no-auth`). */
  readonly verify: Verify | undefined;
  /** Counts tokens that do not verify, by address. */
  readonly failures: AuthFailures;
  /** For connections that do not choose. */
  readonly envelope: Envelope;
  /** Whether clients that offer compression get it. */
  readonly compression: boolean;
}

/** What the app knows of a request, and where it leaves its decision. */
export interface UpgradeSlot {
  /** The address at the other end of the socket. */
  peer(): string;
  /** The request line's path, not normalised: access is judged by it. */
  readonly path: string;
  /** A request that left none is answered with the response. */
  admission?: Admission;
}

/** Whose page it is knows its origin; which others there are is nobody's business. */
const NOT_FROM_THERE =
  "Pages of this origin may not connect. The operator of the server can allow " +
  "it: --origins, or origins in the section [server] of its file.\n";

/** The answers above a quota; the client may try again soon. */
const NO_PLACE: Record<
  QuotaExceeded | "connections_per_user",
  { readonly status: 503 | 429; readonly text: string }
> = {
  connections: { status: 503, text: "There are too many clients; try again later.\n" },
  connections_per_address: {
    status: 429,
    text: "There are too many clients from your address; try again later.\n",
  },
  connections_per_user: {
    status: 429,
    text: "There are too many connections of your user; close some, or try again later.\n",
  },
};

/** Seconds: different for each, so that clients refused at once do not return at once. */
function retryAfter(): string {
  return String(5 + Math.floor(Math.random() * 11));
}

/** For whom a token must be there, and whether a wrong one matters (protocol, section 1). */
type Access = "private" | "public" | "any";

interface Env {
  Bindings: UpgradeSlot;
  Variables: { identity: Identity | undefined; address: string };
}

/**
 * Decides every WebSocket handshake, as a request like any other: its form, its origin, whether
 * there is a place, its token. What costs least comes first. The last word is an admission in the
 * slot, with a place taken for it and one of its user; every response is a refusal.
 *
 * @example
 * ```ts
 * const slot: UpgradeSlot = { peer: () => socket.remoteAddress, path: "/public/" };
 * const response = await upgradeApp(options).fetch(request, slot);
 * if (slot.admission) accept(slot.admission);
 * else refuse(response);
 * ```
 */
export function upgradeApp(options: UpgradeOptions): Hono<Env> {
  const { places, users, verify, failures, envelope, compression } = options;
  const app = new Hono<Env>().onError(internalError);

  app.use(async (c, next) => {
    const refusal = refuseHandshake(c.req.method, c.req.raw.headers);
    if (refusal) return c.text(`${refusal.reason}\n`, refusal.status, { ...refusal.headers });
    const origin = c.req.header("origin");
    if (
      origin !== undefined &&
      !allowsOrigin(
        origin,
        options.proxies.hostOf(c.env.peer(), c.req.raw.headers),
        options.origins,
      ) &&
      !(options.loopbackOrigins && isLoopbackOrigin(origin))
    ) {
      return c.text(NOT_FROM_THERE, 403);
    }
    return await next();
  });

  app.use(async (c, next) => {
    // Also where no limit is set: one that is set later counts the clients connected by then.
    const address = options.proxies.clientOf(c.env.peer(), c.req.raw.headers);
    const none = places.take(address);
    if (none !== undefined) return refuseForNow(c, none);
    c.set("address", address);
    try {
      return await next();
    } finally {
      if (!c.env.admission) places.release(address);
    }
  });

  app.use(async (c, next) => {
    const access = accessOf(c.env.path);
    const identity = await identify(
      c.req.header("authorization"),
      verify && ((token) => verify(token, failures.of(c.get("address")))),
    );
    if ((identity === "wrong" && access !== "public") || (!identity && access === "private")) {
      return c.text("Authorization: Bearer <JWT> is missing or wrong.\n", 401, {
        "www-authenticate": "Bearer",
      });
    }
    c.set("identity", identity === "wrong" ? undefined : identity);
    return await next();
  });

  app.all("*", (c) => {
    const identity = c.get("identity");
    if (identity && !users.reserve(identity.uid)) return refuseForNow(c, "connections_per_user");
    const query = new URL(c.req.url).search;
    const chosen = c.req.query("envelope");
    const cursor = c.req.query("cursor");
    const status = c.req.query("status") === "1" ? "status" : "none";
    c.env.admission = {
      address: c.get("address"),
      identity,
      envelope: chosen === "tuple" || chosen === "object" ? chosen : envelope,
      reporting: cursor === undefined ? status : "cursors",
      cursor,
      last: lastOf(c.req.query("last")),
      extensions: compression
        ? negotiateDeflate(c.req.header("sec-websocket-extensions") ?? null)
        : undefined,
      streams: streamsOfQuery(query),
    };
    return c.body(null);
  });

  return app;
}

function refuseForNow(c: Context, exceeded: keyof typeof NO_PLACE): Response {
  const { status, text } = NO_PLACE[exceeded];
  return c.text(text, status, { "retry-after": retryAfter() });
}

function accessOf(path: string): Access {
  if (/\/private\/?$/.test(path)) return "private";
  return /\/public\/?$/.test(path) ? "public" : "any";
}

async function identify(
  authorization: string | undefined,
  verify: ((token: string) => Promise<Identity>) | undefined,
): Promise<Identity | "wrong" | undefined> {
  if (authorization === undefined) return undefined;
  // The scheme's case does not matter in a header (RFC 9110 §11.1).
  const token = /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
  if (token === undefined || !verify) return "wrong";
  try {
    return await verify(token);
  } catch (error) {
    if (error instanceof TokenError) return "wrong";
    throw error;
  }
}
