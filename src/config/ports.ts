import type { SettingValues } from "./settings.ts";

/** Where this process listens for the operator; any free port stays any free port. */
export function managementPort(values: SettingValues): number {
  const port = values["management.port"];
  return port === 0 ? 0 : port + values["management.port_offset"];
}

/** Why the two listeners cannot have the ports that they are to have. */
export function portProblem(values: SettingValues): string | undefined {
  const port = values["server.port"];
  const management = managementPort(values);
  if (management > 65535) {
    return `management.port and management.port_offset make ${management} together; ` +
      "right would be 65535 at most";
  }
  // Both on one port would fail late, or share it without a word.
  const [host, other] = [values["server.host"], values["management.host"]];
  const all = (name: string) => name === "0.0.0.0" || name === "::";
  if (port !== management || port === 0) return undefined;
  if (host !== other && !all(host) && !all(other)) return undefined;
  return values["management.port_offset"] === 0
    ? `server.port and management.port are both ${port}; ` +
      "right would be two different ports (flags --port and --management-port)"
    : `server.port and management.port with its offset are both ${port}; right would be two ` +
      "different ports (flags --port, --management-port and --management-port-offset)";
}
