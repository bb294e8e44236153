import { brokerName } from "../../config/amqp_url.ts";
import type { Entry, Loaded } from "../../config/loaded.ts";
import type { Settings } from "../../config/shape.ts";
import { readTls, type TlsOptions } from "../../source/amqp/tls.ts";
import { defineCommand } from "../command.ts";
import { tryBacklog } from "./backlog.ts";
import { checkBroker } from "./broker.ts";
import { serviceEnvironment } from "./environment.ts";
import { tryFiles } from "./files.ts";
import { type Finding, settingProblem, UNAVAILABLE, WRONG } from "./finding.ts";
import { tryKeys } from "./keys.ts";
import { tryOpenFiles } from "./open_files.ts";
import { tryListen } from "./ports.ts";
import { DEFAULT_UNIT, readService, type Service } from "./service.ts";

/** `ranger check` */
export const check = defineCommand({
  name: "check",
  summary: "Shows the settings in force with their sources, and tries files, broker and ports",
  description: "Takes the same flags, environment and file as serve. Where a unit of systemd is\n" +
    `installed (${DEFAULT_UNIT}), it checks as that service would run: with the unit's\n` +
    "environment and environment files, and with the permissions of its user. On the broker it\n" +
    "declares, binds and consumes a queue as serve does, and deletes it again. Nothing else is\n" +
    `changed. Exits with 0 if serve would run, ${WRONG} if it would not start, ${UNAVAILABLE} if the\n` +
    "broker or a port is unavailable. Secrets are hidden.",
  usage: "ranger check [FLAGS]",
  example: "ranger check --config /etc/ranger/ranger.toml",
  options: {
    "files-only": {
      type: "boolean",
      help: "Checks settings and files alone; tries neither broker nor ports nor auth.jwks_url",
    },
    unit: {
      type: "string",
      value: "UNIT",
      help: "The service to check: its name, the path of its unit file, or none for the user " +
        "and the environment of this command [ranger.service, if installed]",
    },
    verbose: {
      type: "boolean",
      help: "Shows every setting; without it, only those that differ from their defaults",
    },
    "environment-file": {
      type: "string",
      value: "PATH",
      help: "The environment file, in place of the unit's [/etc/ranger/ranger.env, if it exists]",
    },
  },
  settings: true,
  async run({ values, loadSettings }) {
    const { unit } = values;
    const service = unit === "none" ? undefined : await readService(unit);
    const environment = await serviceEnvironment(
      Deno.env.toObject(),
      service,
      values["environment-file"],
    );
    const loaded = await loadSettings({
      requireKey: false,
      environment: environment.values,
      environmentFiles: environment.origins,
      ...(service ? { credentials: service.credentials } : {}),
    });
    const { settings, entries, file, renamed, ignored, unknownVariables } = loaded;
    console.log(`configuration file: ${file ?? "none"}`);
    console.log(`environment file: ${environment.files.join(", ") || "none"}`);
    console.log(`service: ${service ? `${service.file}, user ${service.user}` : "none"}\n`);
    const shown = values.verbose ? entries : entries.filter(({ source }) => source !== "default");
    if (shown.length > 0) console.log(table(shown));
    const hidden = entries.length - shown.length;
    if (hidden > 0) console.log(`${hidden} settings have their defaults (--verbose shows them)`);
    if (renamed.length + ignored.length > 0) console.log();
    for (const { from, to, source } of renamed) {
      console.log(`note   ${source}: ${from} is the old name of ${to}`);
    }
    for (const problem of ignored) console.log(`note   ${problem}; it is ignored`);
    const all = !values["files-only"];
    const { tls, findings: ofTls } = await tryTls(loaded);
    const findings = [
      ...environment.findings,
      ...unknownVariables.map((text) => ({ name: "environment", text, exitCode: 0, warns: true })),
      ...(service ? await tryFiles(loaded, service) : []),
      ...await tryKeys(loaded, all),
      ...ofTls,
      ...(all ? await tryNetwork(settings, tls, service) : []),
    ];
    console.log();
    // Problems first.
    const rank = ({ exitCode, warns }: Finding) => exitCode !== 0 ? 0 : warns ? 1 : 2;
    for (const { name, text, exitCode, warns } of findings.toSorted((a, b) => rank(a) - rank(b))) {
      console.log(`${exitCode !== 0 ? "FAILS" : warns ? "WARNS" : "ok   "}  ${name}: ${text}`);
    }
    const codes = findings.map(({ exitCode }) => exitCode);
    const outcome = codes.includes(WRONG) ? WRONG : Math.max(...codes);
    console.log(
      outcome === 0
        ? all
          ? "\nRanger would run with these settings."
          : "\nSettings and files are right. Broker and ports were not tried (--files-only)."
        : outcome === WRONG
        ? "\nRanger would not start with these settings."
        : "\nRanger would start, but not work: see what FAILS above.",
    );
    return outcome;
  },
});

async function tryNetwork(
  { amqp, limits, server, management }: Settings,
  tls: TlsOptions | undefined,
  service: Service | undefined,
): Promise<Finding[]> {
  return [
    // With files that cannot be used there is nothing to try.
    ...(tls ? await Promise.all(amqp.urls.map((url) => tryBroker(amqp, url, tls))) : []),
    tryListen("server", server, service),
    tryListen("management", management, service),
    tryOpenFiles(limits),
    tryBacklog(),
  ];
}

/** The files for TLS to the broker; undefined where they cannot be used. */
async function tryTls(
  loaded: Loaded,
): Promise<{ tls: TlsOptions | undefined; findings: Finding[] }> {
  try {
    return { tls: await readTls(loaded.settings.amqp), findings: [] };
  } catch (thrown) {
    const error = settingProblem(thrown, loaded);
    const finding = { name: "broker", text: error.message, exitCode: error.exitCode };
    return { tls: undefined, findings: [finding] };
  }
}

/** Columns of key, value and source. */
function table(entries: readonly Entry[]): string {
  const width = (column: readonly string[], most: number) =>
    Math.min(Math.max(...column.map((cell) => cell.length)), most);
  const keys = width(entries.map(({ key }) => key), 30);
  const values = width(entries.map(({ shown }) => shown), 40);
  return entries
    .map(({ key, shown, source }) => `${key.padEnd(keys)}  ${shown.padEnd(values)}  ${source}`)
    .join("\n");
}

async function tryBroker(
  amqp: Settings["amqp"],
  url: string,
  tls: TlsOptions,
): Promise<Finding> {
  const { ok, text } = await checkBroker(url, amqp, tls);
  const name = amqp.urls.length === 1 ? "broker" : `broker ${brokerName(url)}`;
  return { name, text, exitCode: ok ? 0 : UNAVAILABLE };
}
