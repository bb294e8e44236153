/**
 * An element of the page.
 *
 * @param type what it must be: `HTMLInputElement`
 * @throws Error where the page has no such element
 *
 * @example
 * ```ts
 * byId("pause", HTMLButtonElement).disabled = true;
 * ```
 */
export function byId<E extends Element>(id: string, type: new () => E): E {
  const element = document.getElementById(id);
  if (element instanceof type) return element;
  throw new Error(`The page has no ${type.name} #${id}`);
}

/** As {@linkcode byId}, of any kind. */
export function part(id: string): HTMLElement {
  return byId(id, HTMLElement);
}

/**
 * Makes an element. Text stays text: nothing that came from a server becomes markup.
 *
 * @example
 * ```ts
 * make("td", { class: "up" }, "+1.5%");
 * ```
 */
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** Writes a text, where it is another one: what has not changed is not laid out again. */
export function write(element: Element, text: string): void {
  const only = element.firstChild;
  // The same node with other characters: a new one would have to be attached, and laid out with more.
  if (only instanceof Text && only.nextSibling === null) {
    if (only.data !== text) only.data = text;
  } else if (element.textContent !== text) element.textContent = text;
}

/** The colour that a custom property of the style sheet stands for, as `rgb(…)`. */
export function colour(name: string): string {
  const probe = make("span", { hidden: "" });
  document.body.append(probe);
  probe.style.color = `var(${name})`;
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/**
 * Puts a text into the clipboard, and says so, on the button for a moment and to those
 * who listen. The button stays one, so that the focus stays where it is.
 *
 * @example
 * ```ts
 * button.onclick = () => copy(button, "npx wscat …");
 * ```
 */
export async function copy(button: HTMLButtonElement, text: string): Promise<void> {
  let outcome = "Copied";
  try {
    // Without https there is no clipboard, except on this machine.
    await navigator.clipboard.writeText(text);
  } catch {
    outcome = "Not allowed";
  }
  const before = labels.get(button) ?? { label: [...button.childNodes], timer: 0 };
  clearTimeout(before.timer);
  button.replaceChildren(outcome);
  say(outcome);
  before.timer = setTimeout(() => {
    button.replaceChildren(...before.label);
    labels.delete(button);
    say("");
  }, 1200);
  labels.set(button, before);
}

/** What stands on buttons that say something else for a moment. */
const labels = new Map<HTMLButtonElement, { label: readonly ChildNode[]; timer: number }>();

/** Has a few words read aloud, where that is done. */
export function say(text: string): void {
  write(part("said"), text);
}
