import assert from "node:assert/strict";
import { connectPublisher, type Publisher, randomExchange } from "../../testing/amqp.ts";
import { type Client, type ClientOptions, connectClient } from "./client.ts";
import { type RangerProcess, startRanger } from "../../testing/ranger.ts";
import { makeKey, type TestKey } from "../../testing/tokens.ts";

/** The observer answers pings only while it is asked, and a test may be long about something else. */
const PATIENT = ["--limits-idle-timeout=3600"];

/** An exchange in small: somebody who publishes, a Ranger that consumes it, and who signs tokens. */
export interface Exchange extends AsyncDisposable {
  readonly ranger: RangerProcess;
  readonly key: TestKey;
  /** The server's flags for the same events, for a second Ranger with other settings. */
  readonly source: readonly string[];
  /** Publishes one event (see {@linkcode Publisher.publish}). */
  publish(routingKey: string, body: unknown): Promise<void>;
  /**
   * Connects a client, and takes its first answer.
   *
   * @param path where to: `/public?stream=usdbtc.trades`
   * @returns the client, after a check that it holds exactly what the path names
   */
  connect(path: string, options?: ExchangeClientOptions): Promise<Client>;
  /** Resolves when the server has handled all that was published so far. */
  settled(): Promise<void>;
  /** Asserts that a client is owed nothing of all that was published so far. */
  assertOwedNothing(client: Client): Promise<void>;
  /** What the management listener reports at `/stats`. */
  stats(): Promise<Stats>;
}

/** How to connect. */
export interface ExchangeClientOptions extends ClientOptions {
  /** Streams that the first answer must list; those of the path unless named. */
  readonly holds?: readonly string[];
}

/** The part of `/stats` that tests look at. */
export interface Stats {
  readonly connections: { readonly open: number; readonly authenticated: number };
  readonly events: Readonly<Record<string, number>> & {
    readonly refused: Readonly<Record<string, number>>;
  };
  readonly readers?: { readonly behind: number };
  readonly hub: { readonly streams: number; readonly users: number };
}

/** The answer to a subscription, byte for byte. */
export function subscribed(...streams: readonly string[]): string {
  return `{"success":{"message":"subscribed","streams":${JSON.stringify(streams)}}}`;
}

/** The answer to an unsubscription, byte for byte. */
export function unsubscribed(...streams: readonly string[]): string {
  return `{"success":{"message":"unsubscribed","streams":${JSON.stringify(streams)}}}`;
}

/** What is answered when a token has verified, byte for byte, and the same for the other cases. */
export const AUTHENTICATED = '{"success":{"message":"Authenticated."}}';
export const AUTHENTICATION_FAILED = '{"error":{"message":"Authentication failed."}}';
export const TOKEN_TYPE_INVALID = '{"error":{"message":"Token type is not provided or invalid."}}';
export const MESSAGE_ERROR = '{"error":{"message":"Error while handling message."}}';

/** How to start. */
export interface ExchangeOptions {
  /** More flags for the server. */
  readonly args?: readonly string[];
  /** `false` starts it with `--no-auth`. */
  readonly auth?: boolean;
  /** Instead of a fresh one. */
  readonly key?: TestKey;
  /** The public key as the server is given it; its PEM text unless named. */
  readonly publicKey?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Starts a Ranger on a new exchange, with a fresh key, and waits until events flow.
 *
 * @param broker from {@linkcode sharedBroker}
 * @example
 * ```ts
 * await using exchange = await startExchange({ url: "amqp://127.0.0.1:5672" });
 * await using client = await exchange.connect("/public?stream=usdbtc.trades");
 * await exchange.publish("public.usdbtc.trades", { trades: [] });
 * await client.next(); // '{"usdbtc.trades":{"trades":[]}}'
 * ```
 */
export async function startExchange(
  broker: { readonly url: string },
  options: ExchangeOptions = {},
): Promise<Exchange> {
  await using started = new AsyncDisposableStack();
  const key = options.key ?? await makeKey();
  const publisher = started.use(await connectPublisher(broker.url, randomExchange()));
  const source = ["--amqp-url", broker.url, "--exchange", publisher.exchange];
  const access = options.auth === false
    ? ["--no-auth"]
    : ["--jwt-public-key", options.publicKey ?? key.publicPem];
  const ranger = started.use(
    await startRanger({
      args: [...source, ...access, ...PATIENT, ...(options.args ?? [])],
      env: options.env ?? {},
    }),
  );
  await ranger.consuming();
  const observer = started.use(
    await connectClient(ranger.url("/public?stream=marker.update&envelope=object")),
  );
  assert.equal(await observer.next(), subscribed("marker.update"));
  return new RunningExchange(ranger, key, source, publisher, observer, started.move());
}

class RunningExchange implements Exchange {
  #markers = 0;

  constructor(
    readonly ranger: RangerProcess,
    readonly key: TestKey,
    readonly source: readonly string[],
    private readonly publisher: Publisher,
    private readonly observer: Client,
    private readonly started: AsyncDisposableStack,
  ) {}

  publish(routingKey: string, body: unknown): Promise<void> {
    return this.publisher.publish(routingKey, body);
  }

  async connect(path: string, options: ExchangeClientOptions = {}): Promise<Client> {
    const client = await connectClient(this.ranger.url(path), options);
    const named = new URL(path, "http://localhost").searchParams.getAll("stream");
    assert.equal(await client.next(), subscribed(...(options.holds ?? named)));
    return client;
  }

  async settled(): Promise<void> {
    const marker = ++this.#markers;
    // Of a registered stream and its type, so that strict mode passes it as well.
    const body = `{"asks":[],"bids":[],"marker":${marker}}`;
    await this.publisher.publish("public.marker.update", body);
    // One queue, one order: what was published before this is handled before this.
    assert.equal(await this.observer.next(), `{"marker.update":${body}}`);
  }

  async assertOwedNothing(client: Client): Promise<void> {
    await this.settled();
    // Answers join what a client is owed already, so the pong is behind every event.
    assert.equal(await client.ask("ping"), "pong");
  }

  async stats(): Promise<Stats> {
    const response = await fetch(this.ranger.managementUrl("/stats"));
    return await response.json();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.started.disposeAsync();
  }
}

/**
 * One behaviour among those that share a server. Leaks are looked for around the whole test: the
 * server's output is read all the while, which would be held against each step.
 *
 * @example
 * ```ts
 * Deno.test("messages", async (t) => {
 *   await step(t, "ping is answered pong", async () => {});
 * });
 * ```
 */
export async function step(
  t: Deno.TestContext,
  name: string,
  fn: (t: Deno.TestContext) => Promise<void>,
): Promise<void> {
  await t.step({ name, fn, sanitizeOps: false, sanitizeResources: false });
}

/** A stream's name that no other step uses. */
export function freshName(event: string): string {
  return `${freshWord()}.${event}`;
}

/** A word that no other step uses: an id, a uid, a private event. */
export function freshWord(): string {
  return `x${crypto.randomUUID().slice(0, 8)}`;
}
