import type { FlagOptions } from "../config/flag_catalog.ts";
import type { Loaded, LoadOptions } from "../config/loaded.ts";

/**
 * A command of `ranger`. run.ts parses the arguments, refuses unknown flags and superfluous
 * arguments, answers `--help`, prints errors and exits; a command declares its flags and does its
 * work.
 *
 * To add one, write `src/cli/<name>.ts` as below, and add a line to the table in run.ts.
 *
 * @example
 * ```ts
 * export const greet: Command = defineCommand({
 *   name: "greet",
 *   summary: "Greets someone",
 *   usage: "ranger greet [--loud] [--from NAME] NAME",
 *   example: "ranger greet --from Ann Bob",
 *   options: {
 *     loud: { type: "boolean", help: "In capital letters" },
 *     from: { type: "string", value: "NAME", help: "The sender", default: "Ranger" },
 *   },
 *   positionals: { min: 1, max: 1 },
 *   settings: true, // also takes every flag of the settings: --amqp-url, --port, …
 *   async run({ positionals, values, loadSettings }) {
 *     const { settings } = await loadSettings({ requireKey: false });
 *     values.loud; // boolean; false when not given
 *     values.from; // string, because it has a default; otherwise string or undefined
 *     console.log(positionals[0], settings.amqp.exchange);
 *     return 0;
 *   },
 * });
 * ```
 */
export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** `ranger publish ROUTING_KEY JSON|-`; a line for each form. */
  readonly usage: string;
  /** A command line that works when pasted; several lines are fine. */
  readonly example: string;
  /** More about it; `--help` shows it below the summary. */
  readonly description?: string;
  /** The command's own flags, by their long name without dashes. */
  readonly options?: FlagOptions;
  /** How many arguments other than flags it takes. Left out: none. */
  readonly positionals?: { readonly min: number; readonly max: number };
  /** Words that shells suggest for its arguments; `"commands"` for the names of the commands. */
  readonly words?: readonly string[] | "commands";
  /** Whether it takes the flags of the settings and may call `loadSettings`. */
  readonly settings: boolean;
  /**
   * Does the work.
   *
   * @returns the exit code
   * @throws {RangerError} run.ts prints it as `ranger: <message>`, and exits with its code
   */
  run(input: CommandInput): Promise<number>;
}

/** The values of a command's own flags: booleans are false, strings undefined when not given. */
export type CommandValues<O extends FlagOptions = FlagOptions> = {
  readonly [Name in keyof O]: O[Name] extends { readonly type: "boolean" } ? boolean
    : O[Name] extends { readonly type: "string"; readonly default: string } ? string
    : O[Name] extends { readonly type: "string" } ? string | undefined
    : string | boolean | undefined;
};

/** What a command gets to work with. */
export interface CommandInput<O extends FlagOptions = FlagOptions> {
  /** The arguments other than flags, without the command's name. */
  readonly positionals: readonly string[];
  readonly values: CommandValues<O>;
  /**
   * Reads the settings: flags over environment over file over defaults.
   *
   * @throws {ConfigurationError} a setting is wrong or missing
   */
  readonly loadSettings: (options?: LoadOptions) => Promise<Loaded>;
  /** All commands, for those that describe them: help, manual page, completion. */
  readonly commands: CommandTable;
}

/** The commands of the program. */
export interface CommandTable {
  /** In the order of the help. */
  readonly names: readonly string[];
  /** The command that runs when none is named. */
  readonly defaultName: string;
  /** @throws {ConfigurationError} there is no such command; names the nearest one */
  find(name: string): Promise<Command>;
  /** Every command, in the order of the help. */
  all(): Promise<readonly Command[]>;
}

/**
 * Declares a command; the types of `values` follow from its options.
 *
 * @param command as described at `Command`
 * @returns the same object
 */
export function defineCommand<const O extends FlagOptions>(
  command: Omit<Command, "options" | "run"> & {
    readonly options?: O;
    run(input: CommandInput<O>): Promise<number>;
  },
): Command {
  return command as Command;
}

/** Words that a shell suggests for a command's arguments. */
export function suggestedWords(
  { words = [] }: Command,
  { names }: CommandTable,
): readonly string[] {
  return words === "commands" ? names : words;
}
