import { getLogger } from "@logtape/logtape";
import { publicReason, TokenError } from "../auth/errors.ts";
import type { Identity } from "../auth/identity.ts";
import type { FailureBudget } from "../auth/verifier.ts";
import type { Transport, WireFormat } from "../hub/envelope.ts";
import type { Hub } from "../hub/hub.ts";
import { Message } from "../hub/message.ts";
import { parseCursor } from "../hub/cursor.ts";
import type { CatchUp } from "../hub/reader.ts";
import { Subscriber, type SubscriberOwner } from "../hub/subscriber.ts";
import type { LabelledCounter } from "../telemetry/labelled_counter.ts";
import { type CloseInfo, SERVER_CLOSES } from "../websocket/close.ts";
import type { ConnectionOwner, WebSocketConnection } from "../websocket/connection.ts";
import type { AuthFailures, FailureHolder } from "./auth_failures.ts";
import * as answers from "./responses.ts";
import type { ExpiryEntry, ExpiryQueue, ExpiryTarget } from "./expiry.ts";
import {
  furtherMessagesOf,
  NAMES_PER_MESSAGE,
  REFUSALS_PER_MESSAGE,
  type SessionLimits,
  StreamRoom,
} from "./limits.ts";
import { takeToken } from "../telemetry/token_bucket.ts";
import {
  type ClientEvent,
  type InvalidMessage,
  type MessageId,
  parseMessage,
  type StreamsEvent,
} from "./messages.ts";
import type { ConnectionQuota } from "./connection_quota.ts";
import type { UserQuota } from "./user_quota.ts";
import { mayHold, type Rbac } from "./permissions.ts";

const log = getLogger(["ranger", "session"]);

/**
 * Verifies a token of a client whose failures are counted: at once where it is known already, or
 * refused without a look at it.
 *
 * @throws {TokenError} also as a rejection
 */
export type Verify = (token: string, failures: FailureBudget) => Identity | Promise<Identity>;

/** What became of a token: an identity, or the reason in its place. */
type Verified = { readonly identity: Identity } | { readonly reason: string };

/** What all sessions have in common. */
export interface SessionContext {
  readonly hub: Hub;
  /** Left out where nobody can authenticate (`--no-auth`). */
  readonly verify: Verify | undefined;
  /** Whether a verified token has been revoked since. */
  isRevoked(identity: Pick<Identity, "uid" | "jti">): boolean;
  readonly users: UserQuota;
  /** Counts tokens that do not verify. */
  readonly failures: AuthFailures;
  /** Where the ends of the tokens are awaited. */
  readonly expiries: ExpiryQueue;
  readonly rbac: Rbac;
  readonly limits: SessionLimits & { readonly unsentBytes: number };
  readonly places: ConnectionQuota;
  /** Counts limits that were hit, by their names in the file. */
  readonly limitsHit: LabelledCounter;
  /** Told once when a session is over. */
  ended(session: Session, info: CloseInfo): void;
}

/** A client's connection. By server-sent events a client sends nothing, and its session hears nothing. */
export type ClientConnection = Pick<
  WebSocketConnection,
  "outbox" | "isOpen" | "open" | "pause" | "resume" | "close" | "endSlow"
>;

/** What a client asks for with streams (protocol, section 9). */
type Request = Pick<StreamsEvent, "cursor" | "last">;

/** A binary message that is not text, in its place among the others. */
const NOT_TEXT = Symbol("not text");
const NOT_UTF8: InvalidMessage = { kind: "invalid", reason: "the message is not valid UTF-8" };

/**
 * Bytes of the list of streams that count as one message more: the question is short, and a thousand
 * names take some twenty kilobytes.
 */
const ANSWER_BYTES_PER_MESSAGE = 1024;

/** For binary messages; ignoreBOM: a byte order mark is part of the text, as in text messages. */
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * One client: who it is, what it holds, what it says and what it is answered.
 *
 * Messages are handled in order, one at a time. While a token is being verified, the connection is
 * paused: it takes no further message from the client.
 *
 * @example
 * ```ts
 * import { type WireFormat } from "../hub/envelope.ts";
 * import { type WebSocketConnection } from "../websocket/connection.ts";
 * declare const [context, connection]: [SessionContext, WebSocketConnection];
 * declare const [format, head]: [WireFormat, Uint8Array];
 * const session = new Session(context, connection, format, undefined, "203.0.113.7");
 * session.start(["usdbtc.trades"], head);
 * ```
 */
