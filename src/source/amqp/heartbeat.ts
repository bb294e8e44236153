import type { AMQPClient } from "@cloudamqp/amqp-client";

/** A heartbeat frame: type 8, channel 0, no payload, frame end (AMQP 0-9-1 §4.2.7). */
const HEARTBEAT = new Uint8Array([8, 0, 0, 0, 0, 0, 0, 0xce]);

/** Half intervals without a byte from the broker after which the connection is given up. */
const MAX_SILENT_TICKS = 4;

/**
 * Both halves of AMQP's heartbeat (AMQP 0-9-1 §4.2.7), for as long as the connection lasts:
 *
 * - The client library only answers the broker's heartbeats. A broker that is busy delivering sends
 *   none, hears nothing from a consumer that never acknowledges, and closes the connection; so
 *   heartbeats are sent on a timer.
 * - Those heartbeats would keep the library's inactivity timer from ever firing, so that timer is
 *   off. The connection is given up when nothing was received for two intervals; since the timer
 *   fires twice an interval, this is noticed after 2 to 2.5 intervals.
 *
 * @param client connected; does nothing where no heartbeat was agreed on
 * @param silent called before the connection is given up, with the least number of milliseconds in
 *   which nothing was received
 *
 * @example
 * ```ts
 * import { type AMQPClient } from "@cloudamqp/amqp-client";
 * declare const client: AMQPClient;
 * await client.connect();
 * sendHeartbeats(client, (milliseconds) => console.warn(`silent for ${milliseconds} ms`));
 * ```
 */
export function sendHeartbeats(client: AMQPClient, silent: (milliseconds: number) => void): void {
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
    if (silentTicks > MAX_SILENT_TICKS) {
      silent(MAX_SILENT_TICKS * heartbeat * 500);
      socket.destroy(new Error(`no heartbeat from the broker for ${heartbeat * 2} seconds`));
    } else {
      client.send(HEARTBEAT).catch(() => {});
    }
  }, heartbeat * 500);
  socket.once("close", () => clearInterval(timer));
}
