import {
  commandFlags,
  COMMON_FLAGS,
  type Flag,
  SETTINGS_FLAGS,
} from "../../config/flag_catalog.ts";
import { type Command, type CommandTable, suggestedWords } from "../command.ts";

/** The completion for fish, with descriptions. */
export function fishCompletion(commands: readonly Command[], table: CommandTable): string {
  const withSettings = commands.filter(({ settings }) => settings).map(({ name }) => name);
  return [
    "# fish completion for ranger, written by: ranger completion fish",
    "complete -c ranger -f",
    ...commands.map(({ name, summary }) =>
      `complete -c ranger -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`
    ),
    ...COMMON_FLAGS.map((flag) => complete("", flag)),
    ...SETTINGS_FLAGS.map((flag) => complete(during(withSettings, table), flag)),
    ...commands.flatMap((command) => ofOne(command, table)),
  ].join("\n");
}

function ofOne(command: Command, table: CommandTable): string[] {
  const { name, options } = command;
  const words = suggestedWords(command, table);
  const own = commandFlags(options).map((flag) => complete(during([name], table), flag));
  if (words.length === 0) return own;
  const when = quoted(`__fish_seen_subcommand_from ${name}`);
  return [...own, `complete -c ranger -n ${when} -a ${quoted(words.join(" "))}`];
}

/** The condition for one of these commands; without a command the default one runs. */
function during(names: readonly string[], { defaultName }: CommandTable): string {
  const seen = `__fish_seen_subcommand_from ${names.join(" ")}`;
  return names.includes(defaultName) ? `__fish_use_subcommand; or ${seen}` : seen;
}

function complete(when: string, { name, help, placeholder, words, isFile }: Flag): string {
  return [
    "complete -c ranger",
    ...(when === "" ? [] : [`-n ${quoted(when)}`]),
    `-l ${name}`,
    ...(placeholder === undefined ? [] : isFile ? ["-r", "-F"] : ["-x"]),
    ...(words.length === 0 ? [] : [`-a ${quoted(words.join(" "))}`]),
    `-d ${quoted(help)}`,
  ].join(" ");
}

function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, "\\$&")}'`;
}
