import { getRequestListener } from "@hono/node-server";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import {
  type AddressInfo,
  createServer as createNetServer,
  type Server as NetServer,
  type Socket,
} from "node:net";
import { UnavailableError } from "../errors.ts";
import type { Admission } from "../session/sessions.ts";
import { MAX_IGNORED_BYTES } from "../sse/connection.ts";
import { asksForEvents, eventStreamBegin, responseHead } from "../sse/response.ts";
import { asksForWebSocket, switchingProtocols } from "../websocket/handshake.ts";
import type { AdmissionSlot } from "./admission.ts";
import type { Handshakes } from "./handshakes.ts";
import { handOver } from "./hand_over.ts";
import { internalError } from "./internal_error.ts";
import { PRIVILEGED_PORT_REMEDY } from "./privileged_port.ts";
import { takeProxyHeader } from "./proxy_protocol.ts";
import { checkRequest, type RequestTarget } from "./request_guard.ts";
import type { SocketLimit } from "./socket_limit.ts";
import { upgradeRequest } from "./upgrade_request.ts";

/**
 * Connections that wait in the kernel to be taken: those of a whole crowd that comes at once. The
 * kernel takes the smaller of this and net.core.somaxconn.
 */
export const BACKLOG = 16_384;

/** Milliseconds after which connections are taken again that could not be. */
const LISTEN_INTERVAL = 1000;

/** Milliseconds that a refused client has to take its answer. */
const REFUSAL_TIMEOUT = 5000;

/** Where a listener listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Where a listener is to listen. */
export interface Wanted extends Address {
  /** Whether other processes may listen there too: the kernel spreads connections over them. */
  readonly reusePort?: boolean;
}

/** A Hono app, whatever its environment. */
interface App {
  fetch(request: Request, bindings?: object): Response | Promise<Response>;
}

/** Takes a socket or refuses it, and has it read from when it is its turn. */
type Accept = (socket: Socket, begin: (socket: Socket) => void) => void;

/** Decides upgrades, and takes those it admits. */
export interface Upgrades {
  readonly app: App;
  /** Decides requests for server-sent events; left out where there are none. */
  readonly events?: App;
  /**
   * Whether a connection from that address begins with a PROXY protocol header; left out if none does.
   */
  beginsWithProxyHeader?(peer: string): boolean;
  /** Bounds the sockets, whatever becomes of them; left out where nothing does. */
  readonly sockets?: SocketLimit;
  /** Cuts those that take too long. */
  readonly handshakes: Handshakes;
  /** @param answer to the handshake, which is not written yet */
  admit(socket: Socket, head: Uint8Array, admission: Admission, answer: Uint8Array): void;
  /** An admission that comes to nothing after all. */
  release(admission: Admission): void;
}

/**
 * One HTTP listener: requests go to an app, upgrades to another, and requests for server-sent events
 * to a third. The sockets of the last two are handed over.
 *
 * @example
 * ```ts
 * import { managementApp, type ManagementSources } from "./management_app.ts";
 * declare const sources: ManagementSources;
 * const listener = new Listener(managementApp(sources));
 * const { port } = await listener.listen({ host: "127.0.0.1", port: 0 }, "management.port, --management-port");
 * await listener.close();
 * ```
 */
