import type { Command } from "../command.ts";
import { DEFAULT_COMMAND } from "../commands.ts";
import { allCommands, COMMON_FLAGS, type Flag, ownFlags, settingsFlags } from "./flag_catalog.ts";

/** The completion for fish, with descriptions. */
export async function fishCompletion(): Promise<string> {
  const commands = await allCommands();
  const withSettings = commands.filter(({ settings }) => settings).map(({ name }) => name);
  return [
    "# fish completion for ranger, written by: ranger completion fish",
    "complete -c ranger -f",
    ...commands.map(({ name, summary }) =>
      `complete -c ranger -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`
    ),
    ...COMMON_FLAGS.map((flag) => complete("", flag)),
    ...settingsFlags().map((flag) => complete(during(withSettings), flag)),
    ...commands.flatMap((command) => ofOne(command)),
  ].join("\n");
}

function ofOne(command: Command): string[] {
  const { name, words = [] } = command;
  const own = ownFlags(command).map((flag) => complete(during([name]), flag));
  if (words.length === 0) return own;
  const when = quoted(`__fish_seen_subcommand_from ${name}`);
  return [...own, `complete -c ranger -n ${when} -a ${quoted(words.join(" "))}`];
}

/** Without a command the default one is meant. */
function during(names: readonly string[]): string {
  const seen = `__fish_seen_subcommand_from ${names.join(" ")}`;
  return names.includes(DEFAULT_COMMAND) ? `__fish_use_subcommand; or ${seen}` : seen;
}

function complete(when: string, { name, help, value, words, file }: Flag): string {
  return [
    "complete -c ranger",
    ...(when === "" ? [] : [`-n ${quoted(when)}`]),
    `-l ${name}`,
    ...(value === undefined ? [] : file ? ["-r", "-F"] : ["-x"]),
    ...(words.length === 0 ? [] : [`-a ${quoted(words.join(" "))}`]),
    `-d ${quoted(help)}`,
  ].join(" ");
}

function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, "\\$&")}'`;
}
