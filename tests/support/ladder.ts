import type { ModelLevel } from "./model_book.ts";

/**
 * Reads a picture of `ranger tail --book`: asks above, the best at the bottom; bids below.
 *
 * @param lines head, column titles, asks, a line, bids; without colours
 * @returns both sides, the best price first
 */
export function ladderLevels(lines: readonly string[]): {
  asks: ModelLevel[];
  bids: ModelLevel[];
} {
  const middle = lines.findIndex((line) => line.startsWith("─"));
  const levels = (some: readonly string[]) =>
    some.map((line): ModelLevel => {
      const [price = "", amount = ""] = line.trim().split(/\s+/);
      return [price, amount];
    });
  return { asks: levels(lines.slice(2, middle)).reverse(), bids: levels(lines.slice(middle + 1)) };
}
