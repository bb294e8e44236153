import { Hono } from "hono";
import { refuseHandshake } from "../websocket/handshake.ts";
import { type AdmissionEnv, type AdmissionOptions, admissions } from "./admission.ts";
import { internalError } from "./internal_error.ts";

/**
 * Decides every WebSocket handshake, as a request like any other: first its form, then what
 * {@linkcode admissions} decides for all clients.
 *
 * @example
 * ```ts
 * import type { AdmissionOptions, AdmissionSlot } from "./admission.ts";
 * declare const [options, request]: [AdmissionOptions, Request];
 * const slot: AdmissionSlot = { peer: () => "203.0.113.7", path: "/public/" };
 * const refusal = await upgradeApp(options).fetch(request, slot);
 * console.log(slot.admission ?? refusal.status);
 * ```
 */
export function upgradeApp(options: AdmissionOptions): Hono<AdmissionEnv> {
  const app = new Hono<AdmissionEnv>().onError(internalError);
  const admit = admissions(options, "websocket");
  app.all("*", (c) => {
    const refusal = refuseHandshake(c.req.method, c.req.raw.headers);
    return refusal
      ? c.text(`${refusal.reason}\n`, refusal.status, { ...refusal.headers })
      : admit(c);
  });
  return app;
}
