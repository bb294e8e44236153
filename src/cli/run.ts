import { commandFlags } from "../config/flag_catalog.ts";
import { type FlagArguments, parseFlags } from "../config/flags.ts";
import type { Environment } from "../config/environment.ts";
import { loadWithFlags } from "../config/load.ts";
import type { Loaded } from "../config/loaded.ts";
import { namedSource } from "../config/named_source.ts";
import { nearest } from "../config/nearest.ts";
import { ConfigurationError, RangerError } from "../errors.ts";
import type { Command, CommandTable, CommandValues } from "./command.ts";

/**
 * The commands, in the order of the help. Each is imported when it is needed, so that
 * `ranger version` does not load the server's modules.
 */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import("./serve.ts")).serve,
  demo: async () => (await import("./demo/demo.ts")).demo,
  check: async () => (await import("./check/check.ts")).check,
  health: async () => (await import("./health.ts")).health,
  keygen: async () => (await import("./keygen.ts")).keygen,
  token: async () => (await import("./token.ts")).token,
  publish: async () => (await import("./publish.ts")).publish,
  asyncapi: async () => (await import("./asyncapi.ts")).asyncapi,
  tail: async () => (await import("./tail/tail.ts")).tail,
  bench: async () => (await import("./bench/bench.ts")).bench,
  completion: async () => (await import("./help/completion.ts")).completion,
  help: async () => (await import("./help/help.ts")).help,
  version: async () => (await import("./version.ts")).version,
};

/** The table of commands. */
export const commands: CommandTable = {
  names: Object.keys(COMMANDS),
  defaultName: "serve",
  async find(name) {
    const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (load === undefined) throw new ConfigurationError(unknownCommand(name));
    return await load();
  },
  all: () => Promise.all(Object.values(COMMANDS).map((load) => load())),
};

/** EX_SOFTWARE (sysexits.h): an unexpected error. */
const UNEXPECTED = 70;

/**
 * Runs one command line: finds the command (`serve` where none is named), parses its flags, runs
 * it, and prints errors.
 *
 * @param args without the program's name
 * @param environment for the settings
 * @returns the exit code: the command's, that of a RangerError, or 70 for an unexpected error
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
    console.error("ranger: an unexpected error; please report it with what follows");
    console.error(error instanceof Error ? error.stack ?? error.message : String(error));
    return UNEXPECTED;
  }
}

async function dispatch(args: readonly string[], environment: Environment): Promise<number> {
  const [first] = args;
  const named = first !== undefined && !first.startsWith("-");
  const command = await commands.find(named ? first : commands.defaultName);
  const own = commandFlags(command.options);
  const flags = parseFlags(named ? args.slice(1) : args, own, command.settings);

  if (flags.version) return await runPlain("version");
  if (flags.help) return await runPlain("help", named ? [command.name] : []);
  const late = flags.positionals.find((word) => commands.names.includes(word));
  if (!named && late !== undefined && flags.problems.length === 0) {
    throw new ConfigurationError(`the command comes first; expected ranger ${late} [FLAGS]`);
  }
  refuse(command, flags);
  let loaded: Loaded | undefined;
  try {
    return await command.run({
      positionals: flags.positionals,
      values: valuesOf(command, flags),
      loadSettings: async (options) => {
        if (command.settings) return loaded = await loadWithFlags(flags, environment, options);
        throw new TypeError(`${command.name} is declared as taking no settings`);
      },
      commands,
    });
  } catch (error) {
    throw loaded === undefined ? error : namedSource(error, loaded);
  }
}

/** Runs a command that takes no flags. */
async function runPlain(name: "help" | "version", positionals: string[] = []): Promise<number> {
  const command = await commands.find(name);
  return await command.run({
    positionals,
    values: {},
    loadSettings: () => Promise.reject(new TypeError(`${name} takes no settings`)),
    commands,
  });
}

function unknownCommand(name: string): string {
  const near = nearest(name, commands.names);
  // An argument in the command's place may be anything, a URL with a password included.
  const shown = /^[\w-]{1,40}$/.test(name) ? name : "(not shown)";
  const hint = near === undefined
    ? `the commands are ${commands.names.join(", ")}`
    : `did you mean ${near}?`;
  return `unknown command ${shown}; ${hint}`;
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
    }\nSee \`ranger ${command.name} --help\`.`,
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
