import { Buffer } from "node:buffer";
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { CloseCode, encodeFrame, Opcode, ProtocolViolation } from "./frame.ts";

/**
 * permessage-deflate (RFC 7692) without context takeover in either direction: messages are
 * independent, so a frame is compressed once for all clients that negotiated it, and an idle
 * connection holds no window.
 */

/** The answer to an offer that is accepted (RFC 7692 §7.1.1). */
const ACCEPTED = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/** The same where the offer names the server's window, which the answer must repeat (§7.1.2.1). */
const ACCEPTED_WITH_WINDOW = `${ACCEPTED}; server_max_window_bits=15`;

/** The end of a sync flush: not sent, and appended again before inflating (RFC 7692 §7.2.1, §7.2.2). */
const TAIL = new Uint8Array([0x00, 0x00, 0xff, 0xff]);

/** RSV1 marks the first frame of a compressed message (RFC 7692 §6). */
export const RSV1 = 0x40;

/** How a message is compressed. */
export interface DeflateOptions {
  /** Payloads of fewer bytes are sent uncompressed. */
  readonly threshold: number;
  /** 1, fast, to 9, small. */
  readonly level: number;
}

/**
 * Chooses among a client's offers of extensions (RFC 6455 §9.1, RFC 7692 §5).
 *
 * @param header `Sec-WebSocket-Extensions` of the request
 * @returns the same header for the answer; `undefined` when no offer is acceptable
 *
 * @example
 * ```ts
 * negotiateDeflate("permessage-deflate; client_max_window_bits");
 * // "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
 * ```
 */
export function negotiateDeflate(header: string | null): string | undefined {
  // In the order of the client's preference (RFC 7692 §5.1).
  for (const offer of header?.split(",") ?? []) {
    const answer = answerTo(offer);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

/** An offer with an unknown, repeated or invalid parameter is declined (RFC 7692 §7.1). */
function answerTo(offer: string): string | undefined {
  const [name, ...parameters] = offer.split(";").map((part) => part.trim());
  if (name?.toLowerCase() !== "permessage-deflate") return undefined;
  const seen = new Set<string>();
  const acceptable = parameters.every((parameter) => {
    const [key = "", value] = parameter.split("=").map((part) => part.trim());
    if (seen.has(key)) return false;
    seen.add(key);
    switch (key) {
      case "server_no_context_takeover":
      case "client_no_context_takeover":
        return value === undefined;
      case "client_max_window_bits":
        // The client may use any window, named in the answer or not: inflating takes the largest.
        return value === undefined || isWindow(value);
      case "server_max_window_bits":
        // A client with a smaller window could not share compressed frames with the others.
        return value !== undefined && unquoted(value) === "15";
      default:
        return false;
    }
  });
  if (!acceptable) return undefined;
  return seen.has("server_max_window_bits") ? ACCEPTED_WITH_WINDOW : ACCEPTED;
}

function unquoted(value: string): string {
  return /^"(.*)"$/.exec(value)?.[1] ?? value;
}

function isWindow(value: string): boolean {
  return /^([89]|1[0-5])$/.test(unquoted(value));
}

/**
 * A text frame with a compressed payload; an uncompressed one where compression gains nothing (a
 * message may be sent uncompressed at any time, RFC 7692 §6).
 *
 * @param payload the text, in UTF-8
 * @param plain returns the uncompressed frame
 */
export function deflatedTextFrame(
  payload: Uint8Array,
  { threshold, level }: DeflateOptions,
  plain: () => Uint8Array,
): Uint8Array {
  if (payload.length < threshold) return plain();
  const flushed = deflateRawSync(payload, { level, finishFlush: constants.Z_SYNC_FLUSH });
  const compressed = flushed.subarray(0, flushed.length - TAIL.length);
  if (compressed.length >= payload.length) return plain();
  return encodeFrame(Opcode.Text | RSV1, compressed);
}

/**
 * Decompresses a message's payload (RFC 7692 §7.2.2).
 *
 * @param max bytes of the result; inflating stops when there would be more
 * @throws {ProtocolViolation} the result is larger (1009), or this is not deflate data (1007)
 */
export function inflate(compressed: Uint8Array, max: number): Uint8Array {
  try {
    return inflateRawSync(Buffer.concat([compressed, TAIL]), {
      finishFlush: constants.Z_SYNC_FLUSH,
      maxOutputLength: max,
    });
  } catch (error) {
    if ((error as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE") {
      throw new ProtocolViolation(CloseCode.MessageTooBig, "message too big");
    }
    throw new ProtocolViolation(CloseCode.InvalidPayload, "message cannot be inflated");
  }
}
