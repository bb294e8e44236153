import type { SettingValues } from "./settings.ts";

/**
 * An event that is larger than what may wait for a client closes everybody who follows it and does
 * not take it at once: what one event may cost must be less.
 */
export function sizesProblem(values: SettingValues): string | undefined {
  const [event, unsent] = [values["streams.event_bytes"], values["limits.unsent_bytes"]];
  if (event < unsent) return undefined;
  return `streams.event_bytes is ${event} and limits.unsent_bytes is ${unsent}, so that one event ` +
    "would make slow consumers of clients that read; right would be unsent bytes of " +
    `${2 * event} or so (flags --streams-event-bytes and --limits-unsent-bytes)`;
}
