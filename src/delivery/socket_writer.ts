import type { Socket } from "node:net";
import process from "node:process";

/** Is told what became of a write that the kernel did not take at once. */
export interface SocketWriterOwner {
  /**
   * The kernel has it all now, or never will.
   *
   * @param bytes the length that was given to {@linkcode write}
   */
  written(bytes: number): void;
}

/** The runtime's end of a socket, below the stream layer. */
interface Handle {
  /** @returns 0, or the negative number of an error */
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number;
}

/** What the runtime holds on to until a write that has to wait is through. */
class WriteRequest {
  #bytes: Uint8Array | undefined;
  #writer: SocketWriterOwner | undefined;
  #socket: Socket | undefined;

  /** The bytes must not be collected before they are written. */
  waits(bytes: Uint8Array, writer: SocketWriterOwner, socket: Socket): void {
    this.#bytes = bytes;
    this.#writer = writer;
    this.#socket = socket;
  }

  /** Called by the runtime. */
  oncomplete(status: number): void {
    if (status !== 0) this.#socket!.destroy();
    this.#writer!.written(this.#bytes!.length);
  }
}

/** For the next write; most writes leave it as it is. */
let spare = new WriteRequest();

/** The runtime's word on the last write: not 0 when it waits. Undefined where it is not to be had. */
const waits = findWaits();

/** Whether writes go past the stream layer in this runtime. */
export const isDirect: boolean = waits !== undefined;

/**
 * Writes to a socket, past the stream layer where the runtime lets us.
 *
 * Fan-out costs what its writes cost. The stream layer makes a request, a callback and more for
 * each, all of it garbage at once, since the kernel takes nearly every write in the call itself.
 * The handle below it wants a request only for what has to wait, so one serves until one waits.
 *
 * Nothing else may write to the socket; `end()` and `destroy()` work as ever.
 *
 * @returns whether the kernel took all of it; if not, `writer.written` is called once, later
 *
 * @example
 * ```ts
 * if (!write(socket, frame, connection)) blocked = true;
 * ```
 */
export function write(socket: Socket, bytes: Uint8Array, writer: SocketWriterOwner): boolean {
  const handle = waits && (socket as Socket & { _handle?: Handle | null })._handle;
  if (!handle) return writeToStream(socket, bytes, writer);
  if (handle.writeBuffer(spare, bytes) !== 0) {
    // A peer that is gone: 'close' follows.
    socket.destroy();
    return true;
  }
  if (waits.state[waits.at] === 0) return true;
  spare.waits(bytes, writer, socket);
  spare = new WriteRequest();
  return false;
}

function writeToStream(socket: Socket, bytes: Uint8Array, writer: SocketWriterOwner): boolean {
  let taken = false;
  let told = false;
  socket.write(bytes, () => {
    taken = true;
    if (told) writer.written(bytes.length);
  });
  if (taken || socket.writableLength === 0) return true;
  told = true;
  return false;
}

/** node:net's own way to learn it, which node:process gives away under this name. */
function findWaits(): { readonly state: Int32Array; readonly at: number } | undefined {
  try {
    const { binding } = process as unknown as { binding(name: string): Record<string, unknown> };
    const { streamBaseState: state, kLastWriteWasAsync: at } = binding("stream_wrap");
    if (state instanceof Int32Array && typeof at === "number") return { state, at };
  } catch {
    // Not every runtime has it.
  }
  return undefined;
}
