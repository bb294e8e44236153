import type { State } from "../../client/src/mod.ts";
import { duration } from "./numbers.ts";

/** What decides on the state shown, besides the connection. */
export interface Surroundings {
  /** Whether the device has a network, as far as the browser knows. */
  readonly online: boolean;
  /** Whether the server receives nothing from the exchange. */
  readonly down: boolean;
}

/** The state in a few words, and in a sentence. */
export interface StateText {
  /** The same for as long as the state lasts, so that screen readers announce it once. */
  readonly short: string;
  /** With the time until the next attempt. */
  readonly long: string;
  /** What to say in the banner, if anything. */
  readonly banner: string | undefined;
  /** For the style sheet: `open`, `down`, `waiting`, … */
  readonly kind: string;
}

/**
 * Describes the state: connected, reconnecting, offline and an exchange that sends nothing are
 * different things.
 *
 * @param now milliseconds since the epoch
 */
export function describeState(
  state: State,
  { online, down }: Surroundings,
  now: number,
): StateText {
  const said = (short: string, kind: string, banner?: string, long = short): StateText => ({
    short,
    long,
    banner,
    kind,
  });
  if (state.status === "closed") return said("Closed", "closed");
  if (state.status === "open") {
    if (down) {
      return said(
        "No data from the exchange",
        "down",
        "The server receives nothing from the exchange at the moment. " +
          "It continues automatically; the data shown is out of date.",
      );
    }
    return said(state.identity ? `Live, as ${state.identity.uid}` : "Live", "open");
  }
  if (!online) {
    return said(
      "Offline",
      "waiting",
      "This device is offline. The page reconnects when the network returns; " +
        "the data shown is out of date.",
    );
  }
  if (state.status === "connecting") return said("Connecting…", "connecting");
  return said(
    "Reconnecting…",
    "waiting",
    `No connection: ${state.reason}${state.code ? ` (${state.code})` : ""}. ` +
      "The page reconnects automatically; the data shown is out of date.",
    `Reconnecting in ${duration(state.retryAt - now)}`,
  );
}
