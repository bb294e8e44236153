import {
  commandFlags,
  COMMON_FLAGS,
  type Flag,
  flagUsage,
  LISTED_SETTINGS,
  LOADING_FLAGS,
} from "../../config/flag_catalog.ts";
import { SECTIONS } from "../../config/settings.ts";
import { type Command, type CommandTable, defineCommand } from "../command.ts";
import { manualPage } from "./manual.ts";

/** The column at which explanations of flags begin, and of commands. */
const FLAG_COLUMN = 32;
const COMMAND_COLUMN = 14;

/** `ranger help` */
export const help = defineCommand({
  name: "help",
  summary: "Lists the commands, or explains one",
  usage: "ranger help [COMMAND]\nranger help --man",
  example: "ranger help publish\nranger help --man | man -l -",
  options: { man: { type: "boolean", help: "Prints the manual page, for man" } },
  positionals: { min: 0, max: 1 },
  words: "commands",
  settings: false,
  async run({ positionals: [name], values: { man }, commands }) {
    if (man) console.log(manualPage(await commands.all()));
    else if (name === undefined) console.log(await overview(commands));
    else console.log(explain(await commands.find(name)));
    return 0;
  },
});

/** All commands, a line each. */
async function overview(commands: CommandTable): Promise<string> {
  return [
    "Ranger delivers an exchange's events from RabbitMQ to WebSocket clients.",
    "",
    "Usage:",
    "  ranger [FLAGS]               the same as ranger serve",
    "  ranger COMMAND [FLAGS] …",
    "",
    "Commands:",
    ...(await commands.all()).map(({ name, summary }) => row(name, summary, COMMAND_COLUMN)),
    "",
    "`ranger COMMAND --help` shows a command's flags and an example.",
    "`ranger serve --help` shows every setting.",
    "",
    "Example, without a broker and without a key:",
    "  ranger demo",
  ].join("\n");
}

/** A command's help: what it does, its usage, its flags, and those of the settings it takes. */
function explain({ summary, description, usage, example, options, settings }: Command): string {
  const own = commandFlags(options);
  return [
    `${summary}.`,
    ...(description === undefined ? [] : ["", description]),
    "",
    "Usage:",
    indent(usage),
    "",
    "Example:",
    indent(example),
    "",
    "Flags:",
    ...[...own, ...(settings ? LOADING_FLAGS : []), ...COMMON_FLAGS].map((flag) =>
      row(flagUsage(flag), flag.help + standard(flag))
    ),
    ...(settings ? ["", settingsHelp()] : []),
  ].join("\n");
}

/** Every setting's flag, by section. */
function settingsHelp(): string {
  const sections = [...LISTED_SETTINGS].map(([section, settings]) =>
    [
      "",
      `${section}: ${SECTIONS[section]}`,
      ...settings.map(({ flags, defaultText }) =>
        row(flags.map(flagUsage).join(", "), `${flags[0]?.help} [${defaultText}]`)
      ),
    ].join("\n")
  );
  return [
    "Settings, each also by environment and configuration file (docs/configuration.md):",
    ...sections,
  ].join("\n");
}

function standard({ defaultText }: Flag): string {
  return defaultText === undefined ? "" : ` [${defaultText}]`;
}

function row(name: string, text: string, column = FLAG_COLUMN): string {
  const start = `  ${name}`;
  const gap = start.length + 2 > column
    ? `\n${" ".repeat(column)}`
    : " ".repeat(column - start.length);
  return start + gap + text;
}

function indent(text: string): string {
  return text.split("\n").map((line) => `  ${line}`).join("\n");
}