export class Session implements ConnectionOwner, ExpiryTarget, FailureHolder, SubscriberOwner {
  readonly id: number;
  /** Where the client comes from. */
  readonly address: string;
  readonly connection: ClientConnection;
  readonly #context: SessionContext;
  readonly #subscriber: Subscriber;
  #role = "";
  /** The token's; undefined where it has none, and while anonymous. */
  #jti: string | undefined;
  /** When the token ends; `undefined` while anonymous, and for a token that never does. */
  #term: ExpiryEntry | undefined;
  /** The prefixed streams that ended with the last token, for the next one to restore. */
  #suspended: readonly string[] | undefined;
  /** When the client may send a whole burst again; whole milliseconds, which cost least to keep. */
  #fullAt = 0;
  /** Names that were added so far, those that are not held any more included. */
  #namesAdded = 0;
  failuresForgottenAt = 0;

  static #lastId = 0;

  /** @param identity of the handshake's token, where there was one */
  constructor(
    context: SessionContext,
    connection: ClientConnection,
    format: WireFormat,
    identity: Identity | undefined,
    address: string,
  ) {
    this.id = ++Session.#lastId;
    this.address = address;
    this.connection = connection;
    this.#context = context;
    this.#subscriber = new Subscriber(connection.outbox, format, this);
    if (identity) this.#become(identity);
  }

  /** The user's uid; `undefined` while anonymous. */
  get uid(): string | undefined {
    return this.#subscriber.uid;
  }

  /** What carries its messages. */
  get transport(): Transport {
    return this.#subscriber.format.transport;
  }

