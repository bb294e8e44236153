import { setTimeout as delay } from "node:timers/promises";
import { connect, type Ranger, RangerError as ClientError } from "../../../client/src/mod.ts";
import { ConfigurationError, RefusedError, UnavailableError } from "../../errors.ts";

/** Milliseconds that the server has to answer the end of the connection. */
const GOODBYE = 1_000;

/** Refusals in a row after which a token's file is given up: nobody renews it, it seems. */
const REFUSALS = 6;

/** What to follow, and how. */
export interface Following {
  readonly url: string;
  /** A JWT, or `@FILE`, which is read again whenever a token is needed. */
  readonly token: string | undefined;
  /** Seconds that the first connection may take. */
  readonly timeout: number;
  /** What interrupts it. */
  readonly until: Promise<unknown>;
  /** Told of losses, of coming back, and of streams refused. */
  note(text: string): void;
  /** Called with the client at once, to ask for streams, and when it is first connected. */
  ask(ranger: Ranger): void;
  connected(): void;
}

/**
 * Follows a server by the typed client until it is interrupted.
 *
 * @throws {ConfigurationError} the URL cannot be one, a stream cannot be one or needs a token, or
 * the token's file cannot be read
 * @throws {UnavailableError} no connection came about in time
 * @throws {RefusedError} the server refused the token, or the file's again and again, or every
 * stream
 *
 * @example
 * ```ts
 * await follow({
 *   url: "ws://localhost:8080/public",
 *   token: undefined,
 *   timeout: 10,
 *   until: untilSignal(),
 *   note: console.error,
 *   ask: (ranger) => ranger.on("global.tickers", console.log),
 *   connected: () => {},
 * });
 * ```
 */
export async function follow(following: Following): Promise<void> {
  const { url, timeout, until, note } = following;
  const over = Promise.withResolvers<never>();
  // Rejected while nobody waits yet, it would end the process.
  over.promise.catch(() => {});
  const ranger = await dial(following);
  const where = shown(url);
  const file = fileOf(following.token);
  let refusals = 0;
  let reason = "";
  let connected = false;
  let open = false;
  const timer = setTimeout(() => {
    const why = reason || "it does not answer";
    over.reject(
      new UnavailableError(
        `cannot connect to ${where} within ${timeout} s: ${why}; --url says where, --timeout how long`,
      ),
    );
  }, timeout * 1000);
  ranger.onState((state) => {
    if (state.status === "waiting") {
      reason = state.reason + (state.code ? ` (code ${state.code})` : "");
      if (connected) note(`${reason}; trying again`);
    }
    if (state.status === "open" && state.identity) refusals = 0;
    const wasOpen = open;
    open = state.status === "open";
    if (!open || wasOpen) return;
    if (connected) note(`connected to ${where} again`);
    else following.connected();
    connected = true;
    clearTimeout(timer);
  });
  ranger.onError((error) => {
    const refused = /^(refused|too-many-streams|unauthenticated)$/.test(error.code);
    const isToken = error.code === "token-refused";
    if (isToken && file !== undefined && ++refusals < REFUSALS) {
      if (refusals === 1) note(`${error.message}; ${file} is read again, as it may be renewed`);
    } else if (isToken || (refused && ranger.streams.length === 0)) {
      over.reject(new RefusedError(error.message));
    } else note(error.message);
  });
  try {
    inOurWords(() => following.ask(ranger));
    await Promise.race([over.promise, until]);
  } finally {
    clearTimeout(timer);
    await Promise.race([ranger.close(), delay(GOODBYE, undefined, { ref: false })]);
  }
}

async function dial({ url, token }: Following): Promise<Ranger> {
  if (token === "") throw new ConfigurationError("--token is empty; expected a JWT or @FILE");
  const file = fileOf(token);
  // Once ahead, so that a wrong path is said at once.
  if (file !== undefined) await readToken(file);
  return inOurWords(() =>
    connect(url, {
      token: file === undefined ? token : () => readToken(file),
      maxReconnectDelay: 5_000,
    })
  );
}

function fileOf(token: string | undefined): string | undefined {
  return token?.startsWith("@") ? token.slice(1) : undefined;
}

async function readToken(file: string): Promise<string> {
  let text: string;
  try {
    text = (await Deno.readTextFile(file)).trim();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ConfigurationError(`--token: ${file} cannot be read: ${why}`);
  }
  if (text !== "") return text;
  throw new ConfigurationError(`--token: ${file} is empty; expected a JWT in it`);
}

/** @throws {ConfigurationError} instead of what the client says of what it was asked for */
function inOurWords<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    throw new ConfigurationError(explain(error), { cause: error });
  }
}

function explain({ code, message }: ClientError): string {
  if (code === "url") {
    return "--url is no URL of a WebSocket server; expected ws://localhost:8080/public " +
      "(/public has private streams too, with --token)";
  }
  if (code === "unauthenticated") {
    return "private streams need a token: --token, such as $(ranger token …), or @FILE";
  }
  return message;
}

/** The URL without what may be secret in it. */
function shown(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol.replace(/^http/, "ws")}//${host}${pathname}`;
}
