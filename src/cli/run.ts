import { type FlagArguments, parseFlags } from "../config/flags.ts";
import { type Environment, loadWithFlags } from "../config/load.ts";
import { nearest } from "../config/nearest.ts";
import { ConfigurationError, RangerError } from "../errors.ts";
import type { Command, CommandValues } from "./command.ts";
import { COMMANDS, DEFAULT_COMMAND } from "./commands.ts";

/** EX_SOFTWARE: an error that nobody foresaw. */
const UNEXPECTED = 70;

/**
 * Runs one command line: finds the command (`serve` where none is named), takes its flags apart,
 * runs it, and prints what goes wrong.
 *
 * @param args without the program's name
 * @param environment for the settings
 * @returns the exit code: the command's, that of a RangerError, or 70 for anything unforeseen
 * @example
 * ```ts
 * Deno.exit(await run(["--port", "9090", "--no-auth"]));
 * ```
 */
export async function run(
  args: readonly string[],
  environment: Environment = Deno.env.toObject(),
): Promise<number> {
  try {
    return await dispatch(args, environment);
  } catch (error) {
    if (error instanceof RangerError) {
      console.error(`ranger: ${error.message}`);
      return error.exitCode;
    }
    console.error("ranger: an error that should not happen; please report it with what follows");
    console.error(error instanceof Error ? error.stack ?? error.message : String(error));
    return UNEXPECTED;
  }
}

async function dispatch(args: readonly string[], environment: Environment): Promise<number> {
  const [first] = args;
  const named = first !== undefined && !first.startsWith("-");
  const command = await find(named ? first : DEFAULT_COMMAND);
  const flags = parseFlags(named ? args.slice(1) : args, command.options ?? {}, command.settings);

  if (flags.version) return await runPlain("version");
  if (flags.help) return await runPlain("help", named ? [command.name] : []);
  const late = flags.positionals.find((word) => Object.hasOwn(COMMANDS, word));
  if (!named && late !== undefined && flags.problems.length === 0) {
    throw new ConfigurationError(`the command comes first; right would be ranger ${late} [FLAGS]`);
  }
  refuse(command, flags);
  return await command.run({
    positionals: flags.positionals,
    values: valuesOf(command, flags),
    loadSettings: (options) => {
      if (command.settings) return loadWithFlags(flags, environment, options);
      throw new TypeError(`${command.name} is declared as taking no settings`);
    },
  });
}

async function find(name: string): Promise<Command> {
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load !== undefined) return await load();
  const near = nearest(name, Object.keys(COMMANDS));
  // What stands in the command's place may be anything, a URL with a password included.
  const shown = /^[\w-]{1,40}$/.test(name) ? ` ${name}` : " of the name given";
  throw new ConfigurationError(
    `there is no command${shown}; ` +
      (near === undefined
        ? `there are ${Object.keys(COMMANDS).join(", ")}`
        : `the nearest is ${near}`),
  );
}

/** Runs a command that takes no flags. */
async function runPlain(name: "help" | "version", positionals: string[] = []): Promise<number> {
  const command = await find(name);
  return await command.run({
    positionals,
    values: {},
    loadSettings: () => Promise.reject(new TypeError(`${name} takes no settings`)),
  });
}

function refuse(command: Command, { problems, positionals }: FlagArguments): void {
  const { min, max } = command.positionals ?? { min: 0, max: 0 };
  const found = [...problems];
  if (found.length === 0 && positionals.length < min) found.push("an argument is missing");
  if (found.length === 0 && positionals.length > max) {
    found.push(
      max === 0
        ? "it takes no arguments, only flags"
        : `it takes ${max === 1 ? "one argument" : `${max} arguments`} and no more`,
    );
  }
  if (found.length === 0) return;
  throw new ConfigurationError(
    `${command.name}: ${found.join("\n  and ")}\n\nUsage: ${
      command.usage.replaceAll("\n", "\n       ")
    }\n\`ranger ${command.name} --help\` says more.`,
  );
}

function valuesOf(command: Command, { own }: FlagArguments): CommandValues {
  const options = Object.entries(command.options ?? {});
  return Object.fromEntries(
    options.map(([name, option]) => {
      const given = own.get(name);
      return [name, option.type === "boolean" ? given === true : given ?? option.default];
    }),
  );
}
