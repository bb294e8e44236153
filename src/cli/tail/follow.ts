import { setTimeout as delay } from "node:timers/promises";
import { connect, type Ranger, RangerError as ClientError } from "../../../client/src/mod.ts";
import { ConfigurationError, RefusedError, UnavailableError } from "../../errors.ts";

/** Milliseconds that the server has to answer the close frame. */
const CLOSE_TIMEOUT = 1_000;

/** Consecutive refusals after which a token's file is given up: it is not being renewed. */
const MAX_REFUSALS = 6;

/** The server to follow, and what to do with its events. */
export interface Following {
  readonly url: string;
  /** A JWT, or `@FILE`, which is read again whenever a token is needed. */
  readonly token: string | undefined;
  /** Where to begin in the server's log. */
  readonly cursor?: string | undefined;
  /** Time limit for the first connection, in seconds. */
  readonly timeout: number;
  /** Following ends when this resolves. */
  readonly until: Promise<unknown>;
  /** Called when the connection is lost or back, and when a stream is refused. */
  note(text: string): void;
  /** `ask` is called at once, to subscribe; `connected` after the first connection. */
  ask(ranger: Ranger): void;
  connected(): void;
  /** Called before the connection is closed. */
  readonly ending?: ((ranger: Ranger) => void) | undefined;
}

/**
 * Follows a server with the typed client until it is interrupted.
 *
 * @throws {ConfigurationError} the URL or a stream is not valid, a stream needs a token, or the
 *   token's file cannot be read
 * @throws {UnavailableError} the first connection did not open in time
 * @throws {RefusedError} the server refused the token, each token of the file, or every stream
 *
 * @example
 * ```ts
 * await follow({
 *   url: "ws://localhost:8080/public",
 *   token: undefined,
 *   timeout: 10,
 *   until: new Promise(() => {}),
 *   note: console.error,
 *   ask: (ranger) => ranger.on("global.tickers", console.log),
 *   connected: () => {},
 * });
 * ```
 */
export async function follow(following: Following): Promise<void> {
  const { url, timeout, until, note } = following;
  const over = Promise.withResolvers<never>();
  // A rejection before the await below would end the process.
  over.promise.catch(() => {});
  const ranger = await dial(following);
  const where = shown(url);
  const file = fileOf(following.token);
  let refusals = 0;
  let reason = "";
  let connected = false;
  let open = false;
  const timer = setTimeout(() => {
    over.reject(
      new UnavailableError(
        `cannot connect to ${where} within ${timeout} s: ${reason || "it does not answer"}; ` +
          "--url sets the address, --timeout the time limit",
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
    if (isToken && file !== undefined && ++refusals < MAX_REFUSALS) {
      if (refusals === 1) {
        note(`${error.message}; reading ${file} again, which may have been renewed`);
      }
    } else if (isToken || (refused && ranger.streams.length === 0)) {
      // The client's advice is for a program: a function that renews the token.
      const [why = ""] = error.message.split("; pass ");
      const advice = "; --token takes another, and @FILE is read again when it ends";
      over.reject(new RefusedError(isToken && file === undefined ? why + advice : error.message));
    } else note(error.message);
  });
  try {
    translateErrors(() => following.ask(ranger));
    await Promise.race([over.promise, until]);
  } finally {
    clearTimeout(timer);
    following.ending?.(ranger);
    await Promise.race([ranger.close(), delay(CLOSE_TIMEOUT, undefined, { ref: false })]);
  }
}

async function dial({ url, token, cursor }: Following): Promise<Ranger> {
  if (token === "") throw new ConfigurationError("--token is empty; expected a JWT or @FILE");
  const file = fileOf(token);
  // Read once in advance, so that a wrong path is reported at once.
  if (file !== undefined) await readToken(file);
  return translateErrors(() =>
    connect(url, {
      token: file === undefined ? token : () => readToken(file),
      maxReconnectDelay: 5_000,
      resume: cursor ?? true,
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
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigurationError(`--token: ${file} cannot be read: ${reason}`);
  }
  if (text !== "") return text;
  throw new ConfigurationError(`--token: ${file} is empty; expected a JWT in it`);
}

/** @throws {ConfigurationError} in place of an error of the client */
function translateErrors<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    throw new ConfigurationError(explain(error), { cause: error });
  }
}

function explain({ code, message }: ClientError): string {
  if (code === "url") {
    return "--url is not the URL of a WebSocket server; expected ws://localhost:8080/public " +
      "(/public has private streams too, with --token)";
  }
  if (code === "unauthenticated") {
    return "private streams need a token: --token, such as $(ranger token …), or @FILE";
  }
  return message;
}

/** The URL without the parts that may be secret. */
function shown(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol.replace(/^http/, "ws")}//${host}${pathname}`;
}
