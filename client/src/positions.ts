/** Whether a stream is restricted to a role, as `admin.btcusd.orders` is. */
export function isPrefixed(name: string): boolean {
  return name.split(".").length === 3;
}

/** A role stream's events arrive without the role's prefix. */
export function withoutPrefix(name: string): string {
  return isPrefixed(name) ? name.slice(name.indexOf(".") + 1) : name;
}

/**
 * Where each stream is in the server's log, to continue there on the next connection (protocol,
 * section 9). Cursors cannot be compared. But the server sends all that a connection has missed in
 * the order of the log, merged with its live streams, so one position is enough for all streams that
 * are up to date. Streams that catch up have their own.
 */
export class Positions {
  readonly #unknown: string | undefined;
  /** Position of all streams that are held and not in {@linkcode Positions.#at}. */
  #head: string | undefined;
  /** Cursor of the last event on this connection. */
  #latest: string | undefined;
  /** Streams that are elsewhere; a number for one that begins with that many recent events. */
  readonly #at = new Map<string, string | number>();
  /** Streams that the server has confirmed on this connection. */
  readonly #held = new Set<string>();
  /** Those of them that may still be sent older events. */
  readonly #catching = new Set<string>();

  /** @param unknown the position of streams that are lost before the first event */
  constructor(unknown: string | undefined) {
    this.#unknown = unknown;
  }

  /** The position of all streams, if they have the same. */
  get cursor(): string | undefined {
    return this.#at.size ? undefined : this.#head;
  }

  /** The position to subscribe with; none for a stream that begins now. */
  of(name = ""): string | number | undefined {
    return this.#at.get(name);
  }

  /** A stream begins, or ends. @param start where it begins, if not now */
  reset(name: string, start?: string | number): void {
    this.#held.delete(name);
    this.#catching.delete(name);
    if (start) this.#at.set(name, start);
    else this.#at.delete(name);
  }

  /** The server has confirmed a stream. */
  hold(name: string): void {
    this.#held.add(name);
    if (this.#at.has(name)) this.#catching.add(name);
  }

  /** An event of this stream has arrived. */
  moved(stream: string, cursor: string): void {
    this.#latest = cursor;
    // A book is subscribed under the name of its increments.
    const event = stream.replace("-snap", "-inc");
    const isHeld = (name: string) => this.#held.has(name);
    if (!this.#at.size && [event, event.split(".")[0]!].some(isHeld)) {
      this.#head = cursor;
      return;
    }
    const names = [...this.#held].filter((name) =>
      `${event}.`.startsWith(`${withoutPrefix(name)}.`)
    );
    const own = names.filter((name) => this.#catching.has(name));
    if (own[0]) {
      const from = this.#at.get(own[0]);
      for (const name of this.#catching) {
        // Those at the same position catch up together; bare names only once authenticated.
        const isBeside = name.includes(".") && this.#at.get(name) === from;
        if (isBeside || own.includes(name)) this.#at.set(name, cursor);
      }
    } else if (names[0]) {
      // A live event: what others had missed before it was sent before it.
      this.#head = cursor;
      for (const name of this.#held) {
        if (name.includes(".")) this.#catching.delete(name);
        if (!this.#catching.has(name)) this.#at.delete(name);
      }
    }
  }

  /** The server has sent what was missed of these streams, or it cannot. */
  caughtUp(names: readonly string[]): void {
    const latest = this.#latest;
    const isAll = latest && [...this.#held].every((name) => names.includes(name));
    if (isAll) this.#head = latest;
    for (const name of names) {
      if (!this.#catching.delete(name)) continue;
      if (isAll) this.#at.delete(name);
      else if (latest) this.#at.set(name, latest);
    }
  }

  /** The connection was lost, or these streams have ended with their token. */
  suspend(names: Iterable<string> = this.#held): void {
    for (const name of names) {
      if (!this.#held.has(name)) continue;
      const at = this.#at.get(name);
      const start = typeof at === "string" ? at : this.#head ?? this.#unknown;
      this.reset(name, start);
    }
    if (!this.#held.size) this.#latest = undefined;
  }
}
