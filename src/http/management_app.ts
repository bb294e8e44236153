import { Hono } from "hono";
import { internalError } from "./internal_error.ts";

/** What the management listener reports. */
export interface ManagementSources {
  /** Why the daemon is not ready to serve; empty when it is. */
  unready(): readonly string[];
  /** Everything countable, as plain JSON. */
  stats(): Record<string, unknown>;
  /** Everything countable, as Prometheus reads it. */
  readonly metrics: {
    readonly contentType: string;
    metrics(): Promise<string>;
  };
}

const INDEX = `Ranger, for its operator:
  /metrics  for Prometheus
  /stats    the same in short, as JSON
  /healthz  200 while the event loop turns
  /readyz   200 while clients may be sent here, else 503 and why
`;

/**
 * Metrics, health and statistics for the operator, on the management listener.
 *
 * | path | answer |
 * | --- | --- |
 * | `/metrics` | Prometheus text, version 0.0.4 |
 * | `/healthz` | 200 while the process answers at all |
 * | `/readyz` | 200 when events come in and clients are served, else 503; the reasons as JSON |
 * | `/stats` | counters as JSON |
 *
 * @example
 * ```ts
 * declare const sources: ManagementSources;
 * const response = await managementApp(sources).request("/readyz");
 * ```
 */
export function managementApp({ unready, stats, metrics }: ManagementSources): Hono {
  const app = new Hono().onError(internalError);
  // Said for all paths, so that nothing that is added can be asked for something else in passing.
  app.use(async (c, next) => {
    if (c.req.method === "GET" || c.req.method === "HEAD") return await next();
    return c.text("Only GET is served here.\n", 405, { allow: "GET, HEAD" });
  });
  app.get("/", (c) => c.text(INDEX));
  app.get("/metrics", async (c) => {
    return c.body(await metrics.metrics(), 200, { "content-type": metrics.contentType });
  });
  app.get("/healthz", (c) => c.json({ alive: true }));
  app.get("/readyz", (c) => {
    const reasons = unready();
    return c.json({ ready: reasons.length === 0, reasons }, reasons.length === 0 ? 200 : 503);
  });
  app.get("/stats", (c) => c.json(stats()));
  return app;
}
