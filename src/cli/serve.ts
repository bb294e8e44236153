import { getLogger } from "@logtape/logtape";
import { AmqpSource } from "../broker/amqp.ts";
import { surviveFaults } from "../ops/faults.ts";
import { configureLog } from "../ops/log.ts";
import { untilSignal } from "../ops/signals.ts";
import { VERSION } from "../version.ts";
import { type Command, defineCommand } from "./command.ts";
import { startDaemon } from "./daemon.ts";

const log = getLogger(["ranger", "server"]);

/** `ranger serve`, which is also what `ranger` alone does. */
export const serve: Command = defineCommand({
  name: "serve",
  summary: "Serves clients with what the exchange publishes to RabbitMQ (the default command)",
  usage: "ranger [serve] [FLAGS]",
  example: "ranger --amqp-url amqp://ranger:secret@mq.example.com:5672 " +
    "--jwt-public-key /etc/ranger/jwt.pub",
  description: "Consumes the exchange's events and delivers them over WebSocket: public streams\n" +
    "to anyone, private ones to the user whom a JWT proves. Runs until SIGTERM or SIGINT.",
  settings: true,
  async run({ loadSettings }) {
    const { settings } = await loadSettings();
    // Keys are files of other commands; the server itself writes none.
    await Deno.permissions.revoke({ name: "write" });
    await configureLog(settings.log);
    log.info("ranger {version} starts", { version: VERSION });
    surviveFaults();
    // Listened for from before the start: whoever reads that it listens may stop it at once.
    const signalled = untilSignal();
    const daemon = await startDaemon(settings, new AmqpSource(settings.amqp));
    const signal = await signalled;
    log.info("{signal}: closing", { signal });
    await daemon.stop();
    log.info("stopped");
    return 0;
  },
});
