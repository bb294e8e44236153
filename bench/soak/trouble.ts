import { setTimeout as pause } from "node:timers/promises";
import { encodeFrame, Opcode, RawClient } from "../../testing/raw_client.ts";
import type { TestKey } from "../../testing/tokens.ts";
import { type Faults, SoakClient } from "./client.ts";
import type { SoakExchange } from "./exchange.ts";

/** Milliseconds that a client holds out who does not read. */
const STALL = 15_000;
/** Milliseconds in which what was sent to it is read then. */
const PATIENCE = 5_000;
/** Seconds that a token lives which is to expire. */
const TOKEN_LIFE = 3;
const EXPIRES = 'Token expired."';

/** What the trouble needs to know. */
export interface TroubleOptions {
  readonly port: number;
  readonly exchange: SoakExchange;
  readonly key: TestKey;
  readonly faults: Faults;
  /** How many of each kind at once. */
  readonly each: number;
}

/** How often each kind of trouble came to its end. */
export interface TroubleCounts {
  joined: number;
  stalled: number;
  /** Of those that stalled: how many the server closed for it. */
  cut: number;
  rubbish: number;
  expired: number;
  restored: number;
}

/**
 * Clients that join and leave, that stall, that send rubbish, and whose tokens expire; all the time,
 * but for the times when it is paused.
 */
export class Trouble implements AsyncDisposable {
  readonly counts: TroubleCounts = {
    joined: 0,
    stalled: 0,
    cut: 0,
    rubbish: 0,
    expired: 0,
    restored: 0,
  };
  readonly #options: TroubleOptions;
  #held = Promise.withResolvers<void>();
  #running: Promise<void>[] = [];
  #number = 0;

  constructor(options: TroubleOptions) {
    this.#options = options;
    this.#held.resolve();
    this.resume();
  }

  /** All of it goes away; resolves when it has. */
  async hold(): Promise<void> {
    this.#held.resolve();
    await Promise.all(this.#running);
  }

  /** It begins again. */
  resume(): void {
    this.#held = Promise.withResolvers();
    const held = this.#held.promise;
    let over = false;
    void held.then(() => over = true);
    const kinds = [this.#join, this.#join, this.#stall, this.#send, this.#expire];
    this.#running = kinds.flatMap((kind) =>
      Array.from({ length: this.#options.each }, async (_, at) => {
        // Not all at once, and each in a different way.
        await Promise.race([pause(at * 137), held]);
        while (!over) await kind(held);
      })
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.hold();
  }

  get #url(): string {
    return `ws://127.0.0.1:${this.#options.port}/public`;
  }

  #client(kind: string, streams: readonly string[], uid?: string, token?: string): SoakClient {
    const { exchange, faults } = this.#options;
    const who = uid === undefined || token === undefined ? {} : { uid, token };
    const options = { url: this.#url, streams, ...who };
    return new SoakClient(`${kind} ${++this.#number}`, options, exchange, faults);
  }

  readonly #join = async (held: Promise<void>): Promise<void> => {
    const { id } = one(this.#options.exchange.markets);
    const streams = Math.random() < 0.3 ? [id] : [`${id}.ob-inc`, `${id}.trades`, "order"];
    const client = this.#client("joiner", streams);
    await client.opened;
    await Promise.race([pause(50 + Math.random() * 2_000), client.closed, held]);
    await client.leave(Math.random() < 0.5 ? "in order" : "at once");
    this.counts.joined++;
  };

  readonly #stall = async (held: Promise<void>): Promise<void> => {
    using client = await RawClient.open(`${this.#url}?stream=fat.blob`);
    const heldOff = await Promise.race([pause(STALL), held.then(() => true)]);
    if (heldOff === true) return;
    this.counts.stalled++;
    // It has sent nothing wrong and said no goodbye: an end can only be the server's doing.
    const ended = client.ended().catch(() => undefined);
    if (await Promise.race([ended, pause(PATIENCE)]) !== undefined) this.counts.cut++;
  };

  readonly #send = async (held: Promise<void>): Promise<void> => {
    const { port } = this.#options;
    const url = `${this.#url}?stream=${one(this.#options.exchange.markets).id}`;
    try {
      using client =
        await (this.#number++ % 3 === 0 ? RawClient.connect(port) : RawClient.open(url));
      // The server may be through with it before all is said.
      await client.write(rubbish(this.#number));
      await Promise.race([pause(Math.random() * 1_000), held]);
    } catch (error) {
      if (!isGone(error)) throw error;
    }
    this.counts.rubbish++;
  };

  readonly #expire = async (held: Promise<void>): Promise<void> => {
    const { exchange, key, faults } = this.#options;
    const uid = one(exchange.users);
    const token = () => key.token({ uid, exp: Math.floor(Date.now() / 1000) + TOKEN_LIFE });
    const client = this.#client("expiring", ["order"], uid, await token());
    await client.opened;
    const told = await Promise.race([client.answered(EXPIRES, 15_000), held]);
    if (told === true) {
      this.counts.expired++;
      client.resume("order");
      client.send({ event: "auth", jwt: `Bearer ${await token()}` });
      if (await client.answered("Authenticated.", 15_000)) this.counts.restored++;
      else faults.add(`${uid}: a new token did not restore the old one`);
    } else if (told === false) faults.add(`${uid}: nothing said that the token expired`);
    await client.leave("in order");
  };
}

/** Bytes that no good client sends. */
function rubbish(turn: number): Uint8Array {
  const random = crypto.getRandomValues(new Uint8Array(1 + Math.floor(Math.random() * 900)));
  const text = (payload: string) => encodeFrame({ opcode: Opcode.text, payload });
  switch (turn % 6) {
    case 0:
      return random;
    case 1:
      return encodeFrame({ opcode: Opcode.text, declaredLength: 2n ** 40n });
    case 2:
      return encodeFrame({ opcode: Opcode.text, payload: '{"event":', fin: false });
    case 3:
      return text('{"event":"subscribe","streams":[1]}');
    case 4:
      return new Uint8Array(Array.from({ length: 100 }, () => [...text("ping")]).flat());
    default:
      return text('{"jwt":"Bearer e30.e30.e30","event":"subscribe","streams":["a.b.c","a"]}');
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe ||
    (error instanceof Error && /no response|no frame|answered/.test(error.message));
}

function one<T>(all: readonly T[]): T {
  return all[Math.floor(Math.random() * all.length)]!;
}
