import type { Socket } from "node:net";
import { streamState } from "./stream_state.ts";

/** Whose bytes are written: touched only when the kernel does not take them at once. */
export interface SocketWriterOwner {
  /** Nothing else may write to it; `end()` and `destroy()` work as usual. */
  readonly socket: Socket;
  /**
   * The kernel has taken the whole write, or the socket is gone.
   *
   * @param bytes the length that was given to {@linkcode write}
   */
  writeCompleted(bytes: number): void;
}

/** The runtime's end of a socket, below the stream layer. Once closed it answers with an error. */
export interface SocketHandle {
  /** @returns 0, or the negative number of an error */
  writeBuffer(request: object, bytes: Uint8Array): number;
}

/** What the runtime references until a blocked write is completed. */
class WriteRequest {
  #bytes: Uint8Array | undefined;
  #owner: SocketWriterOwner | undefined;

  /** References the bytes, which must not be garbage-collected before they are written. */
  keep(bytes: Uint8Array, owner: SocketWriterOwner): void {
    this.#bytes = bytes;
    this.#owner = owner;
  }

  /** Called by the runtime. */
  oncomplete(status: number): void {
    if (status !== 0) this.#owner!.socket.destroy();
    this.#owner!.writeCompleted(this.#bytes!.length);
  }
}

/** For the next write. Most writes do not block and leave it as it is. */
let spareRequest = new WriteRequest();

/** Where the runtime says whether the last write blocked; `undefined` in runtimes without it. */
const lastWriteBlocked = streamState("kLastWriteWasAsync");

/** Whether writes bypass the stream layer in this runtime. */
export const isDirect: boolean = lastWriteBlocked !== undefined;

/**
 * The handle of a connected socket, for {@linkcode write}; `undefined` where the runtime has none that
 * can be written to.
 */
export function handleOf(socket: Socket): SocketHandle | undefined {
  const { _handle } = socket as Socket & { _handle?: SocketHandle | null };
  return lastWriteBlocked && _handle ? _handle : undefined;
}

/**
 * Writes to a socket, bypassing the stream layer where the runtime allows it.
 *
 * The cost of fan-out is the cost of its writes. The stream layer makes a request, a callback and
 * more for each, all of it garbage at once, since the kernel takes nearly every write in the call
 * itself. The handle below it needs a request only for a write that blocks, so one request serves
 * until a write does. The handle is a parameter, because after a system call nothing of a connection
 * is in the processor's cache: what is not touched is saved.
 *
 * @param handle of the owner's socket, from {@linkcode handleOf}
 * @returns whether the kernel took all of it; if not, `owner.writeCompleted` is called once, later
 *
 * @example
 * ```ts
 * declare const [owner, frame]: [SocketWriterOwner, Uint8Array];
 * let blockedBytes = 0;
 * if (!write(handleOf(owner.socket), frame, owner)) blockedBytes += frame.length;
 * ```
 */
export function write(
  handle: SocketHandle | undefined,
  bytes: Uint8Array,
  owner: SocketWriterOwner,
): boolean {
  if (handle === undefined || lastWriteBlocked === undefined) return writeToStream(bytes, owner);
  if (handle.writeBuffer(spareRequest, bytes) !== 0) {
    // The client is gone: 'close' follows.
    owner.socket.destroy();
    return true;
  }
  if (lastWriteBlocked.state[lastWriteBlocked.index] === 0) return true;
  spareRequest.keep(bytes, owner);
  spareRequest = new WriteRequest();
  return false;
}

function writeToStream(bytes: Uint8Array, owner: SocketWriterOwner): boolean {
  const { socket } = owner;
  let completed = false;
  let blocked = false;
  socket.write(bytes, () => {
    completed = true;
    if (blocked) owner.writeCompleted(bytes.length);
  });
  if (completed || socket.writableLength === 0) return true;
  blocked = true;
  return false;
}