export class Listener {
  readonly #server: Server;
  /** The server that listens: the same one, or one that removes PROXY protocol headers first. */
  readonly #front: NetServer;
  /** Sockets whose PROXY protocol header is not complete; the HTTP server does not know them yet. */
  readonly #waiting = new Set<Socket>();
  /** Addresses of clients, from PROXY protocol headers. */
  readonly #clients = new WeakMap<Socket, string>();
  /** The answer to the plain request of each socket of the clients' listener. */
  readonly #answering = new WeakMap<Socket, ServerResponse>();
  #handshakes: Handshakes | undefined;
  #closing = false;
  #retired: Promise<void> | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** @param upgrades left out where no request may become a WebSocket */
  constructor(app: App, upgrades?: Upgrades) {
    const respond = getRequestListener(
      (request, { incoming }) => {
        const slot = {
          peer: () => this.#peerOf(incoming.socket as Socket),
          path: pathOf(incoming),
        };
        return answered(isAboutEvents(incoming) ? upgrades?.events ?? app : app, request, slot);
      },
      { overrideGlobalObjects: false },
    );
    // A missing Host is judged by checkRequest, which lets HTTP/1.0 go without.
    this.#server = createServer({ requireHostHeader: false }, (incoming, outgoing) => {
      const checked = checkRequest(incoming);
      if (typeof checked === "string") return badRequest(outgoing, checked);
      incoming.headers.host = checked.host;
      incoming.url = checked.target;
      if (upgrades) this.#answering.set(incoming.socket, outgoing);
      void respond(incoming, outgoing);
    });
    this.#front = this.#server;
    if (!upgrades) return;
    this.#handshakes = upgrades.handshakes;
    if (upgrades.events) this.#server.on("connection", (socket) => handOver(socket, isForEvents));
    const accept = (socket: Socket, begin: (socket: Socket) => void) => {
      if (upgrades.sockets?.take(socket) === false) socket.destroy();
      else upgrades.handshakes.add(socket, begin);
    };
    if (upgrades.beginsWithProxyHeader) this.#front = this.#createFront(upgrades, accept);
    else this.#pace(accept);
    this.#server.on("upgrade", (request, socket, head) => {
      const earlier = this.#answering.get(socket as Socket);
      if (earlier) return endAfter(earlier, socket as Socket);
      const peer = () => this.#peerOf(socket as Socket);
      handleUpgrade(app, upgrades, request, socket as Socket, head, peer, () => this.#closing);
    });
  }

  /** Has sockets taken from the kernel paused: what reads requests is attached when it is their turn. */
  #pace(accept: Accept): void {
    const server = this.#server as Server & { pauseOnConnect: boolean };
    const readers = server.listeners("connection");
    server.removeAllListeners("connection");
    server.pauseOnConnect = true;
    server.on("connection", (socket: Socket) =>
      accept(socket, () => {
        for (const read of readers) read.call(server, socket);
        socket.resume();
      }));
  }

  #createFront(upgrades: Upgrades, accept: Accept): NetServer {
    const begin = (socket: Socket) => {
      if (!upgrades.beginsWithProxyHeader?.(socket.remoteAddress ?? "")) {
        this.#server.emit("connection", socket);
        return void socket.resume();
      }
      this.#waiting.add(socket);
      socket.once("close", () => this.#waiting.delete(socket));
      takeProxyHeader(socket, (address) => {
        this.#waiting.delete(socket);
        if (address !== undefined) this.#clients.set(socket, address);
        this.#server.emit("connection", socket);
      });
    };
    // Half-open, as the sockets of an HTTP server are: clients may end their side first.
    const options = { allowHalfOpen: true, noDelay: true, pauseOnConnect: true };
    return createNetServer(options, (socket) => accept(socket, begin));
  }

  #peerOf(socket: Socket): string {
    return this.#clients.get(socket) ?? socket.remoteAddress ?? "";
  }

  /**
   * @param address port 0 picks a free one
   * @param flag what to change when the address cannot be had: `--port`
   * @returns where it listens
   * @throws {UnavailableError} the address is in use, or not this machine's, or not allowed
   */
  listen({ host, port, reusePort = false }: Wanted, flag: string): Promise<Address> {
    return new Promise((resolve, reject) => {
      const refuse = (error: Error & { code?: string }) =>
        reject(new UnavailableError(explain(error, { host, port }, flag), { cause: error }));
      this.#front.once("error", refuse);
      this.#front.listen({ host, port, reusePort, backlog: BACKLOG }, () => {
        this.#front.off("error", refuse);
        this.#timer = setInterval(this.#listenOn, LISTEN_INTERVAL);
        resolve({ host, port: (this.#front.address() as AddressInfo).port });
      });
    });
  }

  /**
   * Takes no more connections. Those that are there are heard out: a client whose connection was
   * taken is not to find it reset, though it may have to ask elsewhere soon.
   *
   * @returns when the last connection is gone, WebSockets included
   */
  stopAccepting(): Promise<void> {
    clearInterval(this.#timer);
    this.#retired ??= new Promise((resolve) => this.#front.close(() => resolve()));
    return this.#retired;
  }

  /** Sockets that were accepted and are not closed yet, those that became WebSockets included. */
  sockets(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#front.getConnections((error, count) => error ? reject(error) : resolve(count));
    });
  }

  /**
   * When the process may open no more files, the runtime stops to take connections, tells nobody,
   * and never begins again, whatever is closed meanwhile. Listening once more wakes it; connections that
   * wait in the kernel are served then, and on any other day it is one system call for nothing.
   */
  readonly #listenOn = (): void => {
    const { _handle } = this.#front as NetServer & {
      _handle?: { listen?(backlog: number): number };
    };
    _handle?.listen?.(BACKLOG);
  };

  /** Takes no more connections and admits no more upgrades; ends connections that are not WebSockets. */
  close(): Promise<void> {
    this.#closing = true;
    const gone = this.stopAccepting();
    this.#handshakes?.destroyWaiting();
    this.#server.closeAllConnections();
    for (const socket of this.#waiting) socket.destroy();
    return gone;
  }
}

