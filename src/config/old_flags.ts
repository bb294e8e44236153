/**
 * The flags of the older servers. Go accepts one dash or two, so deployments of Rango write `-exchange`;
 * read as a row of short flags it would ask for the help by its `h`.
 */

/** What to use instead, by the old name without dashes. */
const INSTEAD: Readonly<Record<string, string>> = {
  // Rango, cmd/rango/rango.go; at first main.go, which had -addr.
  "addr": "use --host HOST and --port PORT",
  "ws-addr": "use --host HOST and --port PORT",
  "amqp-addr": "use --amqp-url URL",
  "pubKey": "use --jwt-public-key FILE",
  "exchange": "use --exchange NAME",
  // The Ruby Ranger, lib/peatio/command/service.rb.
  "e": "use --exchange NAME",
  "stats": "/stats of the management listener shows the statistics at any time",
  "no-stats": "Ranger writes no statistics into its log",
  "stats-period": "/stats of the management listener shows the statistics at any time",
};

/**
 * What to use instead of an older server's flag.
 *
 * @param name without dashes
 *
 * @example
 * ```ts
 * insteadOf("pubKey"); // "use --jwt-public-key FILE"
 * insteadOf("port"); // undefined
 * ```
 */
export function insteadOf(name: string): string | undefined {
  return Object.hasOwn(INSTEAD, name) ? INSTEAD[name] : undefined;
}

/** A command line without the flags that are written with one dash. */
export interface DashedArguments {
  readonly rest: readonly string[];
  /** The names of those flags, without dash and value. */
  readonly dashed: readonly string[];
}

/**
 * Separates flags of several letters with one dash from a command line; `-help` becomes `--help`. The
 * word after a flag that takes a value, and words after `--`, are not flags.
 *
 * @param takesValue whether a long flag of that name takes a value
 *
 * @example
 * ```ts
 * takeDashed(["-exchange=x", "--port", "-x"], () => true);
 * // { rest: ["--port", "-x"], dashed: ["exchange"] }
 * ```
 */
export function takeDashed(
  args: readonly string[],
  takesValue: (name: string) => boolean,
): DashedArguments {
  const rest: string[] = [];
  const dashed: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!;
    if (arg === "--") return { rest: [...rest, ...args.slice(at)], dashed };
    const [, name] = /^-([a-z][\w-]+)(?:=|$)/i.exec(arg) ?? [];
    if (name === undefined) rest.push(arg);
    else if (name === "help") rest.push("--help");
    else dashed.push(name);
    if (/^--[^=]+$/.test(arg) && takesValue(arg.slice(2)) && at + 1 < args.length) {
      rest.push(args[++at]!);
    }
  }
  return { rest, dashed };
}
