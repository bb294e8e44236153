import {
  commandFlags,
  type Flag,
  LISTED_SETTINGS,
  type ListedSetting,
} from "../../config/flag_catalog.ts";
import { type Section, SECTIONS } from "../../config/settings.ts";
import { VERSION } from "../../version.ts";
import type { Command } from "../command.ts";

/**
 * The manual page in the format of man(7), made from the commands and the flag catalog.
 *
 * @example
 * ```ts
 * import { type Command } from "../command.ts";
 * declare const commands: Command[];
 * console.log(manualPage(commands)); // for ranger help --man | man -l -
 * ```
 */
export function manualPage(commands: readonly Command[]): string {
  return [
    `.TH RANGER 1 "" ${argument(`ranger ${VERSION}`)} "User Commands"`,
    ".SH NAME",
    "ranger \\- delivers an exchange's events from RabbitMQ to WebSocket clients",
    ".SH SYNOPSIS",
    ".B ranger",
    "[COMMAND] [FLAGS] \\&...",
    ".SH DESCRIPTION",
    ...paragraph(
      "Without a command, ranger runs serve. Each setting can also be given in the " +
        "configuration file and in the environment; flags override the environment, the " +
        "environment overrides the file, and the file overrides the defaults.",
    ),
    ".SH COMMANDS",
    ...commands.flatMap(commandLines),
    ".SH SETTINGS",
    ...paragraph(
      `Taken by ${commands.filter(({ settings }) => settings).map(({ name }) => name).join(", ")}.`,
    ),
    ...[...LISTED_SETTINGS].flatMap(sectionLines),
    ".SH EXIT STATUS",
    ...EXITS.flatMap(([code, meaning]) => [".TP", `.B ${code}`, escaped(meaning)]),
    ".SH FILES",
    ...FILES.flatMap(([path, meaning]) => [".TP", `.I ${escaped(path)}`, escaped(meaning)]),
    ".SH SIGNALS",
    ...paragraph(
      "SIGTERM and SIGINT shut the server down in order. SIGHUP makes it read keys, limits, " +
        "origins, roles and log level again, without dropping a connection.",
    ),
  ].join("\n");
}

const EXITS: readonly (readonly [string, string])[] = [
  ["0", "Success, or an orderly shutdown."],
  ["69", "Something is unavailable: a port, a broker, a server."],
  ["70", "An unexpected error; please report it."],
  ["77", "A server refused the token, or every stream."],
  ["78", "A flag, a setting, a file or a key is wrong; the message says what is expected."],
];

const FILES: readonly (readonly [string, string])[] = [
  [
    "/etc/ranger/ranger.toml",
    "The configuration, unless --config or RANGER_CONFIG names another file.",
  ],
  ["/etc/ranger/ranger.env", "The environment of the service, for secrets."],
];

function commandLines(command: Command): string[] {
  const { name, summary, description, usage, example } = command;
  return [
    `.SS ${argument(name)}`,
    ...paragraph(`${summary}.`),
    ...(description === undefined ? [] : [".PP", ...verbatim(description)]),
    ".PP",
    ...verbatim(usage),
    ...commandFlags(command.options).flatMap(flagLines),
    ".PP",
    "Example:",
    ".PP",
    ".RS 4",
    ...verbatim(example),
    ".RE",
  ];
}

function flagLines(flag: Flag): string[] {
  return [".TP", usage(flag), escaped(flag.help)];
}

function sectionLines(
  [section, settings]: readonly [Section, readonly ListedSetting[]],
): string[] {
  return [`.SS ${argument(`${section}: ${SECTIONS[section]}`)}`, ...settings.flatMap(settingLines)];
}

function settingLines(
  { key, flags, environment, defaultText, help }: ListedSetting,
): string[] {
  return [
    ".TP",
    flags.map(usage).join(", "),
    escaped(`${help} [${defaultText}]`),
    ".br",
    escaped(`File: ${key}. Environment: ${environment.join(", ")}.`),
  ];
}

/** The flag in bold, its placeholder in italics. */
function usage({ name, placeholder }: Flag): string {
  const takes = placeholder === undefined ? "" : ` \\fI${escaped(placeholder)}\\fR`;
  return `\\fB${escaped(`--${name}`)}\\fR${takes}`;
}

function paragraph(text: string): string[] {
  return [escaped(text)];
}

/** Lines whose breaks are kept. */
function verbatim(text: string): string[] {
  return [".nf", ...text.split("\n").map(escaped), ".fi"];
}

/** Text for roff: ASCII without requests and escapes. */
function escaped(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll("`", "\\(ga")
    .replace(/^(?=[.'])/gm, "\\&")
    .replace(
      /[^\n -~]/gu,
      (one) => `\\[u${one.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}]`,
    );
}

/** A quoted argument of a request. */
function argument(text: string): string {
  return `"${escaped(text).replaceAll('"', "\\(dq")}"`;
}
