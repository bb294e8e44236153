/** The EventSource of npm for other runtimes: this file is bundled for them. */
import { EventSource } from "eventsource";

/** An EventSource as browsers have it, which sends a token besides. */
export function sourceWithToken(url: string, token: string): EventSource {
  return new EventSource(url, {
    fetch: (input, init) =>
      fetch(input, { ...init, headers: { ...init.headers, Authorization: `Bearer ${token}` } }),
  });
}
