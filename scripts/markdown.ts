/** A row of a table. */
export function cells(texts: readonly string[]): string {
  return `| ${texts.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`;
}

/** Plain text as Markdown: what would be a tag or emphasis stays what it is. */
export function prose(text: string): string {
  return text.replace(/[<*_]/g, "\\$&");
}

/** Text as it is, within a line. */
export function code(text: string): string {
  return `\`${text}\``;
}
