/** Of a cell's padding, in characters: see `.fitted` in the style sheet. */
const PADDING_CHARACTERS = 1.2;

/**
 * Columns of numbers, each as wide as its longest text needs, in type small enough for all of them
 * together: a number that is cut off is a wrong number. Columns only ever get wider, so that they do
 * not jump.
 */
export class Columns {
  readonly #table: HTMLTableElement;
  readonly #heads: readonly HTMLTableCellElement[];
  #characters: number[] = [];

  /** @param table with the class `fitted`, and a row of heads */
  constructor(table: HTMLTableElement) {
    this.#table = table;
    this.#heads = [...table.tHead!.rows[0]!.cells];
    this.clear();
  }

  /**
   * Makes room for these texts.
   *
   * @param rows each with a text for each column
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

  /** For other numbers. */
  clear(): void {
    this.#characters = this.#heads.map((head) => head.textContent.length);
    this.#lay();
  }

  #lay(): void {
    const widths = this.#characters.map((characters) => characters + PADDING_CHARACTERS);
    const whole = widths.reduce((sum, width) => sum + width, 0);
    this.#table.style.setProperty("--characters", whole.toFixed(1));
    for (const [at, head] of this.#heads.entries()) {
      head.style.width = `${(100 * widths[at]! / whole).toFixed(2)}%`;
    }
  }
}
