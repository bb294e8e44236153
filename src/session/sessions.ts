import type { Identity } from "../auth/identity.ts";
import { Batch } from "../websocket/batch.ts";
import { type ConnectionOptions, WebSocketConnection } from "../websocket/connection.ts";
import type { Envelope } from "../hub/envelope.ts";
import type { Socket } from "node:net";
import { Session, type SessionContext } from "./session.ts";

/** What the upgrade decided about a new client. */
export interface Admission {
  /** Who it is, where its token verified. */
  readonly identity: Identity | undefined;
  readonly envelope: Envelope;
  /** The first subscriptions. */
  readonly streams: readonly string[];
}

/**
 * All clients of this process.
 *
 * @example
 * ```ts
 * const sessions = new Sessions({ hub, verify, rbac: {}, maxStreams: 256 }, connectionOptions);
 * sessions.admit(socket, head, { identity: undefined, envelope: "object", streams: [] });
 * ```
 */
export class Sessions {
  readonly #open = new Set<Session>();
  readonly #context: SessionContext;
  readonly #connections: ConnectionOptions;
  /** Frames differ by envelope, so only connections of the same one can share batches. */
  readonly #roots: Readonly<Record<Envelope, Batch>> = {
    object: Batch.root(),
    tuple: Batch.root(),
  };
  #total = 0;

  constructor(context: Omit<SessionContext, "ended">, connections: ConnectionOptions) {
    this.#context = { ...context, ended: (session) => this.#open.delete(session) };
    this.#connections = connections;
  }

  /** Clients connected now, how many of them authenticated, and all since the start. */
  get counts(): { open: number; authenticated: number; total: number } {
    let authenticated = 0;
    for (const session of this.#open) if (session.uid !== undefined) authenticated++;
    return { open: this.#open.size, authenticated, total: this.#total };
  }

  /** Bytes that wait for clients to read, all together. */
  get unsent(): number {
    let bytes = 0;
    for (const session of this.#open) bytes += session.connection.unsent;
    return bytes;
  }

  /**
   * Makes a client of an upgraded socket.
   *
   * @param socket after the 101 answer
   * @param head bytes that came with the handshake
   */
  admit(socket: Socket, head: Uint8Array, { identity, envelope, streams }: Admission): void {
    const connection = new WebSocketConnection(socket, this.#roots[envelope], this.#connections);
    const session = new Session(this.#context, connection, envelope, identity);
    this.#open.add(session);
    this.#total++;
    session.start(streams, head);
  }

  /**
   * Closes every client; each is written what it is owed first.
   *
   * @returns when the last socket is gone, by the client's answer or the end of its time
   */
  async closeAll(code: number, reason: string): Promise<void> {
    await Promise.all([...this.#open].map((session) => session.connection.close(code, reason)));
  }
}
