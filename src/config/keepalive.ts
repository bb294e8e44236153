import type { SettingValues } from "./settings.ts";

/** A client that has nothing to say gives a sign of life only when it is asked for one. */
export function keepaliveProblem(values: SettingValues): string | undefined {
  const [idle, ping] = [values["limits.idle_timeout"], values["limits.ping_interval"]];
  if (idle > ping) return undefined;
  return `limits.idle_timeout is ${idle} and limits.ping_interval is ${ping}, so that clients ` +
    "would be cut before they are asked for a sign of life; right would be an idle timeout of " +
    `${2.5 * ping} or so (flags --limits-idle-timeout and --limits-ping-interval)`;
}
