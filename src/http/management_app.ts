import { Hono } from "hono";

/** What the management listener reports. */
export interface ManagementSources {
  /** Why the daemon is not ready to serve; empty when it is. */
  unready(): readonly string[];
  /** Everything countable, as plain JSON. */
  stats(): Record<string, unknown>;
}

/**
 * Health and statistics for the operator, on a listener of its own.
 *
 * | path | answer |
 * | --- | --- |
 * | `/healthz` | 200 while the process answers at all |
 * | `/readyz` | 200 when events come in and clients are served, else 503; the reasons as JSON |
 * | `/stats` | counters as JSON |
 *
 * @example
 * ```ts
 * const response = await managementApp(sources).request("/readyz");
 * ```
 */
export function managementApp({ unready, stats }: ManagementSources): Hono {
  const app = new Hono();
  app.get("/", (c) => c.text("Ranger, management: /healthz /readyz /stats\n"));
  app.get("/healthz", (c) => c.json({ alive: true }));
  app.get("/readyz", (c) => {
    const reasons = unready();
    return c.json({ ready: reasons.length === 0, reasons }, reasons.length === 0 ? 200 : 503);
  });
  app.get("/stats", (c) => c.json(stats()));
  return app;
}
