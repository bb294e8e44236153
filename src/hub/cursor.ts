/** Where a client is in the source's log, as text that it can come back with (protocol, section 9). */

/** The form of an event: `{"name":payload}`, or `["name",payload]` for the clients of 2018. */
export type Envelope = "object" | "tuple";

/** A position in a log: everything up to and including the event at this offset was received. */
export interface Cursor {
  /** The name of the log. */
  readonly log: string;
  readonly offset: number;
}

/** The offset and the name of the log: at most 11 + 1 + 16 characters. */
const FORM = /^([0-9a-z]{1,11})-([0-9a-z]{8,16})$/;

/** Stands for the log's name as long as it is not known: no client can resume with it. */
const UNKNOWN_LOG = "0";

/**
 * @example
 * ```ts
 * formatCursor({ log: "k3j9x0q1z7d", offset: 71 }); // "1z-k3j9x0q1z7d"
 * ```
 */
export function formatCursor({ log, offset }: Cursor): string {
  return `${offset.toString(36)}-${log}`;
}

/**
 * Reads what {@linkcode formatCursor} has written.
 *
 * @returns `undefined` for any other text
 */
export function parseCursor(text: string): Cursor | undefined {
  const [, digits = "", log = ""] = FORM.exec(text) ?? [];
  const offset = Number.parseInt(digits, 36);
  if (!Number.isSafeInteger(offset) || offset.toString(36) !== digits) return undefined;
  return { log, offset };
}

const encoder = new TextEncoder();

/**
 * The position of the log that was delivered last, and the end of an event with its cursor. The end
 * is encoded once for each position and envelope, and only when a client gets cursors.
 *
 * @example
 * ```ts
 * const cursors = new Cursors();
 * cursors.open("k3j9x0q1z7d");
 * cursors.moveTo(71);
 * cursors.ending("object"); // the bytes of `,"cursor":"1z-k3j9x0q1z7d"}`
 * ```
 */
export class Cursors {
  #log: string | undefined;
  #offset = -1;
  readonly #endings: Record<Envelope, Uint8Array | undefined> = {
    object: undefined,
    tuple: undefined,
  };
  #text: string | undefined;

  /** The name of the log; `undefined` as long as it is not known. */
  get log(): string | undefined {
    return this.#log;
  }

  /** Offset of the event delivered last; -1 before the first. */
  get offset(): number {
    return this.#offset;
  }

  /** The log has a name, or another one. */
  open(log: string): void {
    this.#log = log;
    this.#forget();
  }

  /** Another log begins, of which the name is not known yet. */
  close(): void {
    this.#log = undefined;
    this.#offset = -1;
    this.#forget();
  }

  moveTo(offset: number): void {
    this.#offset = offset;
    this.#text = undefined;
    if (this.#endings.object !== undefined || this.#endings.tuple !== undefined) this.#forget();
  }

  /** The cursor of the current position. */
  get text(): string {
    return this.#text ??= this.textAt(this.#offset);
  }

  /** The cursor of a position. */
  textAt(offset: number): string {
    return formatCursor({ log: this.#log ?? UNKNOWN_LOG, offset });
  }

  /** How an event at the current position ends; the same object until the position changes. */
  ending(envelope: Envelope): Uint8Array {
    return this.#endings[envelope] ??= this.endingAt(this.#offset, envelope);
  }

  /** How an event at a position ends. */
  endingAt(offset: number, envelope: Envelope): Uint8Array {
    const text = this.textAt(offset);
    return encoder.encode(envelope === "object" ? `,"cursor":"${text}"}` : `,"${text}"]`);
  }

  #forget(): void {
    this.#text = undefined;
    this.#endings.object = undefined;
    this.#endings.tuple = undefined;
  }
}
