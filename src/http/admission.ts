import type { Context } from "hono";
import { TokenError } from "../auth/errors.ts";
import type { Identity } from "../auth/identity.ts";
import type { Envelope, Transport } from "../hub/envelope.ts";
import type { AuthFailures } from "../session/auth_failures.ts";
import type { ConnectionQuota, QuotaExceeded } from "../session/connection_quota.ts";
import { lastOf } from "../session/messages.ts";
import type { Verify } from "../session/session.ts";
import type { Admission } from "../session/sessions.ts";
import type { UserQuota } from "../session/user_quota.ts";
import { streamsOfQuery } from "../streams/stream_name.ts";
import { negotiateDeflate } from "../websocket/deflate.ts";
import type { TrustedProxies } from "./client_address.ts";
import { allowsOrigin, isLoopbackOrigin } from "./origin.ts";

/** What the decision about a client depends on. */
export interface AdmissionOptions {
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

/** What an app knows of a request, and where it leaves its decision. */
export interface AdmissionSlot {
  /** The address at the other end of the socket. */
  peer(): string;
  /** The request line's path, not normalised: access is judged by it. */
  path: string;
  /** A request that left none is answered with the response. */
  admission?: Admission;
}

/** Bodies of a 401. Why a token does not verify is not said: it would help to forge one. */
const NO_TOKEN = "A token is required: Authorization: Bearer <JWT>\n";
const WRONG_TOKEN = "The token does not verify: Authorization: Bearer <JWT>\n";

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

/** Hono's environment of an app that admits clients. */
export interface AdmissionEnv {
  Bindings: AdmissionSlot;
}

/** The response to a request that is admitted. It is not sent: the decision is in the slot. */
const ADMITTED = new Response(null);

/**
 * Decides whether a client may connect, whatever the transport: its origin, whether there is a place,
 * its token. What costs least comes first. The last word is an admission in the slot, with a place
 * taken for it and one of its user; every other response is a refusal.
 *
 * @returns what a handler calls when the request's form is in order
 */
export function admissions(
  options: AdmissionOptions,
  transport: Transport,
): (c: Context<AdmissionEnv>) => Response | Promise<Response> {
  const { places, users, verify, failures, envelope, compression } = options;

  /** Decides with a place taken, which is given back if this refuses. */
  function decide(
    c: Context<AdmissionEnv>,
    address: string,
    identity: Identity | "wrong" | undefined,
  ): Response {
    try {
      const access = accessOf(c.env.path);
      if ((identity === "wrong" && access !== "public") || (!identity && access === "private")) {
        return c.text(identity === "wrong" ? WRONG_TOKEN : NO_TOKEN, 401, {
          "www-authenticate": "Bearer",
        });
      }
      const user = identity === "wrong" ? undefined : identity;
      if (user && !users.reserve(user.uid)) return refuseForNow(c, "connections_per_user");
      c.env.admission = admissionOf(c, address, user);
      return ADMITTED;
    } finally {
      if (!c.env.admission) places.release(address);
    }
  }

  function admissionOf(
    c: Context<AdmissionEnv>,
    address: string,
    identity: Identity | undefined,
  ): Admission {
    const { url } = c.req;
    const question = url.indexOf("?");
    const query = (name: string) => question === -1 ? undefined : c.req.query(name);
    const chosen = query("envelope");
    // A browser that connects again names the same URL, with an older cursor.
    const lastEvent = transport === "sse" ? c.req.header("last-event-id") : undefined;
    const cursor = lastEvent || query("cursor");
    const status = query("status") === "1" ? "status" : "none";
    return {
      address,
      identity,
      transport,
      envelope: chosen === "tuple" || chosen === "object" ? chosen : envelope,
      reporting: cursor === undefined ? status : "cursors",
      checksums: query("checksum") === "1",
      cursor,
      last: lastOf(query("last")),
      extensions: compression && transport === "websocket"
        ? negotiateDeflate(c.req.header("sec-websocket-extensions") ?? null)
        : undefined,
      streams: question === -1 ? [] : streamsOfQuery(url.slice(question)),
    };
  }

  // Thousands come at once: only those with a token to verify cost a promise.
  return (c) => {
    const { headers } = c.req.raw;
    const { proxies } = options;
    const origin = c.req.header("origin");
    const host = () => proxies.hostOf(c.env.peer(), headers);
    if (origin !== undefined && !isAllowed(options, origin, host)) {
      return c.text(NOT_FROM_THERE, 403);
    }
    // Also where no limit is set: one that is set later counts the clients connected by then.
    const address = proxies.clientOf(c.env.peer(), headers);
    const none = places.take(address);
    if (none !== undefined) return refuseForNow(c, none);
    const authorization = c.req.header("authorization");
    if (authorization === undefined) return decide(c, address, undefined);
    const failuresHere = failures.of(address);
    return identify(authorization, verify && ((token) => verify(token, failuresHere))).then(
      (identity) => decide(c, address, identity),
      (error) => {
        places.release(address);
        throw error;
      },
    );
  };
}

/** Whether pages of an origin may connect. */
export function isAllowed(
  { origins, loopbackOrigins }: Pick<AdmissionOptions, "origins" | "loopbackOrigins">,
  origin: string,
  host: () => string,
): boolean {
  return allowsOrigin(origin, host(), origins) || (loopbackOrigins && isLoopbackOrigin(origin));
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
  authorization: string,
  verify: ((token: string) => Identity | Promise<Identity>) | undefined,
): Promise<Identity | "wrong"> {
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
