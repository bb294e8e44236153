/**
 * Events whose number, size and content differ, so that a client that receives them
 * finds out what is missing, doubled, out of order, cut or mixed up.
 */

/** Bytes of a message to a client that frames are apt to get wrong, and the usual ones. */
const EDGES = [125, 126, 124, 127, 65_535, 65_536, 65_534, 65_537, 20_000, 2_000];
const EDGE_EVERY = 40;

/**
 * The body of the n-th event of a stream. Every so often one whose whole message has a length at
 * which the frame's header changes; otherwise 50 to 300 bytes.
 *
 * @param n from 1 on
 * @param messageBytes of the whole message, instead of one of those
 * @example
 * ```ts
 * numberedEvent("a.load", 1); // {"n":1,"fill":"bbbb…"}
 * ```
 */
export function numberedEvent(stream: string, n: number, messageBytes = bytesOf(n)): string {
  const [begin, end] = [`{"n":${n},"fill":"`, '"}'];
  const envelope = `{"${stream}":}`;
  const room = messageBytes - envelope.length - begin.length - end.length;
  return begin + letterOf(n).repeat(Math.max(0, room)) + end;
}

/**
 * Whether a message is exactly that event.
 *
 * @returns what is wrong with it; undefined when nothing is
 */
export function wrongWith(message: string, stream: string, n: number, bytes?: number) {
  if (message === `{"${stream}":${numberedEvent(stream, n, bytes)}}`) return undefined;
  const shown = message.length > 80 ? `${message.slice(0, 80)}… (${message.length})` : message;
  return `instead of event ${n} of ${stream} came ${shown}`;
}

function bytesOf(n: number): number {
  if (n % EDGE_EVERY === 0) return EDGES[(n / EDGE_EVERY) % EDGES.length]!;
  return 50 + (n * 37) % 251;
}

function letterOf(n: number): string {
  return String.fromCharCode(97 + n % 26);
}
