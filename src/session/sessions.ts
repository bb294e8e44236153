import type { Identity } from "../auth/identity.ts";
import { LabelledCounter } from "../telemetry/labelled_counter.ts";
import { SERVER_CLOSES, type ServerClose } from "../websocket/close.ts";
import { type ConnectionOptions, WebSocketConnection } from "../websocket/connection.ts";
import type { DeflateOptions } from "../websocket/deflate.ts";
import type { Cursors } from "../hub/cursor.ts";
import {
  type Envelope,
  eventStreamFormats,
  type Reporting,
  type Transport,
  type WireFormat,
  type WireFormats,
  wireFormats,
} from "../hub/envelope.ts";
import { EventStreamConnection, type EventStreamOptions } from "../sse/connection.ts";
import type { Socket } from "node:net";
import type { Drained } from "./drain.ts";
import { limitOf } from "./limits.ts";
import type { Rbac } from "./permissions.ts";
import { type ClientConnection, Session, type SessionContext } from "./session.ts";

/** What the upgrade decided about a new client. */
export interface Admission {
  /** Where it comes from, with which its place was taken. */
  readonly address: string;
  /** Who it is, where its token verified. */
  readonly identity: Identity | undefined;
  readonly transport: Transport;
  readonly envelope: Envelope;
  /** What it is sent besides events and answers. */
  readonly reporting: Reporting;
  /** Whether it asks for the checksums of order books. */
  readonly checksums: boolean;
  /** Where it was in the log; empty for a client that only asks for cursors. */
  readonly cursor: string | undefined;
  /** How many recent events of each stream it asks for. */
  readonly last: number | undefined;
  /** The chosen WebSocket extensions, for the handshake's answer: compression, or none. */
  readonly extensions: string | undefined;
  /** The first subscriptions. */
  readonly streams: readonly string[];
}

/** How many clients there are, and were since the start. */
export interface SessionCounts {
  readonly open: number;
  /** Of those that are open. */
  readonly authenticated: number;
  readonly total: number;
  /** Of all, those whose handshake brought a token. */
  readonly totalAuthenticated: number;
  /** Of those that are open, those that get server-sent events. */
  readonly sse: number;
  /** Of all, the same. */
  readonly totalSse: number;
}

/** What the connections of each transport have in common. */
export interface TransportOptions {
  readonly websocket: ConnectionOptions;
  readonly sse: EventStreamOptions;
}

/** All wire formats with or without checksums. */
interface Formats {
  readonly plain: WireFormats;
  readonly deflated: WireFormats;
  readonly sse: ReturnType<typeof eventStreamFormats>;
}

function formats(deflate: DeflateOptions, cursors: Cursors, checksums: boolean): Formats {
  return {
    plain: wireFormats(undefined, cursors, checksums),
    deflated: wireFormats(deflate, cursors, checksums),
    sse: eventStreamFormats(cursors, checksums),
  };
}

/** Clients may close with any number from 3000 to 4999: a label each would be theirs to make. */
function label(code: number): string {
  return code < 3000 ? String(code) : "application";
}

/**
 * All clients of this process.
 *
 * @example
 * ```ts
 * import { type Socket } from "node:net";
 * declare const [sessions, socket, admission]: [Sessions, Socket, Admission];
 * sessions.admit(socket, Buffer.alloc(0), admission, Buffer.from("HTTP/1.1 101 …"));
 * ```
 */
export class Sessions {
  readonly #open = new Set<Session>();
  readonly #context: SessionContext & { rbac: Rbac };
  readonly #transports: TransportOptions;
  readonly #deflate: DeflateOptions;
  readonly #formats: Formats;
  /** Made for the first client that asks for checksums. */
  #formatsWithChecksums: Formats | undefined;
  #total = 0;
  #totalAuthenticated = 0;
  #sse = 0;
  #totalSse = 0;

  /** Ends of connections, by who began and the code: `server 1008`. */
  readonly closes: LabelledCounter = new LabelledCounter();

