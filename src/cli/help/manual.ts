import {
  eachSetting,
  environmentNames,
  type Section,
  SECTIONS,
  type Setting,
} from "../../config/settings.ts";
import { VERSION } from "../../version.ts";
import type { Command } from "../command.ts";
import { allCommands, type Flag, ownFlags } from "./flag_catalog.ts";

/**
 * The manual page, as man reads it (man(7)), from the table of commands and the settings.
 *
 * @example
 * ```ts
 * console.log(await manualPage()); // for ranger help --man | man -l -
 * ```
 */
export async function manualPage(): Promise<string> {
  const commands = await allCommands();
  return [
    `.TH RANGER 1 "" ${argument(`ranger ${VERSION}`)} "User Commands"`,
    ".SH NAME",
    "ranger \\- delivers an exchange's events from RabbitMQ to WebSocket clients",
    ".SH SYNOPSIS",
    ".B ranger",
    "[COMMAND] [FLAGS] \\&...",
    ".SH DESCRIPTION",
    ...paragraph(
      "Without a command it serves. Each flag of a setting is also a line of the " +
        "configuration file and a variable of the environment; flags go over the environment, that " +
        "over the file, that over the defaults.",
    ),
    ".SH COMMANDS",
    ...commands.flatMap(commandLines),
    ".SH SETTINGS",
    ...paragraph(
      `Taken by ${commands.filter(({ settings }) => settings).map(({ name }) => name).join(", ")}.`,
    ),
    ...(Object.keys(SECTIONS) as Section[]).flatMap(sectionLines),
    ".SH EXIT STATUS",
    ...EXITS.flatMap(([code, meaning]) => [".TP", `.B ${code}`, escaped(meaning)]),
    ".SH FILES",
    ...FILES.flatMap(([path, meaning]) => [".TP", `.I ${escaped(path)}`, escaped(meaning)]),
    ".SH SIGNALS",
    ...paragraph(
      "SIGTERM and SIGINT end the server in order. SIGHUP makes it read keys, limits, " +
        "origins, roles and log level again, without dropping a connection.",
    ),
  ].join("\n");
}

const EXITS: readonly (readonly [string, string])[] = [
  ["0", "It went well, or was ended in order."],
  ["69", "Something needed cannot be had: a port, a broker, a server."],
  ["70", "An error that nobody foresaw; please report it."],
  ["77", "A server refused the token, or every stream."],
  ["78", "A flag, a setting, a file or a key is wrong; the message says what would be right."],
];

const FILES: readonly (readonly [string, string])[] = [
  [
    "/etc/ranger/ranger.toml",
    "The configuration, where neither --config nor RANGER_CONFIG names another.",
  ],
  ["/etc/ranger/ranger.env", "The environment of the service: secrets are kept there."],
];

function commandLines(command: Command): string[] {
  const { name, summary, description, usage, example } = command;
  return [
    `.SS ${argument(name)}`,
    ...paragraph(`${summary}.`),
    ...(description === undefined ? [] : [".PP", ...verbatim(description)]),
    ".PP",
    ...verbatim(usage),
    ...ownFlags(command).flatMap(flagLines),
    ".PP",
    "Example:",
    ".PP",
    ".RS 4",
    ...verbatim(example),
    ".RE",
  ];
}

function flagLines({ name, value, help }: Flag): string[] {
  const takes = value === undefined ? "" : ` \\fI${escaped(value)}\\fR`;
  return [".TP", `\\fB${escaped(`--${name}`)}\\fR${takes}`, escaped(help)];
}

function sectionLines(section: Section): string[] {
  const settings = eachSetting().filter(([key]) => key.startsWith(`${section}.`));
  return [
    `.SS ${argument(`${section}: ${SECTIONS[section]}`)}`,
    ...settings.flatMap(([key, setting]) => settingLines(key, setting)),
  ];
}

function settingLines(
  key: Parameters<typeof environmentNames>[0],
  { flag, kind, help, default: standard, defaultText }: Setting,
): string[] {
  const takes = kind.placeholder === "" ? "" : ` \\fI${escaped(kind.placeholder)}\\fR`;
  const switched = kind.placeholder === "" ? `, \\fB${escaped(`--no-${flag}`)}\\fR` : "";
  const text = `${help} [${defaultText ?? String(standard)}]`;
  return [
    ".TP",
    `\\fB${escaped(`--${flag}`)}\\fR${takes}${switched}`,
    escaped(text),
    ".br",
    escaped(`File: ${key}. Environment: ${environmentNames(key).join(", ")}.`),
  ];
}

function paragraph(text: string): string[] {
  return [escaped(text)];
}

/** Lines that are not filled. */
function verbatim(text: string): string[] {
  return [".nf", ...text.split("\n").map(escaped), ".fi"];
}

/** Text as roff takes it: nothing in it is a request or an escape, and all of it is ASCII. */
function escaped(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll("`", "\\(ga")
    .replace(/^(?=[.'])/gm, "\\&")
    .replace(
      /[^\n -~]/gu,
      (one) => `\\[u${one.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}]`,
    );
}

/** As an argument of a request, quoted. */
function argument(text: string): string {
  return `"${escaped(text).replaceAll('"', "\\(dq")}"`;
}
