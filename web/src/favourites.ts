const STORAGE_KEY = "ranger.favourites";

/** Maximum favourites, so that the storage stays small. */
const MAX_FAVOURITES = 200;

/** The markets that the user has marked, kept in the browser where it allows that. */
export class Favourites {
  readonly #ids = new Set<string>(stored());

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** Marks a market, or removes its mark. */
  toggle(id: string): void {
    if (!this.#ids.delete(id)) this.#ids.add(id);
    if (this.#ids.size > MAX_FAVOURITES) this.#ids.delete(this.#ids.values().next().value!);
    try {
      localStorage.setItem(STORAGE_KEY, JSON.stringify([...this.#ids]));
    } catch {
      // Without storage, favourites last until the page is closed.
    }
  }
}

/** @returns none if the storage is forbidden, or has something else under this name */
function stored(): string[] {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? "[]");
    if (!Array.isArray(value)) return [];
    return value.filter((id) => typeof id === "string").slice(0, MAX_FAVOURITES);
  } catch {
    return [];
  }
}
