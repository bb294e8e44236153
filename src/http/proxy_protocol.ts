import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { readAddress } from "./address.ts";

/** The first bytes of every header of version 2. */
const SIGNATURE = new Uint8Array([
  ...[0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d],
  ...[0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a],
]);

/** The first bytes of every header of version 1, and the maximum size with its line end. */
const V1_PREFIX = new TextEncoder().encode("PROXY ");
const V1_MAX_BYTES = 107;

/** Bytes of version 2 before its addresses, and the maximum size with addresses and extensions. */
const V2_FIXED_BYTES = 16;
const V2_MAX_BYTES = 2048;

/** A header that is complete. */
export interface ProxyHeader {
  /** The client's address; `undefined` for the proxy's own connections, and if it is unknown. */
  readonly address: string | undefined;
  /** Size of the header in bytes. */
  readonly length: number;
}

/**
 * Reads the PROXY protocol header that a connection begins with, in version 1 or 2 (The PROXY protocol,
 * HAProxy 2020/03/05, §2.1 and §2.2).
 *
 * @param bytes of the connection so far
 *
 * @example
 * ```ts
 * const bytes = new TextEncoder().encode("PROXY TCP4 203.0.113.9 10.0.0.1 4711 80\r\nGET /");
 * readProxyHeader(bytes); // { address: "203.0.113.9", length: 41 }
 * ```
 */
export function readProxyHeader(bytes: Uint8Array): ProxyHeader | "incomplete" | "invalid" {
  if (startsWith(bytes, SIGNATURE)) return readV2(bytes);
  if (startsWith(bytes, V1_PREFIX)) return readV1(bytes);
  const isBeginning = startsWith(SIGNATURE, bytes) || startsWith(V1_PREFIX, bytes);
  return isBeginning ? "incomplete" : "invalid";
}

/**
 * Removes the header from a connection, before anything else reads from it. A connection that does
 * not begin with one is cut.
 *
 * @param done called with the client's address when the header is complete
 */
export function takeProxyHeader(socket: Socket, done: (address: string | undefined) => void): void {
  let bytes: Uint8Array = new Uint8Array();
  const read = () => {
    for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) {
      bytes = Buffer.concat([bytes, chunk as Uint8Array]);
    }
    const header = readProxyHeader(bytes);
    if (header === "incomplete") return;
    socket.off("readable", read);
    socket.off("error", ignore);
    if (header === "invalid") return void socket.destroy();
    const rest = bytes.subarray(header.length);
    if (rest.length > 0) socket.unshift(rest);
    done(header.address);
  };
  socket.on("error", ignore);
  socket.on("readable", read);
}

// The client may disconnect meanwhile.
function ignore(): void {}

function readV1(bytes: Uint8Array): ProxyHeader | "incomplete" | "invalid" {
  const text = new TextDecoder("latin1").decode(bytes.subarray(0, V1_MAX_BYTES));
  const end = text.indexOf("\r\n");
  if (end === -1) return bytes.length < V1_MAX_BYTES ? "incomplete" : "invalid";
  const length = end + 2;
  const [, protocol, source, , ...ports] = text.slice(0, end).split(" ");
  if (protocol === "UNKNOWN") return { address: undefined, length };
  const address = source === undefined ? undefined : readAddress(source);
  const isKnown = protocol === "TCP4" || protocol === "TCP6";
  if (!isKnown || address === undefined || ports.length !== 2) return "invalid";
  return { address, length };
}

function readV2(bytes: Uint8Array): ProxyHeader | "incomplete" | "invalid" {
  if (bytes.length < V2_FIXED_BYTES) return "incomplete";
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [version, command] = [bytes[12]! >> 4, bytes[12]! & 0x0f];
  const family = bytes[13]! >> 4;
  const size = view.getUint16(14);
  const length = V2_FIXED_BYTES + size;
  if (version !== 2 || command > 1 || length > V2_MAX_BYTES) return "invalid";
  if (bytes.length < length) return "incomplete";
  // LOCAL: a connection of the proxy itself, such as a health check.
  if (command === 0) return { address: undefined, length };
  if (family === 1 && size >= 12) {
    return { address: bytes.subarray(16, 20).join("."), length };
  }
  if (family === 2 && size >= 36) {
    const groups = Array.from({ length: 8 }, (_, at) => view.getUint16(16 + 2 * at).toString(16));
    return { address: readAddress(groups.join(":")), length };
  }
  return family === 1 || family === 2 ? "invalid" : { address: undefined, length };
}

function startsWith(bytes: Uint8Array, beginning: Uint8Array): boolean {
  return bytes.length >= beginning.length && beginning.every((byte, at) => bytes[at] === byte);
}
