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

/** Lines of a table: the first column, and those named `verdict`, to the left, others to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((cell, i) =>
    Math.max(cell.length, ...rows.map((row) => (row[i] ?? "").length))
  );
  const line = (row: readonly string[]) =>
    row.map((cell, i) => {
      const left = i === 0 || head[i] === "verdict";
      return left ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0);
    }).join("  ").trimEnd();
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)];
}
