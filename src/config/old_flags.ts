/**
 * Flags as the older servers had them. Go's take one dash or two, so `-exchange` is what deployments
 * of Rango write; read as short flags in a row it would ask for the help by its `h`.
 */

/** What to give instead, by the old name without dashes. */
const INSTEAD: Readonly<Record<string, string>> = {
  // Rango, cmd/rango/rango.go; at first main.go, which had -addr.
  "addr": "right would be --host HOST and --port PORT",
  "ws-addr": "right would be --host HOST and --port PORT",
  "amqp-addr": "right would be --amqp-url URL",
  "pubKey": "right would be --jwt-public-key FILE",
  "exchange": "right would be --exchange NAME",
  // The Ruby Ranger, lib/peatio/command/service.rb.
  "e": "right would be --exchange NAME",
  "stats": "/stats of the management listener shows the statistics at any time",
  "no-stats": "Ranger writes no statistics into its log",
  "stats-period": "/stats of the management listener shows the statistics at any time",
};

/**
 * What to give in the place of an older server's flag.
 *
 * @param name without dashes
 *
 * @example
 * ```ts
 * insteadOf("pubKey"); // "right would be --jwt-public-key FILE"
 * insteadOf("port"); // undefined
 * ```
 */
export function insteadOf(name: string): string | undefined {
  return Object.hasOwn(INSTEAD, name) ? INSTEAD[name] : undefined;
}

/** A command line without the flags that were written with one dash. */
export interface DashedArguments {
  readonly rest: readonly string[];
  /** The names of those flags, without dash and value. */
  readonly dashed: readonly string[];
}

/**
 * Takes flags of several letters with one dash off a command line; `-help` becomes `--help`. What
 * stands behind a flag that takes a value, or behind `--`, is no flag.
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
