import type { AMQPClient } from "@cloudamqp/amqp-client";

/** A heartbeat frame: type 8, channel 0, no payload, frame end (AMQP 0-9-1 §4.2.7). */
const HEARTBEAT = new Uint8Array([8, 0, 0, 0, 0, 0, 0, 0xce]);

/** Half intervals of silence after which the broker is given up: two intervals, and some grace. */
const SILENT_TICKS = 4;

/**
 * Both halves of AMQP's heartbeat (AMQP 0-9-1 §4.2.7), for as long as the connection lasts:
 *
 * - the client library only answers the broker's heartbeats, but a broker that is busy delivering
 *   sends none, hears nothing from a consumer that never acknowledges, and closes the connection;
 *   so heartbeats are sent on a timer of our own;
 * - those sends would keep the library's inactivity timer from ever firing, and when this process
 *   was held up it would blame the broker; so that timer is off, and the broker is given up when
 *   nothing was *received* for two intervals.
 *
 * @param client connected; does nothing where no heartbeat was agreed on
 *
 * @example
 * ```ts
 * await client.connect();
 * keepAlive(client);
 * ```
 */
export function sendHeartbeats(client: AMQPClient): void {
  // Seconds; 0 where either side turned it off, and then the broker's silence means nothing.
  const { socket, heartbeat } = client;
  if (heartbeat === 0 || socket === undefined) return;
  let silentTicks = 0;
  socket.setTimeout(0);
  socket.on("data", () => {
    silentTicks = 0;
  });
  // Two ticks an interval, so that one heartbeat may be lost.
  const timer = setInterval(() => {
    silentTicks++;
    if (silentTicks > SILENT_TICKS) {
      socket.destroy(new Error(`no sign of life from the broker for ${heartbeat * 2} seconds`));
    } else {
      client.send(HEARTBEAT).catch(() => {});
    }
  }, heartbeat * 500);
  socket.once("close", () => clearInterval(timer));
}
