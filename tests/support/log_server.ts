/** A model of a server with a log (docs/protocol.md, section 9), for one client at a time. */
import type { WebSocketLike } from "../../client/src/mod.ts";

interface Entry {
  readonly offset: number;
  /** As the client receives it. */
  readonly name: string;
  /** As clients subscribe to it. */
  readonly stream: string;
  readonly isPrivate: boolean;
}

interface Socket extends WebSocketLike {
  onopen: (() => void) | null;
  onmessage: ((event: { data: string }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
}

interface Request {
  readonly jwt?: string;
  readonly event?: "subscribe" | "unsubscribe";
  readonly streams?: readonly string[];
  readonly cursor?: string;
  readonly last?: number;
}

/** One connection: what it holds, and the messages that are under way in both directions. */
class Connection {
  readonly held = new Set<string>();
  readonly toServer: string[] = [];
  readonly toClient: string[] = [];
  isAuthenticated = false;
  /** Offsets of the events that are next, by stream, while it is behind. */
  behind: Map<string, number> | undefined;
  /** Streams to be reported as resumed at the end. */
  notices: string[][] = [];
  /** Requests for private streams that wait for a token. */
  deferred: { name: string; cursor: string | undefined; last: number | undefined }[] = [];

  constructor(readonly socket: Socket) {}
}

/**
 * Keeps its events, and sends a client what it has missed, merged with its live events in the order
 * of the log. Nothing is sent, received or read from the log before a test says so.
 *
 * @example
 * ```ts
 * const server = new LogServer();
 * server.publish("btcusd.trades");
 * ```
 */
export class LogServer {
  readonly WebSocket: new (url: string) => WebSocketLike;
  /** URLs that were connected to. */
  readonly urls: string[] = [];
  /** Texts of all messages that came from clients. */
  readonly received: string[] = [];
  readonly log: Entry[] = [];
  /** Names the log: cursors of another one mean nothing. */
  #epoch = 0;
  /** Events up to this offset are gone. */
  #floor = -1;
  #opening: Socket | undefined;
  #connection: Connection | undefined;

  constructor() {
    const opening = (socket: Socket, url: string) => {
      this.urls.push(url);
      this.#opening = socket;
    };
    const closed = (socket: Socket) => {
      if (this.#opening === socket) this.#opening = undefined;
      if (this.#connection?.socket === socket) this.#connection = undefined;
    };
    const sent = (socket: Socket, text: string) => {
      if (this.#connection?.socket === socket) this.#connection.toServer.push(text);
    };
    this.WebSocket = class implements Socket {
      onopen: (() => void) | null = null;
      onmessage: ((event: { data: string }) => void) | null = null;
      onclose: ((event: { code: number; reason: string }) => void) | null = null;

      constructor(url: string) {
        opening(this, url);
      }

      send(text: string): void {
        sent(this, text);
      }

      close(): void {
        closed(this);
      }
    };
  }

  /** Publishes an event: `a.b`, `role.a.b`, or a private one, `a`. */
  publish(stream: string): void {
    const words = stream.split(".");
    const entry = {
      offset: this.log.length,
      name: words.length === 3 ? words.slice(1).join(".") : stream,
      stream,
      isPrivate: isPrivate(stream),
    };
    this.log.push(entry);
    const connection = this.#connection;
    if (connection && !connection.behind && this.#mayHave(connection, entry)) {
      this.#send(connection, entry);
    }
  }

  /** Accepts the connection that is being opened. */
  accept(): void {
    const socket = this.#opening;
    if (!socket) return;
    this.#opening = undefined;
    const connection = this.#connection = new Connection(socket);
    socket.onopen?.();
    this.#answer(connection, "subscribed");
  }

  /** Loses the connection, and all that is under way. */
  cut(): void {
    const socket = this.#connection?.socket ?? this.#opening;
    this.#connection = this.#opening = undefined;
    socket?.onclose?.({ code: 1006, reason: "" });
  }

  /** Forgets events: what was not sent yet can only be reported. */
  forget(): void {
    const next = Math.min(...this.#connection?.behind?.values() ?? [], this.log.length);
    this.#floor = Math.max(this.#floor, next - 1);
  }

  /** Begins another log, as a restart does. */
  restart(): void {
    this.#epoch++;
    this.#floor = this.log.length - 1;
    this.cut();
  }

  /** The token has expired. */
  expire(): void {
    const connection = this.#connection;
    if (!connection?.isAuthenticated) return;
    connection.isAuthenticated = false;
    for (const name of connection.held) {
      if (isRoles(name)) connection.held.delete(name);
      if (isRoles(name) || isPrivate(name)) connection.behind?.delete(name);
    }
    connection.toClient.push('{"error":{"message":"Token expired."}}');
  }

  /** Receives one message. */
  receive(): void {
    const connection = this.#connection;
    const text = connection?.toServer.shift();
    if (connection && text !== undefined) this.#received(connection, text);
  }

  /** Delivers messages to the client. */
  deliver(count: number): void {
    for (let n = 0; n < count; n++) {
      const connection = this.#connection;
      const data = connection?.toClient.shift();
      if (data === undefined) return;
      connection!.socket.onmessage?.({ data });
    }
  }

  /** Reads the next event from the log for a client that is behind, or ends that. */
  read(): void {
    const connection = this.#connection;
    const { behind } = connection ?? {};
    if (!connection || !behind) return;
    const next = this.log.find((entry) =>
      this.#mayHave(connection, entry) &&
      names(entry).some((name) => (behind.get(name) ?? Infinity) <= entry.offset)
    );
    if (next) {
      for (const name of names(next)) {
        if (behind.has(name)) behind.set(name, next.offset + 1);
      }
      return this.#send(connection, next);
    }
    connection.behind = undefined;
    for (const streams of connection.notices.splice(0)) {
      const left = streams.filter((name) => connection.held.has(name));
      if (left[0]) this.#tell(connection, "success", "resumed", left);
    }
  }

  /** Whether nothing is under way. */
  get isQuiet(): boolean {
    const connection = this.#connection;
    return connection !== undefined && !connection.behind &&
      connection.toClient.length + connection.toServer.length === 0;
  }

  #received(connection: Connection, text: string): void {
    this.received.push(text);
    const { jwt, event, streams = [], cursor, last } = JSON.parse(text) as Request;
    if (jwt) {
      connection.isAuthenticated = true;
      connection.toClient.push('{"success":{"message":"Authenticated."}}');
      const deferred = connection.deferred.splice(0);
      for (const { name, cursor, last } of deferred) this.#start(connection, [name], cursor, last);
    } else if (event === "unsubscribe") {
      for (const name of streams) {
        connection.held.delete(name);
        connection.behind?.delete(name);
        connection.deferred = connection.deferred.filter((one) => one.name !== name);
      }
      this.#answer(connection, "unsubscribed");
    } else {
      const isRefused = (name: string) => !connection.isAuthenticated && isRoles(name);
      for (const name of streams.filter(isRefused)) {
        connection.toClient.push(`{"success":{"message":"cannot subscribe to ${name}"}}`);
      }
      const added = streams.filter((name) => !connection.held.has(name) && !isRefused(name));
      for (const name of added) connection.held.add(name);
      this.#answer(connection, "subscribed");
      const isLater = (name: string) => !connection.isAuthenticated && isPrivate(name);
      for (const name of added.filter(isLater)) connection.deferred.push({ name, cursor, last });
      this.#start(connection, added.filter((name) => !isLater(name)), cursor, last);
    }
  }

  #start(connection: Connection, added: string[], cursor?: string, last?: number): void {
    if (added.length === 0) return;
    if (cursor !== undefined) this.#resume(connection, added, cursor);
    else if (last) this.#recent(connection, added, last);
    else if (connection.behind) {
      for (const name of added) connection.behind.set(name, this.log.length);
    }
  }

  #resume(connection: Connection, streams: readonly string[], cursor: string): void {
    const behind = this.#fallBehind(connection);
    const [epoch, offset = NaN] = cursor.split("-").map(Number);
    const isForeign = epoch !== this.#epoch || Number.isNaN(offset);
    const lost = streams.filter((stream) =>
      isForeign ||
      this.log.some((entry) =>
        entry.offset > offset && entry.offset <= this.#floor && names(entry).includes(stream)
      )
    );
    if (lost[0]) this.#tell(connection, "error", "Cannot resume.", lost);
    for (const name of streams) {
      behind.set(name, lost.includes(name) ? this.log.length : offset + 1);
    }
    const notice = streams.filter((name) => !lost.includes(name));
    connection.notices.push(notice);
  }

  #recent(connection: Connection, streams: readonly string[], last: number): void {
    const behind = this.#fallBehind(connection);
    for (const stream of streams) {
      const own = this.log.filter((entry) =>
        entry.offset > this.#floor && names(entry).includes(stream)
      );
      behind.set(stream, own.slice(-last)[0]?.offset ?? this.log.length);
    }
  }

  #fallBehind(connection: Connection): Map<string, number> {
    return connection.behind ??= new Map([...connection.held].map((name) => [
      name,
      this.log.length,
    ]));
  }

  #mayHave({ held, isAuthenticated }: Connection, entry: Entry): boolean {
    return names(entry).some((name) => held.has(name)) && (isAuthenticated || !entry.isPrivate);
  }

  #send(connection: Connection, { offset, name }: Entry): void {
    const cursor = `${this.#epoch}-${offset}`;
    connection.toClient.push(JSON.stringify({ [name]: { offset }, cursor }));
  }

  #answer(connection: Connection, message: string): void {
    this.#tell(connection, "success", message, [...connection.held]);
  }

  #tell(connection: Connection, kind: string, message: string, streams: readonly string[]): void {
    connection.toClient.push(JSON.stringify({ [kind]: { message, streams } }));
  }
}

/** Ids, of which all public streams can be subscribed to at once, have one letter here. */
function isPrivate(name: string): boolean {
  return /^[^.]{2,}$/.test(name);
}

function isRoles(name: string): boolean {
  return name.split(".").length === 3;
}

/** The names under which clients can have subscribed to an event. */
function names({ stream, isPrivate }: Entry): string[] {
  const words = stream.split(".");
  return isPrivate || words.length === 3 ? [stream] : [stream, words[0]!];
}
