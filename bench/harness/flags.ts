import { parseArgs, type ParseArgsConfig } from "node:util";

/** The flags that a program has, as `parseArgs` takes them. */
type Flags = NonNullable<ParseArgsConfig["options"]>;
type Values<T extends Flags> = ReturnType<typeof parseArgs<{ options: T }>>["values"];

/**
 * The flags that a benchmark is called with.
 *
 * Ends the program with exit code 64, and a message that names the flags that there are, where it is
 * called with something else. A negative number is the value of the flag before it.
 *
 * @param program as its users call it: `bench:soak`
 *
 * @example
 * ```ts
 * const { rate } = readFlags("bench:losses", { rate: { type: "string", default: "300" } });
 * ```
 */
export function readFlags<const T extends Flags>(program: string, options: T): Values<T> {
  try {
    return parseArgs({ args: joined(Deno.args, options), options }).values;
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    if (!code?.startsWith("ERR_PARSE_ARGS")) throw error;
    const names = Object.entries(options)
      .map(([name, { type }]) => type === "boolean" ? `--${name}` : `--${name} VALUE`);
    // What follows the first sentence is advice for programmers.
    const [what = ""] = message.split(/\. |\n/, 1);
    console.error(`${program}: ${what.replace(/\.$/, "")}; expected: ${names.join(", ")}`);
    Deno.exit(64);
  }
}

/**
 * The arguments with each negative number joined to the flag before it, so that what reads the flag
 * says what is wrong with its value: `parseArgs` takes both for flags.
 *
 * @example
 * ```ts
 * joined(["--minutes", "-1"], { minutes: { type: "string" } }); // ["--minutes=-1"]
 * ```
 */
export function joined(args: readonly string[], options: Flags): string[] {
  const result: string[] = [];
  for (const arg of args) {
    const before = result.at(-1) ?? "";
    const takesValue = before.startsWith("--") && options[before.slice(2)]?.type === "string";
    if (takesValue && /^-[\d.]/.test(arg)) result[result.length - 1] = `${before}=${arg}`;
    else result.push(arg);
  }
  return result;
}

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