function explain(
  error: Error & { code?: string },
  { host, port }: Address,
  flag: string,
): string {
  const where = `Cannot listen on ${host}:${port} (${flag})`;
  if (error.code === "EADDRINUSE") {
    return `${where}: another program listens there. Stop it, or choose another port.`;
  }
  if (error.code === "EACCES") {
    return `${where}: permission denied; ${PRIVILEGED_PORT_REMEDY}`;
  }
  if (error.code === "EADDRNOTAVAIL" || error.code === "ENOTFOUND") {
    return `${where}: no such address on this machine. 0.0.0.0 is all of them.`;
  }
  return `${where}: ${error.message}`;
}

function badRequest(outgoing: ServerResponse, reason: string): void {
  outgoing.writeHead(400, { "content-type": "text/plain; charset=UTF-8", connection: "close" });
  outgoing.end(`${reason}\n`);
}

/** A request's path, as the request line has it. */
function pathOf({ url = "" }: { readonly url?: string | undefined }): string {
  return url.split("?", 1)[0]!;
}

/** Whether a request asks for server-sent events. */
function isForEvents({ method, headers }: Pick<IncomingMessage, "method" | "headers">): boolean {
  return method === "GET" && asksForEvents(headers.accept);
}

/** Whether a request's body is longer than what an event stream ignores of it, or may be. */
function hasLongBody({ headers }: Pick<IncomingMessage, "headers">): boolean {
  return headers["transfer-encoding"] !== undefined ||
    Number(headers["content-length"] ?? 0) > MAX_IGNORED_BYTES;
}

/** Whether a request asks about server-sent events, and not for them: a preflight, or HEAD. */
function isAboutEvents({ method, headers }: Pick<IncomingMessage, "method" | "headers">): boolean {
  return method === "OPTIONS"
    ? headers["access-control-request-method"] !== undefined
    : method === "HEAD" && asksForEvents(headers.accept);
}

/**
 * Ends a connection whose upgrade was pipelined behind a plain request: that answer is the last of
 * the connection and must come first (RFC 9112 §9.3.2).
 */
function endAfter(answer: ServerResponse, socket: Socket): void {
  socket.on("error", ignore);
  if (answer.writableFinished) socket.end();
  else answer.once("finish", () => socket.end());
}

