import type { Loaded, LoadOptions } from "../config/loaded.ts";

/**
 * What a command of `ranger` is. The frame (run.ts) parses the arguments, refuses unknown flags
 * and superfluous arguments, answers `--help`, prints errors and exits; a command declares its
 * own flags and does its work.
 *
 * Add one: write `src/cli/<name>.ts` as below, and add a line to the table in commands.ts.
 *
 * @example
 * ```ts
 * import { defineCommand } from "./command.ts";
 *
 * export const greet: Command = defineCommand({
 *   name: "greet",
 *   summary: "Greets someone",
 *   usage: "ranger greet [--loud] [--from NAME] NAME",
 *   example: "ranger greet --from Ann Bob",
 *   options: {
 *     loud: { type: "boolean", help: "In capital letters" },
 *     from: { type: "string", value: "NAME", help: "Who greets", default: "Ranger" },
 *   },
 *   positionals: { min: 1, max: 1 },
 *   settings: true, // also takes every flag of the settings: --amqp-url, --port, …
 *   async run({ positionals, values, loadSettings }) {
 *     const { settings } = await loadSettings({ requireKey: false });
 *     values.loud; // boolean; false when not given
 *     values.from; // string, for it has a default; otherwise string or undefined
 *     console.log(positionals[0], settings.amqp.exchange);
 *     return 0;
 *   },
 * });
 * ```
 */
export interface Command {
  readonly name: string;
  /** A line for the list of commands. */
  readonly summary: string;
  /** `ranger publish ROUTING_KEY JSON|-`; several lines where there are several ways. */
  readonly usage: string;
  /** Something that works when pasted; several lines are fine. */
  readonly example: string;
  /** More about it, shown by `--help` under the summary. */
  readonly description?: string;
  /** The command's own flags, by their long name without dashes. */
  readonly options?: CommandOptions;
  /** How many arguments that are no flags it takes. Left out: none. */
  readonly positionals?: { readonly min: number; readonly max: number };
  /** Words that are offered for its arguments. */
  readonly words?: readonly string[];
  /** Whether it takes the flags of the settings and may call `loadSettings`. */
  readonly settings: boolean;
  /**
   * Does the work.
   *
   * @returns the exit code
   * @throws {RangerError} printed by the frame as `ranger: <message>`, with the error's exit code
   */
  run(input: CommandInput): Promise<number>;
}

/** A flag of one command. */
export type CommandOption = {
  readonly type: "string";
  readonly help: string;
  /** What stands for the value in the help: `PATH`, `SECONDS`. */
  readonly value?: string;
  readonly default?: string;
  /** Words that are offered for it; others may be right as well. */
  readonly words?: readonly string[];
} | {
  readonly type: "boolean";
  readonly help: string;
};

export type CommandOptions = Readonly<Record<string, CommandOption>>;

/** The values of a command's own flags: booleans are false, strings undefined when not given. */
export type CommandValues<O extends CommandOptions = CommandOptions> = {
  readonly [Name in keyof O]: O[Name] extends { readonly type: "boolean" } ? boolean
    : O[Name] extends { readonly type: "string"; readonly default: string } ? string
    : O[Name] extends { readonly type: "string" } ? string | undefined
    : string | boolean | undefined;
};

/** What a command gets to work with. */
export interface CommandInput<O extends CommandOptions = CommandOptions> {
  /** The arguments that are no flags, without the command's name. */
  readonly positionals: readonly string[];
  readonly values: CommandValues<O>;
  /**
   * Reads the settings: flags over environment over file over defaults.
   *
   * @throws {ConfigurationError} a setting is wrong or missing, or the command takes no settings
   */
  readonly loadSettings: (options?: LoadOptions) => Promise<Loaded>;
}

/**
 * Declares a command with the types of `values` taken from its options.
 *
 * @param command as described at `Command`
 * @returns the same object
 */
export function defineCommand<const O extends CommandOptions>(
  command: Omit<Command, "options" | "run"> & {
    readonly options?: O;
    run(input: CommandInput<O>): Promise<number>;
  },
): Command {
  return command as Command;
}
