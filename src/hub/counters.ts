import { LabelledCounter } from "../telemetry/labelled_counter.ts";

/** What became of the events of one scope since the start; each only ever grows. */
export class ScopeCounters {
  /** Events that went to at least one subscriber. */
  delivered = 0;
  /** Events of streams that nobody holds. */
  unheld = 0;
  /** Bodies that are no UTF-8 or no JSON. */
  notJson = 0;
  /** Bodies larger than `streams.event_bytes`. */
  tooLarge = 0;
  /** Increments dropped because no snapshot came yet, or the state is unsure. */
  incrementsHeldBack = 0;
  /** Increments at or below the sequence of the state. */
  incrementsStale = 0;
  /** Sequences that skipped a number or restarted, and increments that could not be applied. */
  gaps = 0;
  /** Strict mode: events dropped. */
  refused = 0;
}

/** What the hub saw and did since the start; each only ever grows. */
export class HubCounters {
  /** Events taken from the source. */
  received = 0;
  /** Events owed to subscribers: one event to a thousand of them counts a thousand. */
  fannedOut = 0;
  /** Routing keys of no known form. */
  malformedKeys = 0;
  /** Snapshots sent to subscribers that already followed a stream, but for its first one. */
  resyncs = 0;
  /** States let go of for others, and states not kept because all that there were are followed. */
  statesEvicted = 0;
  statesTurnedAway = 0;
  /** Strict mode: events dropped, by `<stream kind> <reason>`. */
  readonly refused: LabelledCounter = new LabelledCounter();
  /** By the scope that the routing key names. */
  readonly scopes: Readonly<Record<"public" | "private" | "prefixed", ScopeCounters>> = {
    public: new ScopeCounters(),
    private: new ScopeCounters(),
    prefixed: new ScopeCounters(),
  };

  /** As plain JSON, all scopes together. */
  toJSON(): Record<string, unknown> {
    const total = (name: Exclude<keyof ScopeCounters, "refused">) =>
      Object.values(this.scopes).reduce((sum, scope) => sum + scope[name], 0);
    return {
      received: this.received,
      delivered: total("delivered"),
      fannedOut: this.fannedOut,
      unheld: total("unheld"),
      malformedKeys: this.malformedKeys,
      notJson: total("notJson"),
      tooLarge: total("tooLarge"),
      incrementsHeldBack: total("incrementsHeldBack"),
      incrementsStale: total("incrementsStale"),
      gaps: total("gaps"),
      resyncs: this.resyncs,
      statesEvicted: this.statesEvicted,
      statesTurnedAway: this.statesTurnedAway,
      refused: this.refused,
    };
  }
}
