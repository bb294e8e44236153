import type { Delivery } from "./deliveries.ts";

/** Bytes of the body's beginning and of its end that are read. */
const BYTES = 256;

/**
 * A number by which an event is recognised when it is read again at the same offset: FNV-1a, 32 bits,
 * of the routing key, the body's length, its beginning and its end.
 */
export function fingerprint({ routingKey, body }: Pick<Delivery, "routingKey" | "body">): number {
  let hash = 0x811c9dc5 ^ body.length;
  for (let at = 0; at < routingKey.length; at++) hash = mix(hash, routingKey.charCodeAt(at));
  const head = Math.min(BYTES, body.length);
  for (let at = 0; at < head; at++) hash = mix(hash, body[at]!);
  for (let at = Math.max(head, body.length - BYTES); at < body.length; at++) {
    hash = mix(hash, body[at]!);
  }
  return hash >>> 0;
}

function mix(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x01000193);
}
