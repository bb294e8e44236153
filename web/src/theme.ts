import { byId } from "./dom.ts";

const STORAGE_KEY = "ranger.colours";

/**
 * Light, dark, or as the system has it; remembered. What is drawn on a canvas has to be told.
 *
 * @param changed called when the colours are others
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
      // Where nothing may be kept, it holds as long as the page.
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
