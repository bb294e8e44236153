import { RESULTS } from "../../auth/errors.ts";
import type { RemoteState } from "../../auth/remote_keys.ts";
import type { Labelled, Metric, MetricSources } from "./metric.ts";

/** A figure of the key set at `auth.jwks_url`; nothing without one, or before its first value. */
function ofJwks(value: (jwks: RemoteState) => number | undefined) {
  return ({ verifier }: MetricSources): Labelled => {
    const jwks = verifier?.state.jwks;
    if (jwks === undefined) return [];
    const found = value(jwks);
    return found === undefined ? [] : [[[jwks.url], found]];
  };
}

export const AUTH: readonly Metric[] = [
  {
    name: "ranger_auth_total",
    type: "counter",
    help: "Tokens by result: accepted, expired, signature, unknown_key, algorithm, malformed, " +
      "no_keys, too_many_failures (limits.auth_failures), or the claim that was wrong",
    labels: ["result"],
    known: RESULTS.map((result) => [result]),
    *read({ verifier }) {
      for (const [result, count] of verifier?.state.results ?? []) yield [[result], count];
    },
  },
  {
    name: "ranger_auth_keys",
    type: "gauge",
    help: "Keys that verify tokens at present",
    read: ({ verifier }) => verifier?.state.keys ?? 0,
  },
  {
    name: "ranger_jwks_age_seconds",
    type: "gauge",
    help: "Seconds since the key set in force was fetched (auth.jwks_url)",
    labels: ["url"],
    read: ofJwks(({ age }) => age),
  },
  {
    name: "ranger_jwks_last_success_timestamp_seconds",
    type: "gauge",
    help: "Time of the last successful fetch of a key set, in seconds since the epoch",
    labels: ["url"],
    read: ofJwks(({ lastSuccess }) => lastSuccess),
  },
  {
    name: "ranger_jwks_fetches_total",
    type: "counter",
    help: "Key sets fetched",
    labels: ["url"],
    read: ofJwks(({ fetched }) => fetched),
  },
  {
    name: "ranger_jwks_failures_total",
    type: "counter",
    help: "Failed fetches of a key set; the last good one stays in force",
    labels: ["url"],
    read: ofJwks(({ failed }) => failed),
  },
  {
    name: "ranger_expiries_total",
    type: "counter",
    help: "Connections whose token expired while they were open, and that became anonymous",
    read: ({ expiries }) => expiries.expired,
  },
  {
    name: "ranger_expiries_waiting",
    type: "gauge",
    help: "Connections whose token will expire",
    read: ({ expiries }) => expiries.size,
  },
];
