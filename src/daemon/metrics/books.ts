import type { Metric } from "./metric.ts";

export const BOOKS: readonly Metric[] = [
  {
    name: "ranger_books_current",
    type: "gauge",
    help: "Order books and other streams with a state; unsure: no increments are sent until " +
      "the next snapshot from the exchange; waiting: increments arrive, but no snapshot has yet",
    labels: ["state"],
    read({ hub: { sizes: { states, statesUnsure, statesWaiting } } }) {
      return [
        [["live"], states - statesUnsure],
        [["unsure"], statesUnsure],
        [["waiting"], statesWaiting],
      ];
    },
  },
  {
    name: "ranger_states_dropped_total",
    type: "counter",
    help:
      "States above streams.states or streams.state_bytes: evicted (without a subscriber) and " +
      "turned_away (all kept states have subscribers)",
    labels: ["what"],
    read: ({ hub: { counters: { statesEvicted, statesTurnedAway } } }) => [
      [["evicted"], statesEvicted],
      [["turned_away"], statesTurnedAway],
    ],
  },
  {
    name: "ranger_state_bytes",
    type: "gauge",
    help: "Memory that order books and other states take, estimated (streams.state_bytes)",
    read: ({ hub }) => hub.sizes.stateBytes,
  },
  {
    name: "ranger_gaps_total",
    type: "counter",
    help: "Increments that skipped a sequence, could not be applied or showed that it restarted, " +
      "each of which made a state unsure",
    read: ({ hub: { counters: { scopes } } }) => scopes.public.gaps + scopes.prefixed.gaps,
  },
  {
    name: "ranger_resyncs_total",
    type: "counter",
    help: "Snapshots sent to existing subscribers of a stream, except its first snapshot",
    read: ({ hub }) => hub.counters.resyncs,
  },
];
