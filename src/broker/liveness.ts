import type { AMQPClient } from "@cloudamqp/amqp-client";

/** A heartbeat frame: type 8, channel 0, no payload, frame end (AMQP 0-9-1 §4.2.7). */
const HEARTBEAT = new Uint8Array([8, 0, 0, 0, 0, 0, 0, 0xce]);

/**
 * Both halves of AMQP's heartbeat (AMQP 0-9-1 §4.2.7), which the client library leaves open:
 *
 * - it answers the broker's heartbeats, but a broker that is busy delivering sends none, hears
 *   nothing from a consumer that never acknowledges, and closes the connection; so heartbeats are
 *   sent on a timer of our own;
 * - those sends would keep the library's inactivity timer from ever firing; so the broker is given
 *   up when nothing was *received* for two intervals.
 */
export class Liveness {
  readonly #client: AMQPClient;
  readonly #timer: ReturnType<typeof setInterval> | undefined;
  readonly #received = (): void => {
    this.#silentTicks = 0;
  };
  #silentTicks = 0;

  /**
   * @param client connected
   * @param heartbeat seconds; 0 turns both halves off
   */
  constructor(client: AMQPClient, heartbeat: number) {
    this.#client = client;
    const agreed = client.heartbeat || heartbeat;
    if (heartbeat === 0) return;
    client.socket?.on("data", this.#received);
    // Two ticks an interval, so that half of one may be lost.
    this.#timer = setInterval(() => this.#tick(agreed), agreed * 500);
  }

  /** Lets go of the timer. */
  stop(): void {
    clearInterval(this.#timer);
    this.#client.socket?.off("data", this.#received);
  }

  #tick(heartbeat: number): void {
    this.#silentTicks++;
    if (this.#silentTicks > 4) {
      const seconds = heartbeat * 2;
      this.#client.socket?.destroy(
        new Error(`no sign of life from the broker for ${seconds} seconds`),
      );
      return;
    }
    this.#client.send(HEARTBEAT).catch(() => {});
  }
}
