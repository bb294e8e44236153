import { byId, copy, make, part, write } from "./dom.ts";
import { bytes, clock } from "./numbers.ts";
import { seldom } from "./screen.ts";

/** A message as it came. */
interface Message {
  readonly text: string;
  readonly at: number;
  readonly number: number;
}

/** Messages that are kept, and that are shown of them. */
const MAX_KEPT_MESSAGES = 1000;
const MAX_SHOWN_MESSAGES = 100;
/** Characters of a message that are shown; copies have all. */
const MAX_SHOWN_CHARACTERS = 600;

/** Raw messages, newest first: with pause, filter and copy. */
export class MessageLog {
  readonly #list = byId("messages", HTMLOListElement);
  readonly #filter = byId("filter", HTMLInputElement);
  readonly #pause = byId("pause", HTMLButtonElement);
  readonly #changed = seldom.drawing(() => this.#draw());
  #kept: Message[] = [];
  /** What is shown while it is paused, and how many had come until then. */
  #frozen: { readonly messages: readonly Message[]; readonly count: number } | undefined;
  #count = 0;
  /** Newest message in the list. */
  #drawn = 0;

  constructor() {
    this.#filter.oninput = () => this.#anew();
    this.#pause.onclick = () => {
      this.#frozen = this.#frozen ? undefined : { messages: [...this.#kept], count: this.#count };
      this.#pause.setAttribute("aria-pressed", String(this.#frozen !== undefined));
      this.#anew();
    };
    byId("clear", HTMLButtonElement).onclick = () => {
      this.#kept = [];
      if (this.#frozen) this.#frozen = { messages: [], count: this.#count };
      this.#anew();
    };
    const button = byId("copy", HTMLButtonElement);
    button.onclick = () => copy(button, this.#matching().map(({ text }) => text).join("\n"));
  }

  add(text: string): void {
    this.#kept.push({ text, at: Date.now(), number: ++this.#count });
    // Not at each message: moving a thousand is work.
    if (this.#kept.length >= MAX_KEPT_MESSAGES * 2) {
      this.#kept = this.#kept.slice(-MAX_KEPT_MESSAGES);
    }
    this.#changed();
  }

  /** Those that are there to be shown. */
  #there(): readonly Message[] {
    return this.#frozen?.messages ?? this.#kept;
  }

  #matching(): Message[] {
    const wanted = this.#filter.value.trim().toLowerCase();
    const all = this.#there().slice(-MAX_KEPT_MESSAGES);
    return wanted ? all.filter(({ text }) => text.toLowerCase().includes(wanted)) : all;
  }

  #anew(): void {
    this.#drawn = 0;
    this.#list.replaceChildren();
    // At once: somebody has asked for it, and waits.
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
        ? "No message has what the filter asks for."
        : frozen
        ? "Nothing is held here."
        : "Nothing has come yet.",
    );
    write(
      part("messages-legend"),
      frozen ? `Paused; ${this.#count - frozen.count} more have come.` : "",
    );
  }
}

function line({ text, at }: Message): HTMLElement {
  const more = text.length - MAX_SHOWN_CHARACTERS;
  const shown = more > 0 ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}… and ${bytes(more)} more` : text;
  return make("li", {}, make("time", {}, clock(at)), make("span", {}, shown));
}
