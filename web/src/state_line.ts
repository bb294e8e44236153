import type { Ranger, State } from "../../client/src/mod.ts";
import { part, write } from "./dom.ts";
import { duration } from "./numbers.ts";

/**
 * Describes the state in a few words.
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

/** Shows the connection's state in the header, and explains a loss in the banner below it. */
export function startStateLine(ranger: Ranger): void {
  const line = part("state");
  const banner = part("banner");
  /** When the connection was lost; the banner appears only after a moment. */
  let lostSince: number | undefined;
  const show = () => {
    const { state } = ranger;
    line.dataset.status = state.status;
    const text = describeState(state, Date.now());
    // Constant, so that screen readers announce it once, not each second.
    write(line, state.status === "waiting" ? "Reconnecting…" : text);
    line.title = text;
    if (state.status === "open") lostSince = undefined;
    else lostSince ??= performance.now();
    if (state.status === "waiting") {
      write(
        banner,
        `No connection: ${state.reason}${state.code ? ` (${state.code})` : ""}. ` +
          "The page reconnects automatically; the data shown is out of date.",
      );
    }
    banner.hidden = lostSince === undefined || state.status === "closed" ||
      banner.textContent === "" || performance.now() - lostSince < 300;
  };
  ranger.onState(show);
  setInterval(show, 500);
  show();
}
