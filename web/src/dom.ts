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
  if (element.textContent !== text) element.textContent = text;
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
 * Puts a text into the clipboard, and says so on the button for a moment.
 *
 * @example
 * ```ts
 * button.onclick = () => copy(button, "npx wscat …");
 * ```
 */
export async function copy(button: HTMLButtonElement, text: string): Promise<void> {
  const before = [...button.childNodes];
  try {
    // Without https there is no clipboard, except on this machine.
    await navigator.clipboard.writeText(text);
    button.replaceChildren("Copied");
  } catch {
    button.replaceChildren("Not allowed");
  }
  button.disabled = true;
  setTimeout(() => {
    button.replaceChildren(...before);
    button.disabled = false;
  }, 1200);
}
