import { getLogger } from "@logtape/logtape";
import { setTimeout as delay } from "node:timers/promises";
import { AmqpSource } from "../source/amqp/amqp_source.ts";
import { readTls } from "../source/amqp/tls.ts";
import { surviveFaults } from "../daemon/faults.ts";
import { configureLog } from "../telemetry/log.ts";
import { warnOfIgnored, warnOfSettings } from "./loading_notes.ts";
import { openNotifySocket } from "../daemon/notify_socket.ts";
import { Hangups, untilSignal } from "../daemon/signals.ts";
import { SystemdNotifier } from "../daemon/systemd_notifier.ts";
import { forgoWriting } from "../daemon/write_permission.ts";
import { VERSION } from "../version.ts";
import { type Command, defineCommand } from "./command.ts";
import { startDaemon } from "../daemon/daemon.ts";
import { Reloader } from "../daemon/reload.ts";

const log = getLogger(["ranger", "server"]);

/** Milliseconds from the last client's close frame to the end of the process at most. */
const LAST_WORDS = 4_500;
/** Milliseconds that the service manager waits for longer than that, before it kills. */
const MARGIN = 5_000;

/** `ranger serve`, which is also what `ranger` alone does. */
export const serve: Command = defineCommand({
  name: "serve",
  summary: "Serves clients with what the exchange publishes to RabbitMQ (the default command)",
  usage: "ranger [serve] [FLAGS]",
  example: "ranger --amqp-url amqp://ranger:secret@mq.example.com:5672 " +
    "--jwt-public-key /etc/ranger/jwt.pub",
  description: "Consumes the exchange's events and delivers them over WebSocket: public streams\n" +
    "to anyone, private ones to the user whom a JWT proves. Runs until SIGTERM or SIGINT;\n" +
    "SIGHUP makes it read keys, limits, origins, roles and log level again, without dropping\n" +
    "a connection.",
  settings: true,
  async run({ loadSettings }) {
    const hangups = new Hangups();
    const loaded = await loadSettings();
    const { settings } = loaded;
    await configureLog(settings.log);
    const notifySocket = Deno.env.get("NOTIFY_SOCKET");
    using supervision = new SystemdNotifier(openNotifySocket(notifySocket), Deno.env.toObject());
    // Keys are files of other commands; the server itself writes none.
    await forgoWriting(notifySocket);
    log.info("ranger {version} starts", { version: VERSION });
    warnOfSettings(loaded);
    surviveFaults();
    // Listened for from before the start: whoever reads that it listens may stop it at once.
    const signalled = untilSignal();
    // A file that cannot be used ends the start; later it is reported until it can be.
    await readTls(settings.amqp);
    const daemon = await startDaemon(settings, new AmqpSource(settings.amqp));
    supervision.watch(daemon);
    const reload = async () => {
      const next = await loadSettings();
      warnOfIgnored(next);
      return next;
    };
    const reloader = new Reloader(loaded, reload, daemon);
    hangups.handle(() =>
      void supervision.reloading(async () => {
        await reloader.reload();
      })
    );
    const signal = await signalled;
    const { drainSeconds } = settings.server;
    log.info("{signal}: closing clients over {drainSeconds} s", { signal, drainSeconds });
    const patience = drainSeconds * 1000 + LAST_WORDS;
    const stopped = daemon.stop();
    supervision.stopping(patience + MARGIN);
    if (await Promise.race([stopped, delay(patience, "late")]) === "late") {
      log.warn("Something does not end; the server ends without it");
    }
    log.info("stopped");
    return 0;
  },
});
