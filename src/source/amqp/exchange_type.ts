import type { AMQPClient } from "@cloudamqp/amqp-client";
import { ACCESS_REFUSED, PRECONDITION_FAILED, replyCode } from "./reply_code.ts";

/** RabbitMQ's message about the first property in which a declaration differs from the exchange. */
const DIFFERS = /inequivalent arg '(\w+)' for exchange .*: received '.*' but current is '([^']*)'/;

/** The client's names of the properties, by RabbitMQ's. */
const FLAGS = { durable: "durable", auto_delete: "autoDelete", internal: "internal" } as const;

/** The type for which `#` is not a wildcard. Types of plugins are taken to deliver. */
export const UNFIT = "direct";

/** One declaration for each property that may differ, and one that succeeds. */
const MAX_TRIES = 5;

/**
 * Finds the type of an existing exchange. AMQP has no query for it, so the exchange is declared, and
 * the type is read from the broker's refusal.
 *
 * Each refusal is an error in the broker's log. The next declaration uses the properties that were
 * found, so nothing is refused while they do not change.
 *
 * @example
 * ```ts
 * import { type AMQPClient } from "@cloudamqp/amqp-client";
 * declare const client: AMQPClient;
 * const type = new ExchangeType("peatio.events.ranger");
 * await type.find(client); // "topic"
 * ```
 */
export class ExchangeType {
  readonly #name: string;
  #type = "topic";
  readonly #flags = { durable: false, autoDelete: false, internal: false };
  #silent = true;

  constructor(name: string) {
    this.#name = name;
  }

  /** Whether it can be checked again without an error in the broker's log. */
  get silent(): boolean {
    return this.#silent;
  }

  /**
   * @param client connected
   * @returns `topic`, `direct`, …; undefined where the user may not declare
   * @throws the AMQP client's error when the connection is lost
   */
  async find(client: AMQPClient): Promise<string | undefined> {
    this.#silent = false;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const channel = await client.channel();
      try {
        await channel.exchangeDeclare(this.#name, this.#type, this.#flags);
        await channel.close();
        this.#silent = true;
        break;
      } catch (error) {
        const code = replyCode(error);
        if (code === ACCESS_REFUSED) return undefined;
        if (code !== PRECONDITION_FAILED) throw error;
        const [, what = "", current = ""] = DIFFERS.exec(String(error)) ?? [];
        // Not declared as such: if it has just been deleted, that would create it.
        if (what === "type" && current === UNFIT) return current;
        if (what === "type") this.#type = current;
        else if (what in FLAGS) this.#flags[FLAGS[what as keyof typeof FLAGS]] = current === "true";
        // The broker compares the type first: where only arguments differ, the type is right.
        else break;
      }
    }
    return this.#type;
  }
}
