import { LabelledCounter } from "../telemetry/labelled_counter.ts";

/** Counters of one scope's events since the start. */
export class ScopeCounters {
  /** Events sent to at least one subscriber. */
  delivered = 0;
  /** Events of streams without subscribers. */
  unheld = 0;
  /** Bodies that are not UTF-8 or not valid JSON. */
  notJson = 0;
  /** Bodies larger than `streams.event_bytes`. */
  tooLarge = 0;
  /** Increments dropped because the state is stale or there was no snapshot yet. */
  incrementsHeldBack = 0;
  /** Increments at or below the sequence of the state. */
  incrementsStale = 0;
  /** Sequences that skipped a number or restarted, and increments that could not be applied. */
  gaps = 0;
  /** Strict mode: events dropped. */
  refused = 0;
}

/** Counters of the hub since the start. */
export class HubCounters {
  /** Events received from the source. */
  received = 0;
  /** Events sent to subscribers: one event to a thousand subscribers counts as a thousand. */
  fannedOut = 0;
  /** Events dropped because their routing key is not valid. */
  malformedKeys = 0;
  /** Snapshots sent to existing subscribers of increments, except the first one of a stream. */
  resyncs = 0;
  /** States evicted to make room for others. */
  statesEvicted = 0;
  /** States not kept because all existing ones have subscribers. */
  statesTurnedAway = 0;
  /** Strict mode: events dropped, by `<stream kind> <reason>`. */
  readonly refused: LabelledCounter = new LabelledCounter();
  /** By the scope of the routing key. */
  readonly scopes: Readonly<Record<"public" | "private" | "prefixed", ScopeCounters>> = {
    public: new ScopeCounters(),
    private: new ScopeCounters(),
    prefixed: new ScopeCounters(),
  };

  /** As plain JSON; the scopes are added up. */
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
