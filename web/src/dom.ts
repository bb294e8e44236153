/**
 * Returns an element of the page.
 *
 * @param type the element's class: `HTMLInputElement`
 * @throws Error the page has no such element
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

/** Like {@linkcode byId}, for any kind of element. */
export function part(id: string): HTMLElement {
  return byId(id, HTMLElement);
}

/**
 * Creates an element. Text stays text: nothing that a server sent becomes markup.
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

/** Sets an element's text if it has changed, which avoids needless layouts. */
export function write(element: Element, text: string): void {
  const only = element.firstChild;
  // Changing the text node is cheaper to lay out than replacing it.
  if (only instanceof Text && only.nextSibling === null) {
    if (only.data !== text) only.data = text;
  } else if (element.textContent !== text) element.textContent = text;
}

/** Resolves a colour property of the style sheet to `rgb(…)`. */
export function colour(name: string): string {
  const probe = make("span", { hidden: "" });
  document.body.append(probe);
  probe.style.color = `var(${name})`;
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/**
 * Copies a text to the clipboard, and confirms it on the button and to screen readers. The button
 * remains the same element, so that it keeps the focus.
 *
 * @example
 * ```ts
 * const button = document.createElement("button");
 * button.onclick = () => copy(button, "npx wscat …");
 * ```
 */
export async function copy(button: HTMLButtonElement, text: string): Promise<void> {
  let outcome = "Copied";
  try {
    // Browsers offer the clipboard on https and localhost only.
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

/** The original labels of buttons that show a confirmation. */
const labels = new Map<HTMLButtonElement, { label: readonly ChildNode[]; timer: number }>();

/** Announces a text to screen readers. */
export function say(text: string): void {
  write(part("said"), text);
}
