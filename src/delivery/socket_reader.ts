import type { Socket } from "node:net";
import { streamState } from "./stream_state.ts";

/** Whose bytes are read. */
export interface SocketReaderOwner {
  /** @param bytes that are overwritten by the next read: what must outlive the call is copied */
  received(bytes: Uint8Array): void;
}

/** From a socket or its handle to the owner, so that all of them share the same functions. */
const OWNER = Symbol("owner");

/** The runtime's end of a socket, below the stream layer. */
interface ReadHandle {
  [OWNER]?: SocketReaderOwner;
  reading: boolean;
  /** Called for each read, its end and its failure; `readStart` takes what it is then. */
  onread: (this: ReadHandle, bytes: unknown) => void;
  /** @returns 0, or the negative number of an error */
  readStart(): number;
  readStop(): number;
  useUserBuffer?(buffer: Uint8Array): void;
}

type ReadSocket = Socket & { _handle?: ReadHandle | null; [OWNER]?: SocketReaderOwner };

/**
 * Bytes of one read, for all sockets: an owner is called before the next read. It bounds what a
 * client that has to wait can make the process hold, and clients send little.
 */
const READ_BYTES = 16_384;
const buffer = new Uint8Array(READ_BYTES);

/** Where the runtime says how much it has read; `undefined` in runtimes without it. */
const lastRead = streamState("kReadBytesOrError");

/** What the stream layer does with a read: of the end and of failures it still hears. */
let streamRead: ReadHandle["onread"] | undefined;

/**
 * Reads from a socket, bypassing the stream layer where the runtime allows it: that makes a buffer,
 * an event and more for each read, which costs as much as most messages. `end`, `error` and `close`
 * of the socket come as usual; nothing else may read from it.
 *
 * @param head bytes that were read from it before
 *
 * @example
 * ```ts
 * import type { Socket } from "node:net";
 * declare const [socket, head]: [Socket, Uint8Array];
 * beginReading(socket, head, { received: (bytes) => console.log(bytes.length) });
 * stopReading(socket); // TCP holds the client back
 * continueReading(socket);
 * ```
 */
export function beginReading(socket: Socket, head: Uint8Array, owner: SocketReaderOwner): void {
  const early = [head];
  // What came while nobody read.
  for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) early.push(chunk);
  if (!takeOver(socket, owner)) readFromStream(socket, owner);
  for (const bytes of early) if (bytes.length > 0) owner.received(bytes);
}

/** Reads no more, so that TCP holds the client back. Its end is not noticed either. */
export function stopReading(socket: Socket): void {
  const handle = directHandleOf(socket);
  if (handle === undefined) return void socket.pause();
  handle.reading = false;
  handle.readStop();
}

/** Reads again after {@linkcode stopReading}. Does nothing where it was not called. */
export function continueReading(socket: Socket): void {
  const handle = directHandleOf(socket);
  if (handle === undefined) return void socket.resume();
  if (handle.reading) return;
  handle.reading = true;
  handle.readStart();
}

function takeOver(socket: ReadSocket, owner: SocketReaderOwner): boolean {
  const { _handle: handle } = socket;
  if (!handle?.useUserBuffer || lastRead === undefined) return false;
  try {
    handle.useUserBuffer(buffer);
  } catch {
    // Older runtimes have it and throw that it is not implemented.
    return false;
  }
  handle.readStop();
  streamRead ??= handle.onread;
  handle.onread = onRead;
  handle[OWNER] = owner;
  handle.reading = true;
  handle.readStart();
  return true;
}

function onRead(this: ReadHandle, bytes: unknown): void {
  const length = lastRead!.state[lastRead!.index]!;
  if (length > 0) this[OWNER]!.received(buffer.subarray(0, length));
  else streamRead!.call(this, bytes);
}

function directHandleOf({ _handle }: ReadSocket): ReadHandle | undefined {
  return _handle?.[OWNER] ? _handle : undefined;
}

function readFromStream(socket: ReadSocket, owner: SocketReaderOwner): void {
  socket[OWNER] = owner;
  socket.on("data", onData);
}

function onData(this: ReadSocket, chunk: Uint8Array): void {
  this[OWNER]?.received(chunk);
}
