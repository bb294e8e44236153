import { byId, copy, make, part, write } from "./dom.ts";
import { bytes, clock, visible } from "./numbers.ts";
import { seldom } from "./screen.ts";

/** A message as received. */
interface Message {
  readonly text: string;
  readonly at: number;
  readonly number: number;
}

/** Maximum messages in memory, and in the list. */
const MAX_KEPT_MESSAGES = 1000;
const MAX_SHOWN_MESSAGES = 100;
/** Maximum characters shown of a message; copies are complete. */
const MAX_SHOWN_CHARACTERS = 600;

/** Raw messages, newest first, with pause, filter and copy. */
export class MessageLog {
  readonly #list = byId("messages", HTMLOListElement);
  readonly #filter = byId("filter", HTMLInputElement);
  readonly #pause = byId("pause", HTMLButtonElement);
  readonly #changed = seldom.drawing(() => this.#draw());
  #kept: Message[] = [];
  /** While paused: the messages shown, and the number received before the pause. */
  #frozen: { readonly messages: readonly Message[]; readonly count: number } | undefined;
  #count = 0;
  /** Number of the newest message in the list. */
  #drawn = 0;

  constructor() {
    this.#filter.oninput = () => this.#redraw();
    this.#pause.onclick = () => {
      this.#frozen = this.#frozen ? undefined : { messages: [...this.#kept], count: this.#count };
      this.#pause.setAttribute("aria-pressed", String(this.#frozen !== undefined));
      this.#redraw();
    };
    byId("clear", HTMLButtonElement).onclick = () => {
      this.#kept = [];
      if (this.#frozen) this.#frozen = { messages: [], count: this.#count };
      this.#redraw();
    };
    const button = byId("copy", HTMLButtonElement);
    button.onclick = () => copy(button, this.#matching().map(({ text }) => text).join("\n"));
  }

  add(text: string): void {
    this.#kept.push({ text, at: Date.now(), number: ++this.#count });
    // Not at each message, because shifting a thousand entries takes time.
    if (this.#kept.length >= MAX_KEPT_MESSAGES * 2) {
      this.#kept = this.#kept.slice(-MAX_KEPT_MESSAGES);
    }
    this.#changed();
  }

  /** The messages that can be shown. */
  #there(): readonly Message[] {
    return this.#frozen?.messages ?? this.#kept;
  }

  #matching(): Message[] {
    const wanted = this.#filter.value.trim().toLowerCase();
    const all = this.#there().slice(-MAX_KEPT_MESSAGES);
    return wanted ? all.filter(({ text }) => text.toLowerCase().includes(wanted)) : all;
  }

  #redraw(): void {
    this.#drawn = 0;
    this.#list.replaceChildren();
    // Drawn immediately, because the user asked for it.
    this.#draw();
  }

  #draw(): void {
    const frozen = this.#frozen;
    const shown = this.#matching().slice(-MAX_SHOWN_MESSAGES);
    const fresh = shown.filter(({ number }) => number > this.#drawn);
    this.#drawn = shown.at(-1)?.number ?? this.#drawn;
    this.#list.prepend(...fresh.toReversed().map(line));
    while (this.#list.childElementCount > MAX_SHOWN_MESSAGES) this.#list.lastElementChild!.remove();
    const note = part("messages-note");
    note.hidden = shown.length > 0;
    write(
      note,
      this.#there().length > 0
        ? "No message matches the filter."
        : frozen
        ? "Paused with an empty list."
        : "No messages yet.",
    );
    write(
      part("messages-legend"),
      frozen ? `Paused; ${this.#count - frozen.count} more received.` : "",
    );
  }
}

function line({ text, at }: Message): HTMLElement {
  const more = text.length - MAX_SHOWN_CHARACTERS;
  const shown = more > 0 ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}… and ${bytes(more)} more` : text;
  return make("li", {}, make("time", {}, clock(at)), make("span", {}, visible(shown)));
}
