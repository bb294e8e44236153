import type { Ranger } from "../../client/src/mod.ts";
import { describeState } from "./connection_state.ts";
import { part, write } from "./dom.ts";
import type { SourceStatus } from "./source_status.ts";

/** Whether the device has a network, as far as the browser knows. */
export function isOnline(): boolean {
  return navigator.onLine;
}

/** Shows the state in the header, and explains what is wrong in the banner below it. */
export function startStateLine(ranger: Ranger, source: SourceStatus): void {
  const line = part("state");
  const banner = part("banner");
  /** When something went wrong; the banner appears only after a moment. */
  let wrongSince: number | undefined;
  const show = () => {
    const around = { online: isOnline(), down: source.down };
    const { short, long, kind, banner: problem } = describeState(ranger.state, around, Date.now());
    line.dataset.status = kind;
    write(line, short);
    line.title = long;
    if (kind === "open") wrongSince = undefined;
    else wrongSince ??= performance.now();
    // While it connects, what was said before stays.
    if (problem !== undefined) write(banner, problem);
    banner.hidden = wrongSince === undefined || kind === "closed" || banner.textContent === "" ||
      performance.now() - wrongSince < 300;
    if (kind === "open") write(banner, "");
  };
  ranger.onState(show);
  source.onChange(show);
  for (const event of ["online", "offline"]) addEventListener(event, show);
  setInterval(show, 500);
  show();
}
