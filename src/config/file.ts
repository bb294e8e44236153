import { parse, TomlError } from "smol-toml";
import { ConfigurationError } from "../errors.ts";
import { bothForms, bothNames, type Candidate } from "./candidate.ts";
import { nearest } from "./nearest.ts";
import {
  eachSetting,
  fileForm,
  type Section,
  SECTIONS,
  type SettingKey,
  settingKey,
  settingOfFileForm,
} from "./settings.ts";

/** The file that is read where neither flag nor environment names another. */
export const DEFAULT_FILE = "/etc/ranger/ranger.toml";

/** The content of a configuration file; only its names are checked. */
export interface FileValues {
  readonly settings: ReadonlyMap<SettingKey, Candidate>;
  /** By prefix. */
  readonly rbac: ReadonlyMap<string, Candidate>;
  /** Repeated names and misplaced sections, a sentence each. */
  readonly problems: readonly string[];
  /** Unknown names, a sentence each: mistakes, or settings of a newer version. */
  readonly unknown: readonly string[];
}

/**
 * Reads the configuration file.
 *
 * @param path of the file
 * @param namedBy what named it, such as `flag --config`; `undefined` for the default file, which may
 *   be missing
 * @returns its content, or `undefined` if the default file does not exist
 * @throws {ConfigurationError} it cannot be read, or is not TOML
 */
export async function readFile(
  path: string,
  namedBy: string | undefined,
): Promise<FileValues | undefined> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    const missing = error instanceof Deno.errors.NotFound;
    if (missing && namedBy === undefined) return undefined;
    const by = namedBy === undefined ? "" : `, named by ${namedBy}`;
    throw new ConfigurationError(
      `the configuration file ${path}${by}, ${
        missing ? "does not exist" : `cannot be read: ${reason(error)}`
      }; expected the path of a TOML file that this user may read`,
    );
  }
  return parseFile(text, path);
}

/**
 * Parses the text of a configuration file.
 *
 * @throws {ConfigurationError} it is not TOML; the message names line and column, and quotes
 *   nothing, since the line may hold a password
 */
export function parseFile(text: string, path: string): FileValues {
  let table: Record<string, unknown>;
  try {
    table = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const what = (error.message.split("\n")[0] ?? "").replace(/^Invalid TOML document: /, "");
    throw new ConfigurationError(
      `the configuration file ${path} is not TOML: line ${error.line}, column ${error.column}: ` +
        `${what}; expected key = value lines under [section] headings, texts in quotes`,
    );
  }

  const settings = new Map<SettingKey, Candidate>();
  const rbac = new Map<string, Candidate>();
  const problems: string[] = [];
  const unknown: string[] = [];
  const from = (value: unknown): Candidate => ({ value, source: `file ${path}`, rank: 1 });
  for (const [section, content] of Object.entries(table)) {
    if (!isTable(content)) {
      const wrong = Object.hasOwn(SECTIONS, section) ? problems : unknown;
      wrong.push(`file ${path}: ${unknownKey(section, section)}`);
    } else if (section === "rbac") {
      for (const [prefix, roles] of Object.entries(content)) rbac.set(prefix, from(roles));
    } else if (!Object.hasOwn(SECTIONS, section)) {
      const near = nearest(section, Object.keys(SECTIONS));
      unknown.push(
        `file ${path}: unknown section [${section}]; ` +
          (near === undefined
            ? `the sections are ${Object.keys(SECTIONS).join(", ")}`
            : `did you mean [${near}]?`),
      );
    } else {
      for (const [word, value] of Object.entries(content)) {
        const name = `${section}.${word}`;
        const inFile = settingOfFileForm(name);
        const key = settingKey(name) ?? inFile;
        if (key === undefined) {
          unknown.push(`file ${path}: ${unknownKey(name, word, section as Section)}`);
        } else if (settings.has(key) && (inFile ?? settings.get(key)?.inFile)) {
          problems.push(`file ${path}: ${bothForms(key, fileForm(key) ?? "")}`);
        } else if (settings.has(key)) {
          // TOML refuses a repeated name, so these are the old and the new one.
          const from = settings.get(key)?.renamed?.from ?? name;
          problems.push(`file ${path}: ${bothNames({ from, to: key })}`);
        } else {
          const renamed = settingKey(name) === undefined || name === key
            ? {}
            : { renamed: { from: name, to: key } };
          settings.set(key, { ...from(value), ...renamed, ...(inFile ? { inFile: true } : {}) });
        }
      }
    }
  }
  return { settings, rbac, problems, unknown };
}

/** Suggests a key: a near one of the section, else the same word in another section, else any near one. */
function unknownKey(key: string, word: string, section?: Section): string {
  const keys = eachSetting().map(([known]) => known);
  const same = keys.filter((known) => known.startsWith(`${section}.`));
  const near = nearestWord(word, same) ??
    keys.find((known) => known.endsWith(`.${word}`)) ??
    (section === undefined && Object.hasOwn(SECTIONS, word) ? undefined : nearest(key, keys)) ??
    nearestWord(word, keys);
  if (section === undefined) {
    const hint = near === undefined
      ? ""
      : `; did you mean ${lastWord(near)} in [${near.split(".")[0]}]?`;
    return Object.hasOwn(SECTIONS, key)
      ? `${key} is a section; expected [${key}] with its keys below`
      : `unknown key ${key} outside a section${hint}`;
  }
  return `unknown key ${key}; ` +
    (near === undefined
      ? `[${section}] has ${same.map(lastWord).join(", ")}`
      : `did you mean ${near}?`);
}

function nearestWord(word: string, keys: readonly SettingKey[]): SettingKey | undefined {
  const near = nearest(word, keys.map(lastWord));
  return keys.find((key) => lastWord(key) === near);
}

function lastWord(key: string): string {
  return key.split(".")[1] ?? key;
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Date);
}

function reason(error: unknown): string {
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  if (error instanceof Deno.errors.IsADirectory) return "it is a directory";
  return error instanceof Error ? error.message : String(error);
}
