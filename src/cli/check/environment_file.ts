/** Characters that a backslash in double quotes takes away from the shell; others keep it. */
const ESCAPED_IN_QUOTES = '"\\`$';

/** A name that systemd takes for a variable; it skips lines with others. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Parses an environment file as systemd reads it for `EnvironmentFile=` (systemd.exec(5);
 * src/basic/env-file.c of systemd 254 is the model): `NAME=value` lines, comments, single and double
 * quotes, backslash escapes, and lines continued by a backslash. Nothing is expanded.
 *
 * @returns values by name; of a repeated name the last one
 *
 * @example
 * ```ts
 * parseEnvironmentFile('# secrets\nRABBITMQ_PASSWORD="a b"\n').get("RABBITMQ_PASSWORD"); // "a b"
 * ```
 */
export function parseEnvironmentFile(text: string): Map<string, string> {
  const found = new Map<string, string>();
  let at = 0;
  while (at < text.length) {
    if (/\s/.test(text[at]!)) {
      at++;
    } else if (text[at] === "#" || text[at] === ";") {
      at = endOfLine(text, at);
    } else {
      const equals = text.indexOf("=", at);
      const end = endOfLine(text, at);
      if (equals === -1 || equals > end) {
        at = end;
        continue;
      }
      const name = text.slice(at, equals).trimEnd();
      const [value, after] = readValue(text, equals + 1);
      if (NAME.test(name)) found.set(name, value);
      at = after;
    }
  }
  return found;
}

/** @returns the value that begins at `at`, and where its last line ends */
function readValue(text: string, at: number): [value: string, end: number] {
  let value = "";
  /** Length of the value without white space at its end, which only counts in quotes. */
  let kept = 0;
  let between = true;
  while (at < text.length && text[at] !== "\n") {
    const character = text[at++]!;
    if (between && (character === "'" || character === '"')) {
      [value, at] = readQuoted(text, at, character, value);
      kept = value.length;
    } else if (character === "\\") {
      const next = text[at++] ?? "";
      if (next !== "\n") value += next;
      kept = value.length;
      between = false;
    } else if (/\s/.test(character)) {
      if (!between) value += character;
    } else {
      value += character;
      kept = value.length;
      between = false;
    }
  }
  return [value.slice(0, kept), at];
}

function readQuoted(text: string, at: number, quote: string, value: string): [string, number] {
  while (at < text.length && text[at] !== quote) {
    const character = text[at++]!;
    if (character !== "\\" || quote === "'") {
      value += character;
      continue;
    }
    const next = text[at++] ?? "";
    if (ESCAPED_IN_QUOTES.includes(next)) value += next;
    else if (next !== "\n") value += `\\${next}`;
  }
  return [value, at + 1];
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end === -1 ? text.length : end;
}
