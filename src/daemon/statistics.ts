import type { SourceState } from "../source/source.ts";
import type { MetricSources } from "./metrics/metric.ts";
import { topStreams } from "./top_streams.ts";

/** Maximum number of streams named here; `/metrics` may name more. */
const MAX_NAMED_STREAMS = 20;

/**
 * The daemon's main figures, for people with curl and for scripts.
 *
 * @returns plain JSON
 *
 * @example
 * ```ts
 * import { type MetricSources } from "./metrics/metric.ts";
 * declare const sources: MetricSources;
 * statistics(sources).connections; // { open: 2, authenticated: 1, total: 7, … }
 * ```
 */
export function statistics(sources: MetricSources): Record<string, unknown> {
  const {
    hub,
    sessions,
    traffic,
    verifier,
    expiries,
    limitsHit,
    source,
    loopLag,
    reloads,
    maxNamedStreams,
  } = sources;
  return {
    connections: sessions.counts,
    closes: sessions.closes,
    limitsHit,
    auth: { ...verifier?.state, expiries: { waiting: expiries.size, expired: expiries.expired } },
    unsentBytes: traffic.unsent,
    events: hub.counters,
    out: { frames: traffic.framesPerWrite.sum, bytes: traffic.bytes },
    hub: hub.sizes,
    history: {
      events: hub.history.events,
      bytes: hub.history.size,
      seconds: hub.history.seconds,
    },
    readers: {
      behind: hub.readers.size,
      begun: hub.readers.begun,
      resumes: hub.readers.outcomes,
      events: hub.readers.events,
    },
    streams: Object.fromEntries(
      topStreams(hub.streams(), Math.min(maxNamedStreams, MAX_NAMED_STREAMS)),
    ),
    source: statisticsOf(source.state),
    reload: reloads,
    loopLag: { seconds: loopLag.seconds.sum, looks: loopLag.seconds.count },
    memory: Deno.memoryUsage(),
  };
}

/** With the values that are computed when they are read. */
function statisticsOf(state: SourceState): Record<string, unknown> {
  return { ...state, interruptedSeconds: state.interruptedSeconds, lag: state.lag };
}
