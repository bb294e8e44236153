import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";

/** The part of a socket's HTTP parser that is used here; it is not a public interface. */
interface Parser {
  onIncoming?: ((incoming: IncomingMessage, keepAlive: boolean) => number) | null;
}

/** What a parser is answered when nothing behind a request's head is HTTP any more. */
const UPGRADE = 2;

/**
 * Has an HTTP server hand over the socket of some requests, as it does for those that ask for an
 * upgrade: with an `upgrade` event, for a socket that neither the server nor a parser holds any more.
 * To be called when the server reads from the socket.
 *
 * Where a runtime has no such parser, these are requests like any other.
 *
 * @param isWanted whether the socket of this request is handed over
 *
 * @example
 * ```ts
 * import { createServer } from "node:http";
 * const server = createServer();
 * server.on("connection", (socket) => handOver(socket, ({ url }) => url === "/events"));
 * server.on("upgrade", (incoming, socket) => socket.end("HTTP/1.1 200 OK\r\n\r\nhello"));
 * ```
 */
export function handOver(socket: Socket, isWanted: (incoming: IncomingMessage) => boolean): void {
  const { parser } = socket as Socket & { parser?: Parser | null };
  const serve = parser?.onIncoming;
  if (!parser || !serve) return;
  parser.onIncoming = (incoming, keepAlive) => {
    if (!isWanted(incoming)) return serve(incoming, keepAlive);
    Object.assign(incoming, { upgrade: true });
    return UPGRADE;
  };
}
