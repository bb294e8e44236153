import { byId } from "./dom.ts";

const STORAGE_KEY = "ranger.colours";

/**
 * Switches between light, dark and the system's colours, and stores the choice.
 *
 * @param changed called when the colours have changed, to redraw canvases
 */
export function startTheme(changed: () => void): void {
  const select = byId("theme", HTMLSelectElement);
  const apply = () => {
    if (select.value === "") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = select.value;
    changed();
  };
  select.value = remembered();
  if (select.selectedIndex < 0) select.value = "";
  apply();
  select.onchange = () => {
    try {
      localStorage.setItem(STORAGE_KEY, select.value);
    } catch {
      // Without storage, the choice lasts until the page is closed.
    }
    apply();
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
}

function remembered(): string {
  try {
    return localStorage.getItem(STORAGE_KEY) ?? "";
  } catch {
    return "";
  }
}
