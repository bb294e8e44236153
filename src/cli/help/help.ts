import { RBAC } from "../../config/rbac.ts";
import { eachSetting, type Section, SECTIONS, type Setting } from "../../config/settings.ts";
import { nearest } from "../../config/nearest.ts";
import { ConfigurationError } from "../../errors.ts";
import { type Command, defineCommand } from "../command.ts";
import { COMMANDS } from "../commands.ts";
import { manualPage } from "./manual.ts";

/** Where the explanations begin. */
const COLUMN = 32;

/** `ranger help` */
export const help = defineCommand({
  name: "help",
  summary: "Lists the commands, or explains one",
  usage: "ranger help [COMMAND]\nranger help --man",
  example: "ranger help publish\nranger help --man | man -l -",
  options: { man: { type: "boolean", help: "Prints the manual page, for man" } },
  positionals: { min: 0, max: 1 },
  words: Object.keys(COMMANDS),
  settings: false,
  async run({ positionals: [name], values: { man } }) {
    if (man) {
      console.log(await manualPage());
      return 0;
    }
    if (name === undefined) {
      console.log(await overview());
      return 0;
    }
    const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (load === undefined) {
      const near = nearest(name, Object.keys(COMMANDS));
      throw new ConfigurationError(
        "there is no such command; " +
          (near === undefined ? "`ranger help` lists them" : `the nearest is ${near}`),
      );
    }
    console.log(explain(await load()));
    return 0;
  },
});

/** All commands, a line each. */
async function overview(): Promise<string> {
  const commands = await Promise.all(Object.values(COMMANDS).map((load) => load()));
  return [
    "Ranger delivers an exchange's events from RabbitMQ to WebSocket clients.",
    "",
    "Usage:",
    "  ranger [FLAGS]               the same as ranger serve",
    "  ranger COMMAND [FLAGS] …",
    "",
    "Commands:",
    ...commands.map(({ name, summary }) => row(name, summary, 14)),
    "",
    "`ranger COMMAND --help` shows a command's flags and an example.",
    "`ranger serve --help` shows every setting.",
    "",
    "Example, without a broker and without a key:",
    "  ranger demo",
  ].join("\n");
}

/**
 * A command's help: what it does, how it is called, its flags, and those of the settings where
 * it takes them.
 *
 * @param command of the table
 * @returns lines of text
 */
export function explain(command: Command): string {
  const own = Object.entries(command.options ?? {}).map(([name, option]) => {
    const takes = option.type === "string" ? ` ${option.value ?? "TEXT"}` : "";
    const standard = option.type === "string" && option.default !== undefined
      ? ` [${option.default}]`
      : "";
    return row(`--${name}${takes}`, option.help + standard);
  });
  return [
    `${command.summary}.`,
    ...(command.description === undefined ? [] : ["", command.description]),
    "",
    "Usage:",
    indent(command.usage),
    "",
    "Example:",
    indent(command.example),
    "",
    "Flags:",
    ...own,
    ...(command.settings
      ? [row("--config PATH", "Configuration file [/etc/ranger/ranger.toml]")]
      : []),
    row("--help", "Shows this"),
    row("--version", "Shows the version"),
    ...(command.settings ? ["", settingsFlags()] : []),
  ].join("\n");
}

/** Every setting's flag, by section. */
function settingsFlags(): string {
  const sections = (Object.keys(SECTIONS) as Section[]).map((section) =>
    [
      "",
      `${section}: ${SECTIONS[section]}`,
      ...eachSetting()
        .filter(([key]) => key.startsWith(`${section}.`))
        .map(([, setting]) => row(written(setting), `${setting.help} [${standard(setting)}]`)),
      ...(section === "rbac"
        ? [row(`--${RBAC.flag} ${RBAC.placeholder}`, `${RBAC.help} [none]`)]
        : []),
    ].join("\n")
  );
  return [
    "Settings, each also by environment and configuration file (docs/configuration.md):",
    ...sections,
  ].join("\n");
}

function written({ flag, kind }: Setting): string {
  return kind.placeholder === "" ? `--${flag}, --no-${flag}` : `--${flag} ${kind.placeholder}`;
}

/** What a setting is when nobody sets it, as text. */
function standard({ default: value, defaultText }: Setting): string {
  return defaultText ?? String(value);
}

function row(name: string, text: string, column = COLUMN): string {
  const start = `  ${name}`;
  const gap = start.length + 2 > column
    ? `\n${" ".repeat(column)}`
    : " ".repeat(column - start.length);
  return start + gap + text;
}

function indent(text: string): string {
  return text.split("\n").map((line) => `  ${line}`).join("\n");
}