// A client may go away at any moment of the handshake.
function ignore(): void {}

/** At once where the app decides at once: it waits for nothing but a token's verification. */
function handleUpgrade(
  plain: App,
  upgrades: Upgrades,
  incoming: IncomingMessage,
  socket: Socket,
  head: Uint8Array,
  peer: () => string,
  closing: () => boolean,
): void {
  socket.on("error", ignore);
  const slot: AdmissionSlot = { peer, path: "" };
  const answerWith = (decided: Response): void => {
    let response = decided;
    if (socket.destroyed) {
      if (slot.admission) upgrades.release(slot.admission);
      return;
    }
    upgrades.handshakes.delete(socket);
    // A shutdown must not miss a client whose token was still being verified.
    if (closing()) {
      if (slot.admission) upgrades.release(slot.admission);
      delete slot.admission;
      response = new Response("The server is shutting down.\n", { status: 503 });
    }
    const { admission } = slot;
    if (!admission) return void refuse(socket, response);
    const answer = admission.transport === "sse"
      ? eventStreamBegin(response)
      : switchingProtocols(incoming.headers["sec-websocket-key"]!, admission.extensions);
    upgrades.admit(socket, head, admission, answer);
    // From here on the connection listens itself.
    socket.off("error", ignore);
  };
  const decided = decide(plain, upgrades, incoming, slot);
  if (decided instanceof Promise) void decided.then(answerWith);
  else answerWith(decided);
}

function decide(
  plain: App,
  upgrades: Upgrades,
  incoming: IncomingMessage,
  slot: AdmissionSlot,
): Response | Promise<Response> {
  const checked = checkRequest(incoming);
  if (typeof checked === "string") return new Response(`${checked}\n`, { status: 400 });
  slot.path = checked.path;
  try {
    const request = upgradeRequest(incoming, checked);
    // Other protocols are not upgraded to, and no request of HTTP/1.0 is; they are served as they
    // are (RFC 9110 §7.8).
    if (incoming.httpVersion === "1.1" && asksForWebSocket(request.headers)) {
      return answered(upgrades.app, request, slot);
    }
    if (upgrades.events && isForEvents(incoming)) {
      if (hasLongBody(incoming)) {
        return new Response("A request for events has no body.\n", { status: 413 });
      }
      return answered(upgrades.events, request, slot);
    }
    return answered(plain, toRequest(incoming, checked), { peer: slot.peer });
  } catch {
    return new Response("Bad request.\n", { status: 400 });
  }
}

/** The app's answer, also where something other than an error is thrown, which Hono passes on. */
function answered(app: App, request: Request, bindings?: object): Response | Promise<Response> {
  try {
    const response = app.fetch(request, bindings);
    return response instanceof Promise ? response.catch(internalError) : response;
  } catch (fault) {
    return internalError(fault);
  }
}

/** @throws {TypeError} target and host do not make a URL */
function toRequest(
  { method = "GET", headers }: IncomingMessage,
  { host, target }: RequestTarget,
): Request {
  // Not `new URL(target, base)`, for which //private is a host: gateways do write doubled slashes.
  // A quarter of what it costs with URL and Headers made first: each is taken apart again.
  const request = new Request(`http://${host}${target}`, { method });
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) {
      request.headers.append(name, Array.isArray(value) ? value.join(", ") : value);
    }
  }
  return request;
}

async function refuse(socket: Socket, response: Response): Promise<void> {
  const body = new Uint8Array(await response.arrayBuffer());
  const headers = new Headers(response.headers);
  headers.set("content-length", String(body.length));
  headers.set("connection", "close");
  // Not an idle timeout: a client that trickles bytes would keep its descriptor.
  const timer = setTimeout(() => socket.destroy(), REFUSAL_TIMEOUT);
  socket.once("close", () => clearTimeout(timer));
  socket.resume();
  socket.write(responseHead({ status: response.status, headers }));
  socket.end(body);
}
