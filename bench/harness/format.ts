/** Numbers and tables as a reader in a terminal wants them. */

/** `1234567` to `1,234,567`. */
export function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** Milliseconds: one digit behind the point below 100, none from there on. */
export function ms(value: number): string {
  return value < 100 ? value.toFixed(1) : value.toFixed(0);
}

/** `0.974` to `97 %`. */
export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** Bytes as kilobytes of 1,024 with one digit, as the design's figures are given. */
export function kilobytes(bytes: number): string {
  return (bytes / 1024).toFixed(1);
}

/** Rows under a head; the first column, and one named `verdict`, are text. */
export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Columns that are text and not numbers. */
const TEXT = ["verdict", "reached", "target", "met", "what it is", "version"];

/** A table's lines for a terminal. */
export function plainTable({ title, head, rows }: Table): string[] {
  const widths = head.map((cell, i) =>
    Math.max(cell.length, ...rows.map((row) => (row[i] ?? "").length))
  );
  const line = (row: readonly string[]) =>
    row.map((cell, i) => {
      const left = i === 0 || TEXT.includes(head[i] ?? "");
      return left ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0);
    }).join("  ").trimEnd();
  return [title, line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)];
}

/** The same in Markdown. */
export function markdownTable({ title, head, rows }: Table): string[] {
  const line = (row: readonly string[]) =>
    `| ${row.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const rule = head.map((name, i) => i === 0 || TEXT.includes(name) ? "---" : "---:");
  return [`${title}:`, "", line(head), line(rule), ...rows.map(line)];
}
