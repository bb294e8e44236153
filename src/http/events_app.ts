import { type Context, Hono } from "hono";
import { cors } from "hono/cors";
import { EVENT_STREAM_HEADERS } from "../sse/response.ts";
import { type AdmissionEnv, type AdmissionOptions, admissions, isAllowed } from "./admission.ts";
import { internalError } from "./internal_error.ts";

/** What scripts of other hosts' pages may send: clients that use fetch have all three. */
const ALLOWED_HEADERS = ["Authorization", "Cache-Control", "Last-Event-ID"];

/** Seconds for which a browser need not ask again. */
const MAX_AGE = 600;

/**
 * Decides every request for server-sent events, and the questions of browsers about them. A response
 * with an admission in the slot is the head of one that goes on; all others are whole.
 *
 * @example
 * ```ts
 * import type { AdmissionOptions, AdmissionSlot } from "./admission.ts";
 * declare const [options, request]: [AdmissionOptions, Request];
 * const slot: AdmissionSlot = { peer: () => "203.0.113.7", path: "/public/" };
 * const response = await eventsApp(options).fetch(request, slot);
 * console.log(slot.admission ? response.headers : response.status);
 * ```
 */
export function eventsApp(options: AdmissionOptions): Hono<AdmissionEnv> {
  const app = new Hono<AdmissionEnv>().onError(internalError);
  const admit = admissions(options, "sse");

  const allows = (origin: string, c: Context<AdmissionEnv>) =>
    isAllowed(options, origin, () => options.proxies.hostOf(c.env.peer(), c.req.raw.headers));

  app.use(async (c, next) => {
    await next();
    c.header("connection", "close");
    // Cookies are for gateways. Pages of any origin at all are not given what belongs to them.
    const origin = c.req.header("origin");
    if (origin !== undefined && !options.origins.includes("*") && allows(origin, c)) {
      c.header("access-control-allow-credentials", "true");
    }
  });
  app.use(cors({
    origin: (origin, c) => origin !== "" && allows(origin, c) ? origin : undefined,
    allowMethods: ["GET", "HEAD"],
    allowHeaders: ALLOWED_HEADERS,
    maxAge: MAX_AGE,
  }));
  app.get("*", async (c) => {
    const response = await admit(c);
    const { admission } = c.env;
    if (!admission) return response;
    if (c.req.raw.method === "HEAD") {
      options.places.release(admission.address);
      if (admission.identity) options.users.release(admission.identity.uid);
      delete c.env.admission;
    }
    return c.body(null, 200, EVENT_STREAM_HEADERS);
  });
  return app;
}
