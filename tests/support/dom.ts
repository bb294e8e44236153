import { parseHTML } from "linkedom";

/** The part of an element that tests look at. */
export interface Element {
  innerHTML: string;
  readonly textContent: string | null;
}

interface Document {
  readonly body: { append(element: Element): void };
  createElement(name: string): Element;
}

/**
 * Gives this process a `window` and a `document`, as frameworks that draw look for. Import them
 * after this.
 *
 * @returns makes an empty element in the page's body
 *
 * @example
 * ```ts
 * const newElement = openPage();
 * const { createRoot } = await import("react-dom/client");
 * createRoot(newElement() as never).render("hello");
 * ```
 */
export function openPage(): () => Element {
  const page = parseHTML("<!doctype html><html><head></head><body></body></html>");
  const { document } = page as unknown as { document: Document };
  // Vue asks whether elements are instances of the last three.
  for (const name of ["document", "Element", "SVGElement", "MathMLElement"]) {
    const value = (page as unknown as Record<string, unknown>)[name] ?? class {};
    Object.defineProperty(globalThis, name, { value, configurable: true });
  }
  Object.defineProperty(globalThis, "window", { value: page, configurable: true });
  return () => {
    const element = document.createElement("div");
    document.body.append(element);
    return element;
  };
}