  /** For the log. */
  get #named() {
    return { id: this.id, address: this.address || "unknown" };
  }

  /**
   * Answers the upgrade and begins to listen.
   *
   * @param streams the first subscriptions
   * @param head bytes that came with the handshake
   * @param request what the client has missed, or the recent events that it asks for
   */
  start(streams: readonly string[], head: Uint8Array, request: Partial<Request> = {}): void {
    log.debug("connection {id} from {address} opened with {count} streams", {
      ...this.#named,
      count: streams.length,
      authenticated: this.uid !== undefined,
    });
    const added = this.#hold(streams);
    this.#context.hub.open(this.#subscriber);
    this.#context.hub.start(this.#subscriber, added, this.#catchUpOf(request));
    this.connection.open(this, head);
  }

  receivedText(message: string): void {
    this.#take(message);
  }

  /** Read as text where it is text: some clients of Rango send their JSON so. */
  receivedBinary(message: Uint8Array): void {
    this.#take(textOf(message));
  }

  /**
   * The token's time is over: the connection goes on as an anonymous one. With server-sent events
   * that held more than public streams it ends: the ids of public events would go past the private
   * ones that the client misses.
   */
  expire(): void {
    this.#term = undefined;
    const heldPrivate = this.#context.hub.holdsPrivate(this.#subscriber);
    this.#context.hub.identify(this.#subscriber, undefined);
    this.#role = "";
    this.#jti = undefined;
    const ended = this.#dropForbidden();
    if (ended.length > 0) this.#suspended = ended;
    this.#subscriber.tell(answers.MESSAGES.tokenExpired);
    log.debug("connection {id} from {address}: its token expired", this.#named);
    if (this.transport === "sse" && (heldPrivate || ended.length > 0)) {
      void this.connection.close(SERVER_CLOSES.tokenExpired);
    }
  }

  /** Closes the connection when its token or user is revoked. */
  endIfRevoked(): void {
    const { uid } = this;
    if (uid === undefined || !this.#context.isRevoked({ uid, jti: this.#jti })) return;
    void this.connection.close(SERVER_CLOSES.revoked);
  }

  /** Gives up what the role may not have any more, because the roles' streams changed. */
  recheck(): void {
    this.#dropForbidden();
  }

  drained(): void {
    this.#context.hub.resume(this.#subscriber);
  }

  caughtUp(): void {
    this.#context.hub.caughtUp(this.#subscriber);
  }

  overflowed(bytes: number): void {
    const { hub, limits } = this.#context;
    // What comes on top of the events that wait are answers: it sends, and does not read them.
    if (this.#subscriber.isBehind && bytes > 2 * limits.unsentBytes) this.slowConsumer();
    else hub.fallBehind(this.#subscriber);
  }

  slowConsumer(): void {
    this.connection.endSlow();
  }

  /** Whether private events may be missing after a loss, of which the client gets no message. */
  get mustFetchAgain(): boolean {
    return !this.#subscriber.format.status && this.#context.hub.holdsPrivate(this.#subscriber);
  }

  closed(info: CloseInfo): void {
    this.#suspended = undefined;
    this.#endTerm();
    this.#context.hub.remove(this.#subscriber);
    this.#context.ended(this, info);
    log.debug("connection {id} from {address} closed by {by}: {code} {reason}", {
      ...this.#named,
      ...info,
    });
  }

  /** Counts a message, and handles it. */
  #take(message: string | typeof NOT_TEXT): void {
    if (!this.#counted()) return;
    if (message !== NOT_TEXT) {
      this.#charge(furtherMessagesOf(message.length, this.#context.limits.messageBytes));
    }
    this.#handle(message);
  }

  /** @returns whether the message may be handled; otherwise the client is closed */
  #counted(): boolean {
    const { messageRate, messageBurst } = this.#context.limits;
    if (messageRate === 0) return true;
    const now = Math.floor(performance.now());
    const fullAt = takeToken(this.#fullAt, now, messageRate, messageBurst);
    if (fullAt === undefined) {
      void this.connection.close(SERVER_CLOSES.messageRate);
      return false;
    }
    this.#fullAt = fullAt;
    return true;
  }

  #handle(received: string | typeof NOT_TEXT): void {
    const message = received === NOT_TEXT ? NOT_UTF8 : parseMessage(received);
    switch (message.kind) {
      case "ping":
        return this.#subscriber.tell(answers.MESSAGES.pong);
      case "nothing":
        return;
      case "invalid":
        return this.#answer("messageError", message.id, message.reason);
    }
    const { jwt, event, id } = message;
    if (jwt === "invalid") {
      this.#answer("tokenTypeInvalid", id, "jwt is not a text of the form Bearer <token>");
    } else if (jwt) {
      return this.#authenticate(jwt.token, event, id);
    }
    this.#perform(event, id);
  }

  /** @param reason of an error, for clients that gave their message an id */
  #answer(name: keyof typeof answers.TEXTS, id: MessageId | undefined, reason?: string): void {
    this.#subscriber.tell(
      id === undefined
        ? answers.MESSAGES[name]
        : new Message(answers.textWithId(answers.TEXTS[name], id, reason), true),
    );
  }

  #perform(event: ClientEvent | InvalidMessage | undefined, id: MessageId | undefined): void {
    switch (event?.kind) {
      case undefined:
        return;
      case "invalid":
        return this.#answer("messageError", id, event.reason);
      case "list":
        return this.#list(id);
      case "subscribe":
        return this.#subscribe(event, id);
      case "unsubscribe":
        return this.#unsubscribe(event.streams, id);
    }
  }

  #list(id: MessageId | undefined): void {
    const answer = answers.streamsAnswer("available", this.#context.hub.available(), id);
    this.#charge(Math.floor(answer.text.length / ANSWER_BYTES_PER_MESSAGE));
    this.#subscriber.tell(answer);
  }

  /** What costs more than its message is paid for with later ones. */
  #charge(messages: number): void {
    const { messageRate } = this.#context.limits;
    if (messageRate === 0 || messages === 0) return;
    this.#fullAt = Math.max(this.#fullAt, Math.floor(performance.now())) +
      Math.ceil(messages * 1000 / messageRate);
  }

  #authenticate(
    token: string,
    then: ClientEvent | InvalidMessage | undefined,
    id: MessageId | undefined,
  ): void {
    const verified = this.#verify(token);
    if (!(verified instanceof Promise)) return this.#authenticated(verified, then, id);
    this.connection.pause();
    void verified.then((verified) => {
      // The client may have gone meanwhile: it holds nothing any more, and must not again.
      if (!this.connection.isOpen) return;
      this.#authenticated(verified, then, id);
      this.connection.resume();
    });
  }

  #authenticated(
    verified: Verified,
    then: ClientEvent | InvalidMessage | undefined,
    id: MessageId | undefined,
  ): void {
    const identity = "identity" in verified && this.#mayBecome(verified.identity)
      ? verified.identity
      : undefined;
    const reason = "reason" in verified ? verified.reason : "the user may not connect now";
    // In one step, so that no private event comes before the answer that announces it.
    const restored = identity ? this.#become(identity) : [];
    if (identity) this.#answer("authenticated", id);
    else this.#answer("authenticationFailed", id, reason);
    this.#context.hub.start(this.#subscriber, restored);
    if (identity) this.#context.hub.resumePrivate(this.#subscriber);
    this.#perform(then, id);
  }

  /** Whether the connection may become that: both may have changed while its token was verified. */
  #mayBecome(identity: Identity): boolean {
    const { users, isRevoked } = this.#context;
    return !isRevoked(identity) && (identity.uid === this.uid || users.allows(identity.uid));
  }

  /** Never throws or rejects. */
  #verify(token: string): Verified | Promise<Verified> {
    const { verify, failures } = this.#context;
    if (!verify) return { reason: "this server does not authenticate" };
    try {
      const identity = verify(token, failures.of(this.address, this));
      if (!(identity instanceof Promise)) return { identity };
      return identity.then((identity) => ({ identity }), (error) => this.#refused(error));
    } catch (error) {
      return this.#refused(error);
    }
  }

  #refused(error: unknown): Verified {
    if (error instanceof TokenError) {
      log.debug("connection {id} from {address}: token refused: {code}", {
        ...this.#named,
        code: error.code,
      });
    } else {
      log.error("connection {id}: token verification broke: {error}", { id: this.id, error });
    }
    return { reason: publicReason(error) };
  }

  /** @returns the prefixed streams that the last token's end had taken away, held again */
  #become({ uid, role, jti, expiresAt }: Identity): readonly string[] {
    const { hub, expiries, limits } = this.#context;
    hub.identify(this.#subscriber, uid);
    this.#role = role;
    this.#jti = jti;
    this.#endTerm();
    if (expiresAt !== undefined) this.#term = expiries.add(this, expiresAt);
    this.#dropForbidden();
    const { streams } = this.#subscriber;
    const room = new StreamRoom(limits, streams);
    const restored = (this.#suspended ?? [])
      .filter((stream) => !streams.has(stream) && this.#mayHold(stream) && room.take(stream));
    hub.subscribe(this.#subscriber, restored);
    this.#suspended = undefined;
    return restored;
  }

  #endTerm(): void {
    if (this.#term) this.#context.expiries.remove(this.#term);
    this.#term = undefined;
  }

  /** @returns the streams that are not held any more, because the role may not have them */
  #dropForbidden(): string[] {
    const forbidden = [...this.#subscriber.streams].filter((stream) => !this.#mayHold(stream));
    this.#context.hub.unsubscribe(this.#subscriber, forbidden);
    return forbidden;
  }

  #subscribe({ streams, cursor, last }: StreamsEvent, id: MessageId | undefined): void {
    const added = this.#hold(streams, id);
    this.#context.hub.start(this.#subscriber, added, this.#catchUpOf({ cursor, last }, id));
  }

  /** Cursors are for clients that asked for them: others never see one. */
  #catchUpOf({ cursor, last }: Partial<Request>, id?: MessageId): CatchUp {
    const isUsed = cursor !== undefined && cursor !== "" && this.#subscriber.format.cursors;
    return { cursor: isUsed ? parseCursor(cursor) ?? "unreadable" : undefined, last, id };
  }

  /** Answers a subscription. @returns the streams that it adds */
  #hold(streams: readonly string[], id?: MessageId): readonly string[] {
    const { hub, limits, limitsHit } = this.#context;
    const held = this.#subscriber.streams;
    const added: string[] = [];
    const refused: string[] = [];
    let tooMany = false;
    const room = new StreamRoom(limits, held);
    for (const stream of new Set(streams)) {
      if (held.has(stream)) continue;
      const isPossible = hub.knows(stream) && this.#mayHold(stream);
      // Refusals count as well: each costs an answer that the client did not pay for.
      if (!(isPossible ? room.take(stream) : room.takeRefused())) {
        tooMany = true;
        break;
      }
      if (isPossible) added.push(stream);
      else refused.push(answers.cannotSubscribe(stream, id));
    }
    this.#charge(
      Math.floor(refused.length / REFUSALS_PER_MESSAGE) + this.#namesToPay(added.length),
    );
    hub.subscribe(this.#subscriber, added);
    // Only now: an answer may be what closes a slow client, and a closed one must hold nothing.
    if (refused.length > 0) this.#subscriber.tellAll(refused);
    if (tooMany) {
      limitsHit.add("streams");
      this.#answer("tooManyStreams", id, `the limit is ${limits.streams} streams`);
    }
    this.#subscriber.tell(answers.streamsAnswer("subscribed", held, id));
    return added;
  }

  /** @returns the further messages that added names count as: none until the limit of streams */
  #namesToPay(added: number): number {
    const { streams } = this.#context.limits;
    const before = Math.max(this.#namesAdded, streams);
    this.#namesAdded += added;
    return Math.floor(Math.max(0, this.#namesAdded - before) / NAMES_PER_MESSAGE);
  }

  #unsubscribe(streams: readonly string[], id: MessageId | undefined): void {
    this.#context.hub.unsubscribe(this.#subscriber, streams);
    if (this.#suspended) {
      const ended = new Set(streams);
      this.#suspended = this.#suspended.filter((stream) => !ended.has(stream));
    }
    this.#subscriber.tell(answers.streamsAnswer("unsubscribed", this.#subscriber.streams, id));
  }

  #mayHold(stream: string): boolean {
    return mayHold(this.#context.rbac, this.#role, stream);
  }
}

function textOf(message: Uint8Array): string | typeof NOT_TEXT {
  try {
    return utf8.decode(message);
  } catch {
    return NOT_TEXT;
  }
}
