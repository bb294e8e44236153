import { RBAC } from "../../config/rbac.ts";
import { eachSetting, type Setting } from "../../config/settings.ts";
import type { Command, CommandOption } from "../command.ts";
import { COMMANDS } from "../commands.ts";

/** A flag as shells and manuals need to know it. */
export interface Flag {
  /** Without dashes. */
  readonly name: string;
  readonly help: string;
  /** What stands for its value; undefined for switches. */
  readonly value: string | undefined;
  /** Values to offer. */
  readonly words: readonly string[];
  /** Whether the value names a file. */
  readonly file: boolean;
}

/** Flags that every command has. */
export const COMMON_FLAGS: readonly Flag[] = [
  { name: "help", help: "Shows help", value: undefined, words: [], file: false },
  { name: "version", help: "Shows the version", value: undefined, words: [], file: false },
];

/** Every command, in the order of the help. */
export function allCommands(): Promise<Command[]> {
  return Promise.all(Object.values(COMMANDS).map((load) => load()));
}

/** The command's own flags. */
export function ownFlags({ options = {} }: Command): Flag[] {
  return Object.entries(options).map(([name, option]: [string, CommandOption]) => {
    const value = option.type === "string" ? option.value ?? "TEXT" : undefined;
    const words = option.type === "string" ? option.words ?? [] : [];
    return { name, help: option.help, value, words, file: isFile(value) };
  });
}

/** The flags of all settings, switches in both forms. */
export function settingsFlags(): Flag[] {
  const config = "Configuration file";
  return [
    { name: "config", help: config, value: "PATH", words: [], file: true },
    ...eachSetting().flatMap(([, setting]) => flagsOf(setting)),
    { name: RBAC.flag, help: RBAC.help, value: RBAC.placeholder, words: [], file: false },
  ];
}

function flagsOf({ flag, kind, help }: Setting): Flag[] {
  const { placeholder, words = [] } = kind;
  if (placeholder !== "") {
    return [{ name: flag, help, value: placeholder, words, file: isFile(placeholder) }];
  }
  const plain = { value: undefined, words: [], file: false };
  return [
    { name: flag, help, ...plain },
    { name: `no-${flag}`, help: `Not: ${help}`, ...plain },
  ];
}

function isFile(value: string | undefined): boolean {
  return value !== undefined && /^(FILE|PATH|PREFIX|KEY)\b/.test(value);
}
