/**
 * The number that a flag of a benchmark has.
 *
 * Ends the program with exit code 64, and a message that names the flag, where it is something else.
 *
 * @param program as its users call it: `bench:soak`
 * @param isWhole whether it must be a whole number
 *
 * @example
 * ```ts
 * positive("bench:soak", "minutes", "20"); // 20
 * ```
 */
export function positive(program: string, flag: string, text: string, isWhole = false): number {
  const number = Number(text);
  if (number > 0 && (isWhole ? Number.isSafeInteger(number) : Number.isFinite(number))) {
    return number;
  }
  const expected = isWhole ? "a whole number above zero" : "a number above zero";
  console.error(`${program}: --${flag} is ${text}; expected: ${expected}`);
  Deno.exit(64);
}

/**
 * The items whose names have one of the words of `--only` in them; all without that flag.
 *
 * Ends the program with exit code 64, and the names that there are, where no item has.
 *
 * @param program as its users call it: `bench:losses`
 *
 * @example
 * ```ts
 * const faults = [{ name: "RabbitMQ restarts" }, { name: "the path stalls" }];
 * chosen("bench:losses", faults, "restarts,closes"); // [{ name: "RabbitMQ restarts" }]
 * ```
 */
export function chosen<T extends { readonly name: string }>(
  program: string,
  items: readonly T[],
  only: string | undefined,
): T[] {
  const words = only?.split(",");
  const found = items.filter(({ name }) => !words || words.some((word) => name.includes(word)));
  if (found.length > 0) return found;
  console.error(`${program}: --only fits none of: ${items.map(({ name }) => name).join("; ")}`);
  Deno.exit(64);
}
