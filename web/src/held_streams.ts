import { make, part, write } from "./dom.ts";
import { Meter } from "./meter.ts";
import { bytes } from "./numbers.ts";

interface Held {
  readonly meter: Meter;
  readonly row: HTMLTableRowElement;
  readonly cells: readonly HTMLElement[];
}

/** The table of subscriptions, with the traffic of each. */
export class HeldStreams {
  readonly #body = part("held");
  readonly #held = new Map<string, Held>();
  readonly #release: (name: string) => void;

  /** @param release called when the user unsubscribes from a stream */
  constructor(release: (name: string) => void) {
    this.#release = release;
  }

  get names(): string[] {
    return [...this.#held.keys()];
  }

  has(name: string): boolean {
    return this.#held.has(name);
  }

  add(name: string): void {
    const cells = [make("td"), make("td"), make("td")];
    const button = make("button", { "aria-label": `Unsubscribe ${name}` }, "✕");
    button.onclick = () => this.#release(name);
    const row = make("tr", {}, make("td", {}, name), ...cells, make("td", {}, button));
    this.#body.append(row);
    this.#held.set(name, { meter: new Meter(), row, cells });
  }

  remove(name: string): void {
    this.#held.get(name)?.row.remove();
    this.#held.delete(name);
  }

  /**
   * Counts a message for the subscriptions that match it: the stream's name, its market's bare
   * name, or a role stream; a snapshot counts for the increments.
   */
  count(stream: string, length: number): void {
    for (const [name, { meter }] of this.#held) {
      const own = name === stream || name === stream.replace(/-snap$/, "-inc") ||
        stream.startsWith(`${name}.`) || name.endsWith(`.${stream}`);
      if (own) meter.add(length);
    }
  }

  /** @param now milliseconds of a monotonic clock */
  draw(now: number): void {
    for (const { meter, cells } of this.#held.values()) {
      const rates = meter.rates(now);
      write(cells[0]!, rates.messages.toFixed(1));
      write(cells[1]!, bytes(rates.bytes));
      write(cells[2]!, String(meter.messages));
    }
  }
}
