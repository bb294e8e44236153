import { generateKeyPair } from "../../auth/key_pair.ts";
import { loadSigningKey, signToken } from "../../auth/signing.ts";
import { DEMO_UID, MARKETS, Simulator } from "../../source/simulator/simulator.ts";
import type { Loaded } from "../../config/loaded.ts";
import type { Settings } from "../../config/shape.ts";
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
/** Seconds: the demo's token is for a day of trying things out. */
const TOKEN_LIFE = 24 * 60 * 60;

/** `ranger demo` */
export const demo: Command = defineCommand({
  name: "demo",
  summary: "Plays an exchange and serves it, without a broker and without a key",
  description: "Serves simulated markets through the same server that `ranger serve` is: order\n" +
    "books, trades, candles, tickers, and the orders and trades of one user. Prints what to\n" +
    "paste to watch them, and a live line of one market. The key that the user's token is\n" +
    "signed with is made at the start and gone at the end. Listens on 127.0.0.1 unless told\n" +
    "otherwise, and reads a configuration file only where --config or RANGER_CONFIG names one.\n" +
    "Pages of this machine may connect from any port (http://localhost:5173), unless --origins\n" +
    "says which; `ranger serve` takes its own host's only.",
  usage: "ranger demo [--port PORT] [--seed NUMBER] [--rate NUMBER] [--quiet] [settings…]",
  example: "ranger demo --port 9090",
  options: {
    seed: {
      type: "string",
      value: "NUMBER",
      help: "The same number gives the same markets",
      default: "1",
    },
    rate: {
      type: "string",
      value: "NUMBER",
      help: "What happens in each market a second",
      default: "15",
    },
    quiet: { type: "boolean", help: "Shows no live line" },
  },
  settings: true,
  async run({ values, loadSettings }) {
    const seed = wholeNumber(values.seed, "--seed", 0, Number.MAX_SAFE_INTEGER);
    const rate = wholeNumber(values.rate, "--rate", 1, 10_000);
    // A machine's own configuration is about its real server, and may be for its user only.
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
      // An app in development has a server of its own; what it could get here is made up.
      loopbackOrigins: !isChosen(loaded, "server.origins"),
    });
    const token = await sign?.(TOKEN_LIFE);
    const server = `${urlHost(settings.server.host)}:${daemon.public.port}`;
    console.log(whatToPaste(server, token));
    const stopWatching = values.quiet ? undefined : watch(server, daemon);
    await ended;
    await stopWatching?.();
    await daemon.stop();
    return 0;
  },
});

/**
 * The settings as loaded, with the demo's own defaults where nobody chose otherwise, and with
 * the demo's own key.
 *
 * @param publicKey PEM text
 */
export function demoSettings(loaded: Loaded, publicKey: string): Settings {
  const chosen = (key: string) => isChosen(loaded, key);
  const { settings } = loaded;
  const { server, auth, log } = settings;
  return {
    ...settings,
    server: {
      ...server,
      host: chosen("server.host") ? server.host : "127.0.0.1",
      page: chosen("server.page") ? server.page : true,
      // Who presses Ctrl-C wants the end of it.
      drainSeconds: chosen("server.drain_seconds") ? server.drainSeconds : 0,
    },
    // What the environment says of keys and claims is about another key and other tokens.
    auth: {
      ...auth,
      publicKey: auth.enabled ? publicKey : "",
      jwksUrl: "",
      algorithm: "",
      issuer: "",
      audience: [],
      subject: "session",
      requireJti: true,
    },
    log: {
      level: chosen("log.level") ? log.level : "warning",
      format: chosen("log.format") ? log.format : "text",
    },
  };
}

function isChosen({ entries }: Loaded, key: string): boolean {
  return entries.some((entry) => entry.key === key && entry.source !== "default");
}

/** Signs tokens for the demo's user, good for so many seconds. */
async function demoTokens(privateKey: string): Promise<(ttl: number) => Promise<string>> {
  const key = await loadSigningKey(privateKey, "the demo's key");
  return (ttl) => signToken(key, { uid: DEMO_UID, role: ROLE, ttl });
}

function whatToPaste(server: string, token: string | undefined): string {
  const publicUrl = `ws://${server}/public/?stream=${PUBLIC_STREAMS}`;
  const privateUrl = `ws://${server}/private/?stream=${PRIVATE_STREAMS}`;
  const lines = [
    `Ranger plays an exchange: ${MARKETS.map((market) => market.id).join(", ")}.`,
    "",
    `  Page    http://${server}/`,
    `  Stream  ${publicUrl}`,
  ];
  if (token !== undefined) lines.push(`  Token   ${token}`);
  lines.push("", "Watch a market:", "", `  npx wscat -c "${publicUrl}"`);
  if (token !== undefined) {
    lines.push(
      "",
      `Watch the orders and trades of one user, ${DEMO_UID} (the token is good for 24 hours):`,
      "",
      `  npx wscat -c "${privateUrl}" -H "Authorization: Bearer ${token}"`,
    );
  }
  lines.push("", "Ctrl-C ends it.", "");
  return lines.join("\n");
}

/** Shows the live line; returns how to end it. */
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

/** What a client on this machine puts into a URL for a listener's address. */
function urlHost(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  if (host === "::") return "[::1]";
  return host.includes(":") ? `[${host}]` : host;
}
