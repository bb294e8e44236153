/** The stream's name, up to the payload. */
const EVENT = /^\s*\{\s*("(?:[^"\\]|\\.)*")\s*:\s*/;
/** What an event has behind its payload, when the client has asked for it. */
const CURSOR = /,"cursor":"([\w-]{1,40})"\}$/;
/** Messages about the completeness of data are not events. */
const STATUS = /^\{"status":\{"message":"/;

/** The position of an event in the server's log, if there is one. */
export function cursorOf(text: string): string | undefined {
  return CURSOR.exec(text)?.[1];
}

/**
 * A message of the server as one line of JSON, without its cursor.
 *
 * @param text as received
 * @returns undefined for messages that are not events: answers and pongs
 * @example
 * ```ts
 * eventJson('{"btcusd.trades":\n{"trades":[]}}'); // '{"btcusd.trades": {"trades":[]}}'
 * ```
 */
export function eventJson(text: string): string | undefined {
  return streamOf(text) === undefined ? undefined : inOneLine(withoutCursor(text));
}

/**
 * A message of the server on one line for people: time, stream, payload.
 *
 * @param at shown in local time
 * @returns undefined for messages that are not events
 * @example
 * ```ts
 * eventLine('{"btcusd.trades":{"trades":[]}}', new Date());
 * // '11:29:03.120  btcusd.trades  {"trades":[]}'
 * ```
 */
export function eventLine(text: string, at: Date): string | undefined {
  const stream = streamOf(text);
  if (stream === undefined) return undefined;
  const event = withoutCursor(text);
  const payload = event.slice(EVENT.exec(event)![0].length, event.lastIndexOf("}")).trimEnd();
  return `${clock(at)}  ${inOneLine(stream)}  ${inOneLine(payload)}`;
}

/** The name that an event came under; undefined for messages that are not events. */
export function streamOf(text: string): string | undefined {
  const quoted = EVENT.exec(text)?.[1];
  if (quoted === undefined || quoted === '"success"' || quoted === '"error"') return undefined;
  if (STATUS.test(text) && !CURSOR.test(text)) return undefined;
  return JSON.parse(quoted);
}

/** The message as clients receive it that have not asked for cursors. */
function withoutCursor(text: string): string {
  return text.replace(CURSOR, "}");
}

/** Line breaks between the parts of JSON have no meaning. */
function inOneLine(json: string): string {
  return printable(json.replace(/[\r\n]+/g, " "));
}

/**
 * A text with its control and format characters escaped as JSON does: nothing that an exchange
 * publishes may move the terminal's cursor, or reorder the text by bidirectional controls.
 */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (character) =>
      Array.from(
        { length: character.length },
        (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`,
      ).join(""),
  );
}

function clock(at: Date): string {
  const two = (number: number) => String(number).padStart(2, "0");
  const seconds = `${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, "0")}`;
  return `${two(at.getHours())}:${two(at.getMinutes())}:${seconds}`;
}
