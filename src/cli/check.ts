import { loadVerificationKeys } from "../auth/keys.ts";
import { RemoteKeys } from "../auth/remote_keys.ts";
import { Revocations } from "../auth/revocations.ts";
import type { VerificationKey } from "../auth/verification_key.ts";
import { brokerName } from "../config/amqp_url.ts";
import type { Entry } from "../config/loaded.ts";
import type { Settings } from "../config/shape.ts";
import { ConfigurationError, UnavailableError } from "../errors.ts";
import {
  openFilesFor,
  openFilesLimit,
  openFilesProblem,
  probeOpenFiles,
} from "../daemon/open_files.ts";
import type { Wanted } from "../http/listener.ts";
import { checkBroker } from "./check_broker.ts";
import { defineCommand } from "./command.ts";

/** The result of one check. */
interface Finding {
  readonly name: string;
  readonly text: string;
  /** 0, or the exit code that `ranger serve` would have. */
  readonly exitCode: number;
  /** Whether it serves, but not as configured. */
  readonly warns?: boolean;
}

const { exitCode: WRONG } = new ConfigurationError();
const { exitCode: UNAVAILABLE } = new UnavailableError();

/** `ranger check` */
export const check = defineCommand({
  name: "check",
  summary: "Shows the settings in force with their sources, and tries keys, broker and ports",
  description: "Takes the same flags, environment and file as serve, changes nothing, and exits\n" +
    `with 0 if serve would run, ${WRONG} if a setting is wrong, ${UNAVAILABLE} if the broker or a\n` +
    "port is unavailable. Secrets are hidden.",
  usage: "ranger check [FLAGS]",
  example: "ranger check --config /etc/ranger/ranger.toml",
  settings: true,
  async run({ loadSettings }) {
    const { settings, entries, file, renamed } = await loadSettings({ requireKey: false });
    console.log(`configuration file: ${file ?? "none"}\n`);
    console.log(table(entries));
    if (renamed.length > 0) console.log();
    for (const { from, to, source } of renamed) {
      console.log(`note   ${source}: ${from} is the old name of ${to}`);
    }
    const findings = [
      ...await tryKeys(settings.auth),
      ...await Promise.all(settings.amqp.urls.map((url) => tryBroker(settings.amqp, url))),
      tryListen("server", settings.server),
      tryListen("management", settings.management),
      tryOpenFiles(settings.limits),
    ];
    console.log();
    for (const { name, text, exitCode, warns } of findings) {
      console.log(`${exitCode !== 0 ? "FAILS" : warns ? "WARNS" : "ok   "}  ${name}: ${text}`);
    }
    const codes = findings.map(({ exitCode }) => exitCode);
    const outcome = codes.includes(WRONG) ? WRONG : Math.max(...codes);
    console.log(
      outcome === 0
        ? "\nRanger would run with these settings."
        : outcome === WRONG
        ? "\nRanger would not start with these settings."
        : "\nRanger would start, but not work: see what FAILS above.",
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

async function tryKeys(auth: Settings["auth"]): Promise<Finding[]> {
  if (!auth.enabled) {
    return [{ name: "key", text: "not needed: public streams only", exitCode: 0 }];
  }
  const findings: Finding[] = [];
  if (auth.publicKey !== "" || auth.jwksUrl === "") findings.push(...await tryPublicKey(auth));
  if (auth.revoked !== "") findings.push(await tryRevoked(auth.revoked));
  if (auth.jwksUrl !== "") findings.push(await tryJwks(auth));
  return findings;
}

async function tryPublicKey({ publicKey, algorithm }: Settings["auth"]): Promise<Finding[]> {
  const name = "key";
  try {
    const keys = await loadVerificationKeys(publicKey, { algorithm });
    return keys.map((key) => ({
      name,
      text: `${described(key)}, ${key.fingerprint}`,
      exitCode: 0,
    }));
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    const hint = publicKey === "" ? "; --no-auth runs public streams only" : "";
    return [{ name, text: error.message + hint, exitCode: error.exitCode }];
  }
}

async function tryRevoked(path: string): Promise<Finding> {
  const name = "revoked";
  try {
    const { size } = await Revocations.read(path);
    return { name, text: `${size} ${size === 1 ? "entry" : "entries"} in ${path}`, exitCode: 0 };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return { name, text: error.message, exitCode: error.exitCode };
  }
}

async function tryJwks(auth: Settings["auth"]): Promise<Finding> {
  const remote = new RemoteKeys(auth, () => {});
  await remote.refresh();
  const { url, failure } = remote.state;
  const keys = remote.keys.map((key) => `${key.kid ?? "without kid"} (${described(key)})`);
  return failure === undefined
    ? { name: "jwks", text: `${url}: ${keys.join("; ")}`, exitCode: 0 }
    : { name: "jwks", text: `${url}: ${failure}`, exitCode: UNAVAILABLE };
}

function described({ kind, algorithm }: VerificationKey): string {
  return `${kind}, verifies ${algorithm}`;
}

async function tryBroker({ urls, exchange }: Settings["amqp"], url: string): Promise<Finding> {
  const { ok, text } = await checkBroker(url, exchange);
  const name = urls.length === 1 ? "broker" : `broker ${brokerName(url)}`;
  return { name, text, exitCode: ok ? 0 : UNAVAILABLE };
}

/** Whether there may be as many sockets as clients: a server with fewer would refuse them early. */
function tryOpenFiles({ connections }: Settings["limits"]): Finding {
  const needed = openFilesFor(connections);
  const limit = openFilesLimit() ?? probeOpenFiles(needed);
  const problem = openFilesProblem(limit, connections);
  return problem === undefined
    ? { name: "open files", text: `enough for ${connections} clients`, exitCode: 0 }
    : { name: "open files", text: problem, exitCode: 0, warns: true };
}

/** Listens for a moment, to find out whether the address is free. */
function tryListen(name: "server" | "management", at: Wanted): Finding {
  const address = `${at.host}:${at.port}`;
  try {
    Deno.listen({ hostname: at.host, port: at.port, reusePort: at.reusePort ?? false }).close();
    return { name, text: `${address} is free`, exitCode: 0 };
  } catch (error) {
    const flag = name === "server" ? "--port" : "--management-port";
    const [reason, exitCode] = error instanceof Deno.errors.AddrInUse
      ? [`is in use; is Ranger already running? ${flag} sets another port`, UNAVAILABLE]
      : error instanceof Deno.errors.PermissionDenied
      ? ["needs a privilege; ports from 1024 on do not", UNAVAILABLE]
      : error instanceof Deno.errors.AddrNotAvailable
      ? ["is not an address of this machine", WRONG]
      : [`cannot be listened on: ${error instanceof Error ? error.message : error}`, UNAVAILABLE];
    return { name, text: `${address} ${reason}`, exitCode };
  }
}
