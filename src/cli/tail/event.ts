/** The stream's name, up to the payload. */
const EVENT = /^\s*\{\s*("(?:[^"\\]|\\.)*")\s*:\s*/;

/**
 * A message of the server as one line of JSON.
 *
 * @param text as received
 * @returns undefined for messages that are not events: answers and pongs
 * @example
 * ```ts
 * eventJson('{"btcusd.trades":\n{"trades":[]}}'); // '{"btcusd.trades": {"trades":[]}}'
 * ```
 */
export function eventJson(text: string): string | undefined {
  return streamOf(text) === undefined ? undefined : inOneLine(text);
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
  const payload = text.slice(EVENT.exec(text)![0].length, text.lastIndexOf("}")).trimEnd();
  return `${clock(at)}  ${inOneLine(stream)}  ${inOneLine(payload)}`;
}

function streamOf(text: string): string | undefined {
  const quoted = EVENT.exec(text)?.[1];
  if (quoted === undefined || quoted === '"success"' || quoted === '"error"') return undefined;
  return JSON.parse(quoted);
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
