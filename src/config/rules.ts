import type { SettingValues } from "./settings.ts";

/**
 * Rules that concern several settings at once.
 *
 * @returns what is wrong, a sentence each
 */
export function brokenRules(values: SettingValues): string[] {
  return [portProblem(values), keepaliveProblem(values), sizeProblem(values)]
    .filter((problem) => problem !== undefined);
}

/** The port of the management listener: with the offset, and 0 where any free port will do. */
export function managementPort(values: SettingValues): number {
  const port = values["management.port"];
  return port === 0 ? 0 : port + values["management.port_offset"];
}

/** Two listeners on one port would fail late, or share it without an error. */
function portProblem(values: SettingValues): string | undefined {
  const port = values["server.port"];
  const management = managementPort(values);
  if (management > 65535) {
    return `management.port and management.port_offset make ${management} together; ` +
      "expected 65535 at most";
  }
  const [host, other] = [values["server.host"], values["management.host"]];
  const isAny = (name: string) => name === "0.0.0.0" || name === "::";
  if (port !== management || port === 0) return undefined;
  if (host !== other && !isAny(host) && !isAny(other)) return undefined;
  return values["management.port_offset"] === 0
    ? `server.port and management.port are both ${port}; ` +
      "expected two different ports (flags --port and --management-port)"
    : `server.port and management.port with its offset are both ${port}; expected two ` +
      "different ports (flags --port, --management-port and --management-port-offset)";
}

/** A client that sends nothing shows that it is alive only by answering pings. */
function keepaliveProblem(values: SettingValues): string | undefined {
  const [idle, ping] = [values["limits.idle_timeout"], values["limits.ping_interval"]];
  if (idle > ping) return undefined;
  return `limits.idle_timeout is ${idle} and limits.ping_interval is ${ping}, so clients ` +
    "would be cut before they are sent a ping; expected an idle timeout of " +
    `about ${2.5 * ping} (flags --limits-idle-timeout and --limits-ping-interval)`;
}

/** An event above the limit of unsent bytes would close every subscriber that is not idle. */
function sizeProblem(values: SettingValues): string | undefined {
  const [event, unsent] = [values["streams.event_bytes"], values["limits.unsent_bytes"]];
  if (event < unsent) return undefined;
  return `streams.event_bytes is ${event} and limits.unsent_bytes is ${unsent}, so one event ` +
    "would make slow consumers of clients that read; expected unsent bytes of " +
    `about ${2 * event} (flags --streams-event-bytes and --limits-unsent-bytes)`;
}
