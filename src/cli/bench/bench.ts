import { cpuUsage } from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { ConfigurationError, UnavailableError } from "../../errors.ts";
import { untilSignal } from "../../daemon/signals.ts";
import { type Figures, progressLine, summary } from "./figures.ts";
import { Load } from "./load.ts";
import { defineCommand } from "../command.ts";
import { parseDuration } from "../flag_values.ts";
import { wholeNumber } from "../flag_values.ts";

/** One process of JavaScript cannot read more; the native generator finds a server's limit. */
const MAX_CONNECTIONS = 10_000;
const MAX_STREAMS = 256;
const MAX_SECONDS = 600;
/** Milliseconds for all connections to open. */
const CONNECT_TIMEOUT = 30_000;
/** Files that a process has open besides its connections, at most. */
const OTHER_FILES = 64;
/** Milliseconds between lines of progress, which replace each other on a terminal. */
const TERMINAL_INTERVAL = 1_000;
const LINE_INTERVAL = 5_000;

/** `ranger bench` */
export const bench = defineCommand({
  name: "bench",
  summary: "Puts a light load on a server, to size a machine",
  description:
    "Connects, subscribes each connection to the streams, and prints at the end how much was\n" +
    "received and how long a ping and its answer took. To find a server's limit, measure from\n" +
    "another machine with the native generator in bench/ of the sources: this one is a process\n" +
    "like the server, and reaches its own limit first.",
  usage: "ranger bench [--url URL] [--connections NUMBER] [--streams NAME,…] [--for TIME] [--json]",
  example: "ranger bench --url ws://localhost:8080/public --connections 500 \\\n" +
    "  --streams btcusd.trades,btcusd.ob-inc --for 30s",
  options: {
    url: {
      type: "string",
      value: "URL",
      help: "The server",
      default: "ws://localhost:8080/public",
    },
    connections: { type: "string", value: "NUMBER", help: "Number of clients", default: "100" },
    streams: {
      type: "string",
      value: "NAME,…",
      help: "Streams of each client",
      default: "global.tickers",
    },
    for: {
      type: "string",
      value: "TIME",
      help: "Duration of the measurement: 10s, 5m",
      default: "10s",
    },
    json: { type: "boolean", help: "The summary as JSON" },
  },
  settings: false,
  async run({ values }) {
    const connections = wholeNumber(values.connections, "--connections", 1, MAX_CONNECTIONS);
    const seconds = parseDuration(values.for, "--for");
    if (seconds > MAX_SECONDS) {
      throw new ConfigurationError(`--for is ${values.for}; expected 10m at most`);
    }
    const streams = streamsOf(values.streams);
    const url = addressOf(values.url, streams);
    refuseTooManyFiles(connections);

    const signalled = untilSignal();
    const load = new Load(url, connections);
    const report = progress(load);
    try {
      await Promise.race([load.connected, signalled, delay(CONNECT_TIMEOUT)]);
      if (load.opened === 0) throw unavailable(url, load);
      const begun = begin(load);
      await Promise.race([delay(seconds * 1000), signalled, load.gone]);
      const figures = { ...begun(), url: shown(url), streams, wanted: connections };
      report.stop();
      console.log(values.json ? JSON.stringify(figures) : summary(figures));
      return 0;
    } finally {
      report.stop();
      await load.close();
    }
  },
});

/** Begins a measurement; the returned function ends it. */
function begin(load: Load): () => Omit<Figures, "url" | "streams" | "wanted"> {
  const at = performance.now();
  const cpu = cpuUsage();
  const { frames, bytes } = load;
  return () => {
    const seconds = (performance.now() - at) / 1000;
    const { user, system } = cpuUsage(cpu);
    return {
      seconds,
      frames: load.frames - frames,
      bytes: load.bytes - bytes,
      trips: load.tripsSince(at),
      opened: load.opened,
      lost: load.lost,
      errors: load.errors,
      refusals: Object.fromEntries(load.refusals),
      core: (user + system) / 1e6 / seconds,
    };
  };
}

function progress(load: Load): { stop(): void } {
  const terminal = Deno.stderr.isTerminal();
  const encoder = new TextEncoder();
  let frames = 0;
  let at = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    const line = progressLine(load, (load.frames - frames) * 1000 / (now - at));
    frames = load.frames;
    at = now;
    if (terminal) Deno.stderr.writeSync(encoder.encode(`\r\x1b[2K${line}`));
    else console.error(line);
  }, terminal ? TERMINAL_INTERVAL : LINE_INTERVAL);
  let stopped = false;
  return {
    stop() {
      clearInterval(timer);
      if (terminal && !stopped) Deno.stderr.writeSync(encoder.encode("\r\x1b[2K"));
      stopped = true;
    },
  };
}

function streamsOf(text: string): string[] {
  const streams = [...new Set(text.split(",").map((name) => name.trim()))];
  const valid = streams.every((name) => /^[^\s,]{1,100}$/.test(name));
  if (valid && streams.length <= MAX_STREAMS) return streams;
  throw new ConfigurationError(
    `--streams is not a list of 1 to ${MAX_STREAMS} streams; expected names such as ` +
      "btcusd.trades,btcusd.ob-inc",
  );
}

function addressOf(text: string, streams: readonly string[]): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^wss?:$/.test(url.protocol) || url.hash !== "") {
    throw new ConfigurationError(
      "--url is not the URL of a WebSocket server; expected ws://localhost:8080/public",
    );
  }
  url.searchParams.set("stream", streams.join(","));
  url.searchParams.set("envelope", "object");
  return url;
}

function shown({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`;
}

/**
 * Each connection is an open file. Reading the limit needs a permission that nothing else here needs,
 * so this opens as many files as are needed.
 */
function refuseTooManyFiles(connections: number): void {
  const files: Deno.FsFile[] = [];
  const wanted = connections + OTHER_FILES;
  try {
    while (files.length < wanted) files.push(Deno.openSync(Deno.execPath()));
  } catch {
    throw new ConfigurationError(
      `--connections is ${connections}, and this process may open only about ${files.length} more ` +
        `files, one per connection; expected fewer, or \`ulimit -n ${wanted * 2}\` in this shell ` +
        "first (LimitNOFILE= in a unit). The server needs as many",
    );
  } finally {
    for (const file of files) file.close();
  }
}

function unavailable(url: URL, { refusals }: Load): UnavailableError {
  const [reason = "it does not answer"] = refusals.keys();
  return new UnavailableError(
    `cannot connect to ${shown(url)}: ${reason}; --url sets the address`,
  );
}
