import { loadVerificationKey } from "../auth/keys.ts";
import { brokerName } from "../config/amqp_url.ts";
import type { Entry } from "../config/loaded.ts";
import type { Settings } from "../config/types.ts";
import { ConfigurationError, UnavailableError } from "../errors.ts";
import type { Wanted } from "../http/listener.ts";
import { checkBroker } from "./check_broker.ts";
import { defineCommand } from "./command.ts";

/** The outcome of one trial. */
interface Finding {
  readonly name: string;
  readonly text: string;
  /** 0, or what the program would exit with. */
  readonly exitCode: number;
}

const { exitCode: WRONG } = new ConfigurationError();
const { exitCode: UNAVAILABLE } = new UnavailableError();

/** `ranger check` */
export const check = defineCommand({
  name: "check",
  summary: "Shows the settings in force with their sources, and tries key, broker and ports",
  description: "Takes the same flags, environment and file as serve, changes nothing, and exits\n" +
    `with 0 when serve would run, ${WRONG} when a setting is wrong, ${UNAVAILABLE} when the broker\n` +
    "or a port cannot be had. Secrets are hidden.",
  usage: "ranger check [FLAGS]",
  example: "ranger check --config /etc/ranger/ranger.toml",
  settings: true,
  async run({ loadSettings }) {
    const { settings, entries, file } = await loadSettings({ requireKey: false });
    console.log(`configuration file: ${file ?? "none"}\n`);
    console.log(table(entries));
    const findings = [
      await tryKey(settings.auth),
      ...await Promise.all(settings.amqp.urls.map((url) => tryBroker(settings.amqp, url))),
      tryListen("server", settings.server),
      tryListen("management", settings.management),
    ];
    console.log();
    for (const { name, text, exitCode } of findings) {
      console.log(`${exitCode === 0 ? "ok   " : "FAILS"}  ${name}: ${text}`);
    }
    const codes = findings.map(({ exitCode }) => exitCode);
    const outcome = codes.includes(WRONG) ? WRONG : Math.max(...codes);
    console.log(
      outcome === 0
        ? "\nRanger would run with this."
        : outcome === WRONG
        ? "\nRanger would not start with this."
        : "\nRanger would not run well with this: see what FAILS above.",
    );
    return outcome;
  },
});

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

async function tryKey(auth: Settings["auth"]): Promise<Finding> {
  const name = "key";
  if (!auth.enabled) return { name, text: "not needed: public streams only", exitCode: 0 };
  try {
    const { kind, algorithm, fingerprint } = await loadVerificationKey(auth.publicKey, {
      algorithm: auth.algorithm,
    });
    return { name, text: `${kind}, verifies ${algorithm}, ${fingerprint}`, exitCode: 0 };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    const escape = auth.publicKey === "" ? "; --no-auth runs public streams only" : "";
    return { name, text: error.message + escape, exitCode: error.exitCode };
  }
}

async function tryBroker({ urls, exchange }: Settings["amqp"], url: string): Promise<Finding> {
  const { ok, text } = await checkBroker(url, exchange);
  const name = urls.length === 1 ? "broker" : `broker ${brokerName(url)}`;
  return { name, text, exitCode: ok ? 0 : UNAVAILABLE };
}

/** Listens for a moment, to know whether the address can be had. */
function tryListen(name: "server" | "management", at: Wanted): Finding {
  const address = `${at.host}:${at.port}`;
  try {
    Deno.listen({ hostname: at.host, port: at.port, reusePort: at.reusePort ?? false }).close();
    return { name, text: `${address} is free`, exitCode: 0 };
  } catch (error) {
    const flag = name === "server" ? "--port" : "--management-port";
    const [why, exitCode] = error instanceof Deno.errors.AddrInUse
      ? [`is in use; is Ranger running already? ${flag} sets another port`, UNAVAILABLE]
      : error instanceof Deno.errors.PermissionDenied
      ? [`may not be listened on by this user; ports from 1024 on need no privilege`, UNAVAILABLE]
      : error instanceof Deno.errors.AddrNotAvailable
      ? ["is no address of this machine", WRONG]
      : [`cannot be listened on: ${error instanceof Error ? error.message : error}`, UNAVAILABLE];
    return { name, text: `${address} ${why}`, exitCode };
  }
}
