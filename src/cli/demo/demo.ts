import { generateKeyPair } from "../../auth/key_pair.ts";
import { loadSigningKey, signToken } from "../../auth/signing.ts";
import { DEMO_UID, MARKETS, Simulator } from "../../source/simulator/simulator.ts";
import type { Loaded } from "../../config/loaded.ts";
import type { Settings } from "../../config/shape.ts";
import { openFilesLimit } from "../../daemon/open_files.ts";
import { surviveFaults } from "../../daemon/faults.ts";
import { configureLog } from "../../telemetry/log.ts";
import { untilSignal } from "../../daemon/signals.ts";
import { ClientCount } from "./clients.ts";
import { LiveLine } from "./line.ts";
import { MarketView } from "./view.ts";
import { type Command, defineCommand } from "../command.ts";
import { type Daemon, startDaemon } from "../../daemon/daemon.ts";
import { wholeNumber } from "../flag_values.ts";
import { warnOfSettings } from "../loading_notes.ts";

const MARKET = "btcusd";
const PUBLIC_STREAMS = `${MARKET}.trades,${MARKET}.ob-inc`;
const PRIVATE_STREAMS = "order,trade";
const ROLE = "member";
/** Lifetime of the demo's token in seconds: a day. */
const TOKEN_TTL = 24 * 60 * 60;

/** `ranger demo` */
export const demo: Command = defineCommand({
  name: "demo",
  summary: "Simulates an exchange and serves it, without a broker and without a key",
  description:
    "Serves simulated markets through the server that `ranger serve` runs: order books,\n" +
    "trades, candles, tickers, and the orders and trades of one user. Prints commands to watch\n" +
    "them, and a live line of one market. The key that signs the user's token is made at the\n" +
    "start and is not stored. Listens on 127.0.0.1 unless --host is given, and reads a\n" +
    "configuration file only if --config or RANGER_CONFIG names one. Pages of this machine may\n" +
    "connect from any port (http://localhost:5173) unless --origins is given; `ranger serve`\n" +
    "accepts only pages of the same host.",
  usage: "ranger demo [--port PORT] [--seed NUMBER] [--rate NUMBER] [--quiet] [settings…]",
  example: "ranger demo --port 9090",
  options: {
    seed: {
      type: "string",
      value: "NUMBER",
      help: "Seed of the simulation; the same seed gives the same markets",
      default: "1",
    },
    rate: {
      type: "string",
      value: "NUMBER",
      help: "Actions per second in each market",
      default: "15",
    },
    quiet: { type: "boolean", help: "Turns the live line off" },
  },
  settings: true,
  async run({ values, loadSettings }) {
    const seed = wholeNumber(values.seed, "--seed", 0, Number.MAX_SAFE_INTEGER);
    const rate = wholeNumber(values.rate, "--rate", 1, 10_000);
    // The machine's configuration file is for its real server, and may not be readable.
    const loaded = await loadSettings({ requireKey: false, defaultFile: "" });
    const { publicKey, privateKey } = await generateKeyPair("ed25519");
    const settings = demoSettings(loaded, publicKey);
    await configureLog(settings.log);
    warnOfSettings(loaded);

    const ended = untilSignal();
    const sign = settings.auth.enabled ? await demoTokens(privateKey) : undefined;
    surviveFaults();
    const daemon = await startDaemon(settings, new Simulator({ seed, rate }), {
      demoToken: sign,
      openFiles: openFilesLimit(),
      // An app in development runs on another port; all data here is simulated.
      loopbackOrigins: !isGiven(loaded, "server.origins"),
    });
    const token = await sign?.(TOKEN_TTL);
    const server = `${urlHost(settings.server.host)}:${daemon.public.port}`;
    console.log(instructions(server, token));
    const stopWatching = values.quiet ? undefined : watch(server, daemon);
    await ended;
    await stopWatching?.();
    await daemon.stop();
    return 0;
  },
});

/**
 * The settings as loaded, with the demo's defaults for those that are not given, and with the demo's
 * key.
 *
 * @param publicKey PEM text
 */
function demoSettings(loaded: Loaded, publicKey: string): Settings {
  const given = (key: string) => isGiven(loaded, key);
  const { settings } = loaded;
  const { server, auth, log } = settings;
  return {
    ...settings,
    server: {
      ...server,
      host: given("server.host") ? server.host : "127.0.0.1",
      page: given("server.page") ? server.page : true,
      // Ctrl-C should end the demo at once.
      drainSeconds: given("server.drain_seconds") ? server.drainSeconds : 0,
    },
    // Keys and claims in the environment are for other tokens than the demo's.
    auth: {
      ...auth,
      publicKey: auth.enabled ? publicKey : "",
      jwksUrl: "",
      algorithm: "",
      issuer: "",
      audience: [],
      subject: "session",
      requireJti: true,
      requireExp: false,
      revoked: "",
      maxTtl: 0,
    },
    log: {
      level: given("log.level") ? log.level : "warning",
      format: given("log.format") ? log.format : "text",
    },
  };
}

function isGiven({ entries }: Loaded, key: string): boolean {
  return entries.some((entry) => entry.key === key && entry.source !== "default");
}

/** Makes the function that signs tokens for the demo's user, valid for the given seconds. */
async function demoTokens(privateKey: string): Promise<(ttl: number) => Promise<string>> {
  const key = await loadSigningKey(privateKey, "the demo's key");
  return (ttl) => signToken(key, { uid: DEMO_UID, role: ROLE, ttl });
}

function instructions(server: string, token: string | undefined): string {
  const publicUrl = `ws://${server}/public/?stream=${PUBLIC_STREAMS}`;
  const privateUrl = `ws://${server}/private/?stream=${PRIVATE_STREAMS}`;
  const lines = [
    `Ranger simulates an exchange: ${MARKETS.map((market) => market.id).join(", ")}.`,
    "",
    `  Page    http://${server}/`,
    `  Stream  ${publicUrl}`,
  ];
  if (token !== undefined) lines.push(`  Token   ${token}`);
  lines.push("", "Watch a market:", "", `  npx wscat -c "${publicUrl}"`);
  if (token !== undefined) {
    lines.push(
      "",
      `Watch the orders and trades of one user, ${DEMO_UID} (the token is valid for 24 hours):`,
      "",
      `  npx wscat -c "${privateUrl}" -H "Authorization: Bearer ${token}"`,
    );
  }
  lines.push("", "Ctrl-C ends it.", "");
  return lines.join("\n");
}

/** Shows the live line; the returned function ends it. */
function watch(server: string, { management }: Daemon): () => Promise<void> {
  const view = new MarketView(`ws://${server}`, MARKET);
  const clients = new ClientCount(`http://${urlHost(management.host)}:${management.port}`);
  const line = new LiveLine({
    market: () => view.state,
    clients: () => clients.others,
    terminal: Deno.stdout.isTerminal(),
  });
  return async () => {
    line.stop();
    await Promise.all([clients.stop(), view.close()]);
  };
}

/** The host in URLs for clients on this machine. */
function urlHost(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  if (host === "::") return "[::1]";
  return host.includes(":") ? `[${host}]` : host;
}