  /** @param deflate how messages are compressed for clients that negotiated it */
  constructor(
    context: Omit<SessionContext, "ended">,
    transports: TransportOptions,
    deflate: DeflateOptions,
  ) {
    this.#context = {
      ...context,
      ended: (session, { by, cause, code }) => {
        this.#open.delete(session);
        if (session.transport === "sse") this.#sse--;
        context.places.release(session.address);
        const limit = limitOf(cause);
        if (limit !== undefined) context.limitsHit.add(limit);
        this.closes.add(`${by} ${label(code)}`);
      },
    };
    this.#transports = transports;
    this.#deflate = deflate;
    this.#formats = formats(deflate, context.hub.cursors, false);
  }

  /** Clients connected now, how many of them authenticated, and all since the start. */
  get counts(): SessionCounts {
    return {
      open: this.#open.size,
      authenticated: this.#context.hub.authenticated,
      total: this.#total,
      totalAuthenticated: this.#totalAuthenticated,
      sse: this.#sse,
      totalSse: this.#totalSse,
    };
  }

  /** Other roles from here on; streams that a client may not hold any more are taken from it. */
  set rbac(rbac: Rbac) {
    this.#context.rbac = rbac;
    for (const session of this.#open) session.recheck();
  }

  /**
   * Makes a client of a socket. Its place is given back when it has gone.
   *
   * @param socket that nothing was written to
   * @param head bytes that came with the handshake
   * @param answer to the handshake: it is written together with the first frames, since each write
   * is a system call
   */
  admit(socket: Socket, head: Uint8Array, admission: Admission, answer: Uint8Array): void {
    const { address, identity, streams, cursor, last } = admission;
    const format = this.#formatOf(admission);
    const connection = this.#connect(socket, format);
    const session = new Session(this.#context, connection, format, identity, address);
    this.#open.add(session);
    this.#total++;
    if (format.transport === "sse") {
      this.#sse++;
      this.#totalSse++;
    }
    if (identity) this.#totalAuthenticated++;
    connection.outbox.beginWith(answer);
    session.start(streams, head, { cursor, last });
    connection.outbox.flush();
    // A reload may have come between the token's verification and this.
    if (identity) session.endIfRevoked();
  }

  #formatOf(admission: Admission): WireFormat {
    const { transport, envelope, reporting, checksums, extensions } = admission;
    const { plain, deflated, sse } = checksums
      ? this.#formatsWithChecksums ??= formats(this.#deflate, this.#context.hub.cursors, true)
      : this.#formats;
    if (transport === "sse") return sse[envelope];
    return (extensions !== undefined ? deflated : plain)[reporting][envelope];
  }

  #connect(socket: Socket, { transport, root, deflate }: WireFormat): ClientConnection {
    const { websocket, sse } = this.#transports;
    return transport === "sse"
      ? new EventStreamConnection(socket, root, sse)
      : new WebSocketConnection(socket, root, websocket, deflate !== undefined);
  }

  /** Closes the clients whose token or user is revoked. */
  endRevoked(): void {
    for (const session of this.#open) session.endIfRevoked();
  }

  /**
   * The clients of which private events may be missing and that did not ask for status messages, to be
   * closed: they connect again and fetch their state, as they did when Rango ended with its broker.
   */
  afterLoss(): Drained {
    const sessions = new Set<Session>();
    for (const session of this.#open) if (session.mustFetchAgain) sessions.add(session);
    return {
      get size() {
        return sessions.size;
      },
      async close(count) {
        const closing: Promise<void>[] = [];
        for (const session of sessions) {
          if (closing.length >= count) break;
          sessions.delete(session);
          if (session.connection.isOpen) {
            closing.push(session.connection.close(SERVER_CLOSES.eventsLost));
          }
        }
        await Promise.all(closing);
      },
    };
  }

  /** Clients connected now. */
  get size(): number {
    return this.#open.size;
  }

  /**
   * Closes `count` clients, the oldest first; each gets its pending frames first.
   *
   * @returns when the last of these sockets is gone, by the client's answer or the end of its time
   */
  async close(count: number, info: ServerClose): Promise<void> {
    const closing: Promise<void>[] = [];
    for (const session of this.#open) {
      if (closing.length >= count) break;
      closing.push(session.connection.close(info));
    }
    await Promise.all(closing);
  }
}
