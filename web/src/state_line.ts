import type { Ranger, State } from "../../client/src/mod.ts";
import { part, write } from "./dom.ts";
import { duration } from "./numbers.ts";

/**
 * The state as a few words.
 *
 * @param now milliseconds since the epoch
 */
export function describeState(state: State, now: number): string {
  switch (state.status) {
    case "connecting":
      return "Connecting…";
    case "open":
      return state.identity ? `Live, as ${state.identity.uid}` : "Live";
    case "waiting":
      return `Reconnecting in ${duration(state.retryAt - now)}`;
    case "closed":
      return "Closed";
  }
}

/** Shows the connection's state in the page's head, and below it what a loss means. */
export function startStateLine(ranger: Ranger): void {
  const line = part("state");
  const banner = part("banner");
  /** When the first try after a loss began; the first moments are nobody's trouble. */
  let lostSince: number | undefined;
  const show = () => {
    const { state } = ranger;
    line.dataset.status = state.status;
    const text = describeState(state, Date.now());
    // Read aloud once, not each second.
    write(line, state.status === "waiting" ? "Reconnecting…" : text);
    line.title = text;
    if (state.status === "open") lostSince = undefined;
    else lostSince ??= performance.now();
    if (state.status === "waiting") {
      write(
        banner,
        `No connection: ${state.reason}${state.code ? ` (${state.code})` : ""}. ` +
          "It is tried again by itself; what you see is as it was before.",
      );
    }
    banner.hidden = lostSince === undefined || state.status === "closed" ||
      banner.textContent === "" || performance.now() - lostSince < 300;
  };
  ranger.onState(show);
  setInterval(show, 500);
  show();
}
