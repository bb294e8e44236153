import type { AMQPClient } from "@cloudamqp/amqp-client";
import { ACCESS_REFUSED, PRECONDITION_FAILED, replyCode } from "./reply_code.ts";

/** What RabbitMQ says of the first thing in which a declaration differs from the exchange. */
const DIFFERS = /inequivalent arg '(\w+)' for exchange .*: received '.*' but current is '([^']*)'/;

/** The names that RabbitMQ has for what is said in a declaration, as the client has them. */
const FLAGS = { durable: "durable", auto_delete: "autoDelete", internal: "internal" } as const;

/** The type to which `#` is a routing key like another. What plugins add is believed. */
export const UNFIT = "direct";

/** One declaration for each thing that may differ, and one that succeeds. */
const TRIES = 5;

/**
 * Asks for the type of an exchange that exists. AMQP has no question for it, so it is declared, and
 * the broker's refusal read.
 *
 * A refusal stands in the broker's log as an error. So what was found is declared the next time:
 * as long as nothing changes, the broker finds nothing to refuse.
 *
 * @example
 * ```ts
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

  /** Whether it can be asked for again without an error in the broker's log. */
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
    for (let tries = 0; tries < TRIES; tries++) {
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
        // Never declared: where it was deleted this moment, it would be made again.
        if (what === "type" && current === UNFIT) return current;
        if (what === "type") this.#type = current;
        else if (what in FLAGS) this.#flags[FLAGS[what as keyof typeof FLAGS]] = current === "true";
        // The type is compared first: where arguments differ, it is right.
        else break;
      }
    }
    return this.#type;
  }
}
