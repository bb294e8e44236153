/** A cell's padding; see `.fitted` in the style sheet. */
const PADDING_CHARACTERS = 1.2;

/**
 * Fits columns of numbers to their longest texts, in a font size that fits all columns: a truncated
 * number is a wrong number. Columns only grow, so that they do not jump.
 */
export class Columns {
  readonly #table: HTMLTableElement;
  readonly #heads: readonly HTMLTableCellElement[];
  #characters: number[] = [];

  /** @param table with the class `fitted` and a header row */
  constructor(table: HTMLTableElement) {
    this.#table = table;
    this.#heads = [...table.tHead!.rows[0]!.cells];
    this.clear();
  }

  /**
   * Widens the columns for these texts.
   *
   * @param rows each with one text per column
   */
  hold(rows: Iterable<readonly string[]>): void {
    let wider = false;
    for (const row of rows) {
      for (const [at, { length }] of row.entries()) {
        if (length <= this.#characters[at]!) continue;
        this.#characters[at] = length;
        wider = true;
      }
    }
    if (wider) this.#lay();
  }

  /** Resets the widths, for other numbers. */
  clear(): void {
    this.#characters = this.#heads.map((head) => head.textContent.length);
    this.#lay();
  }

  #lay(): void {
    const widths = this.#characters.map((characters) => characters + PADDING_CHARACTERS);
    const whole = widths.reduce((sum, width) => sum + width, 0);
    this.#table.style.setProperty("--characters", whole.toFixed(1));
    // For a layout that gives a column the width that its table needs.
    this.#table.closest<HTMLElement>(".market")?.style.setProperty(
      `--${this.#table.id}`,
      whole.toFixed(1),
    );
    for (const [at, head] of this.#heads.entries()) {
      head.style.width = `${(100 * widths[at]! / whole).toFixed(2)}%`;
    }
  }
}
