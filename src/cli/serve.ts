import { getLogger } from "@logtape/logtape";
import { setTimeout as delay } from "node:timers/promises";
import { AmqpSource } from "../source/amqp/amqp_source.ts";
import { readTls } from "../source/amqp/tls.ts";
import { surviveFaults } from "../daemon/faults.ts";
import type { Loaded } from "../config/loaded.ts";
import { configureLog } from "../telemetry/log.ts";
import { warnOfIgnored, warnOfSettings } from "./loading_notes.ts";
import { clientsWithin, openFilesLimit, openFilesProblem } from "../daemon/open_files.ts";
import { openNotifySocket } from "../daemon/notify_socket.ts";
import { Hangups, untilSignal } from "../daemon/signals.ts";
import { SystemdNotifier } from "../daemon/systemd_notifier.ts";
import { revokeWriting } from "../daemon/write_permission.ts";
import { VERSION } from "../version.ts";
import { type Command, defineCommand } from "./command.ts";
import { startDaemon } from "../daemon/daemon.ts";
import { Reloader } from "../daemon/reload.ts";

const log = getLogger(["ranger", "server"]);

/** Maximum time in milliseconds from the last client's close frame to the end of the process. */
const SHUTDOWN_TIMEOUT = 4_500;
/** Milliseconds by which the service manager waits longer before it kills the process. */
const KILL_MARGIN = 5_000;

/**
 * Clients that are enough where `limits.connections` is not set: its default is more than most
 * servers ever have, so that a limit on open files somewhat below it is not a fault.
 */
const ENOUGH_CLIENTS = 10_000;

function sayWhatFilesAllow(openFiles: number | undefined, { settings, entries }: Loaded): void {
  if (openFiles === undefined) return;
  const problem = openFilesProblem(openFiles, settings.limits.connections);
  if (problem === undefined) return;
  const entry = entries.find(({ key }) => key === "limits.connections");
  const isFault = entry?.source !== "default" || clientsWithin(openFiles) < ENOUGH_CLIENTS;
  log[isFault ? "warn" : "info"]("{problem}", { problem });
}

/** `ranger serve`, which `ranger` without a command runs as well. */
export const serve: Command = defineCommand({
  name: "serve",
  summary: "Delivers the events of the exchange to WebSocket clients (the default command)",
  usage: "ranger [serve] [FLAGS]",
  example: "ranger --amqp-url amqp://ranger:secret@mq.example.com:5672 " +
    "--jwt-public-key /etc/ranger/jwt.pub",
  description:
    "Consumes events from RabbitMQ and delivers them over WebSocket: public streams to\n" +
    "all clients, private streams to the user that a JWT names. Runs until SIGTERM or SIGINT;\n" +
    "SIGHUP makes it read keys, limits, origins, roles and log level again, without dropping a\n" +
    "connection.",
  settings: true,
  async run({ loadSettings }) {
    const hangups = new Hangups();
    const loaded = await loadSettings();
    const { settings } = loaded;
    await configureLog(settings.log);
    const notifySocket = Deno.env.get("NOTIFY_SOCKET");
    using notifier = new SystemdNotifier(openNotifySocket(notifySocket), Deno.env.toObject());
    // Only before the permission to write is given up: /proc is for programs that may do everything.
    const openFiles = openFilesLimit();
    // Only other commands write files.
    await revokeWriting(notifySocket);
    log.info("ranger {version} starts", { version: VERSION });
    warnOfSettings(loaded);
    sayWhatFilesAllow(openFiles, loaded);
    surviveFaults();
    // Installed before the start, so that a signal right after "listening" is handled.
    const signalled = untilSignal();
    // A file that cannot be used ends the start; later it is reported until it can be.
    const start = async () => {
      await readTls(settings.amqp);
      const source = new AmqpSource(settings.amqp, loaded.entries);
      return await startDaemon(settings, source, { openFiles });
    };
    const daemon = await start();
    notifier.watch(daemon);
    const reload = async () => {
      const next = await loadSettings();
      warnOfIgnored(next);
      return next;
    };
    const reloader = new Reloader(loaded, reload, daemon);
    hangups.handle(() =>
      void notifier.reloading(async () => {
        await reloader.reload();
      })
    );
    const signal = await signalled;
    const { drainSeconds } = settings.server;
    log.info("{signal}: closing clients over {drainSeconds} s", { signal, drainSeconds });
    const timeout = drainSeconds * 1000 + SHUTDOWN_TIMEOUT;
    const stopped = daemon.stop();
    notifier.stopping(timeout + KILL_MARGIN);
    if (await Promise.race([stopped, delay(timeout, "late")]) === "late") {
      log.warn("shutdown timed out; exiting");
    }
    log.info("stopped");
    return 0;
  },
});
