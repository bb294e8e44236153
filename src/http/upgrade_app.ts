import { Hono } from "hono";
import { TokenError } from "../auth/errors.ts";
import type { Identity } from "../auth/identity.ts";
import type { Envelope } from "../hub/envelope.ts";
import type { Verify } from "../session/session.ts";
import type { Admission } from "../session/sessions.ts";
import { streamsOfQuery } from "../streams/stream_name.ts";
import { negotiateDeflate } from "../websocket/deflate.ts";
import { refuseHandshake } from "../websocket/handshake.ts";
import { allowsOrigin } from "./origin.ts";

/** What the upgrade's decision depends on. */
export interface UpgradeOptions {
  /** Read for each handshake, so that it may change. */
  readonly origins: readonly string[];
  /** Left out where nobody can authenticate (`--no-auth`). */
  readonly verify: Verify | undefined;
  /** For connections that do not choose. */
  readonly envelope: Envelope;
  /** Whether clients that offer compression get it. */
  readonly compression: boolean;
}

/** Where the app leaves its decision; a request that left none is answered with the response. */
export interface UpgradeSlot {
  admission?: Admission;
}

/** For whom a token must be there, and whether a wrong one matters (protocol, section 1). */
type Access = "private" | "public" | "any";

interface Env {
  Bindings: UpgradeSlot;
  Variables: { identity: Identity | undefined };
}

/**
 * Decides every WebSocket handshake, as a request like any other: its form, its origin, its token.
 * The last word is an admission in the slot; every response is a refusal.
 *
 * @example
 * ```ts
 * const slot: UpgradeSlot = {};
 * const response = await upgradeApp(options).fetch(request, slot);
 * if (slot.admission) accept(slot.admission);
 * else refuse(response);
 * ```
 */
export function upgradeApp(options: UpgradeOptions): Hono<Env> {
  const { verify, envelope, compression } = options;
  const app = new Hono<Env>();

  app.use(async (c, next) => {
    const refusal = refuseHandshake(c.req.method, c.req.raw.headers);
    if (refusal) return c.text(`${refusal.reason}\n`, refusal.status, { ...refusal.headers });
    const origin = c.req.header("origin");
    if (
      origin !== undefined && !allowsOrigin(origin, c.req.header("host") ?? "", options.origins)
    ) {
      return c.text("This origin may not connect (server.origins).\n", 403);
    }
    return await next();
  });

  app.use(async (c, next) => {
    const access = accessOf(c.req.path);
    const identity = await identify(c.req.header("authorization"), verify);
    if ((identity === "wrong" && access !== "public") || (!identity && access === "private")) {
      return c.text("Authorization: Bearer <JWT> is missing or wrong.\n", 401, {
        "www-authenticate": "Bearer",
      });
    }
    c.set("identity", identity === "wrong" ? undefined : identity);
    return await next();
  });

  app.all("*", (c) => {
    const query = new URL(c.req.url).search;
    const chosen = c.req.query("envelope");
    c.env.admission = {
      identity: c.get("identity"),
      envelope: chosen === "tuple" || chosen === "object" ? chosen : envelope,
      extensions: compression
        ? negotiateDeflate(c.req.header("sec-websocket-extensions") ?? null)
        : undefined,
      streams: streamsOfQuery(query),
    };
    return c.body(null);
  });

  return app;
}

function accessOf(path: string): Access {
  if (/\/private\/?$/.test(path)) return "private";
  return /\/public\/?$/.test(path) ? "public" : "any";
}

async function identify(
  authorization: string | undefined,
  verify: Verify | undefined,
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
