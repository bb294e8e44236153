import type { Candidate } from "./candidate.ts";
import type { SettingKey } from "./settings.ts";

/** The folder of a service's credentials (systemd.exec(5)), as a path may begin with it. */
const CREDENTIAL = /^\$(?:CREDENTIALS_DIRECTORY|\{CREDENTIALS_DIRECTORY\})\/(.+)$/;

/** Where credentials are. */
export interface Credentials {
  /** The value of CREDENTIALS_DIRECTORY. */
  readonly directory: string | undefined;
  /** The files of single credentials, which the directory does not have yet. */
  readonly files: ReadonlyMap<string, string>;
}

/** A path of a setting. */
export interface ResolvedPath {
  readonly path: string;
  /** Whether the service manager reads it, as root, for the service. */
  readonly isCredential: boolean;
}

/**
 * Resolves a path that may begin with `$CREDENTIALS_DIRECTORY/`.
 *
 * @returns what is wrong, where there are no credentials
 *
 * @example
 * ```ts
 * resolvePath("$CREDENTIALS_DIRECTORY/amqp", { directory: "/run/credentials/x", files: new Map() });
 * // { path: "/run/credentials/x/amqp", isCredential: true }
 * ```
 */
export function resolvePath(text: string, credentials: Credentials): ResolvedPath | string {
  const [, name] = CREDENTIAL.exec(text) ?? [];
  if (name === undefined) return { path: text, isCredential: false };
  const { directory, files } = credentials;
  const path = files.get(name) ?? (directory === undefined ? undefined : `${directory}/${name}`);
  if (path !== undefined) return { path, isCredential: true };
  return `${text} is a credential, and CREDENTIALS_DIRECTORY is not set; expected ` +
    `LoadCredential=${name}:PATH in the service's unit`;
}

/**
 * Reads a value from the file that a source names; a line break at its end is not part of it.
 *
 * @param candidate whose value is the path
 * @param problems gets a sentence where it cannot be read; never with what is in the file
 * @returns the text as the value; undefined where it cannot be read
 */
export async function readValueFile(
  key: SettingKey,
  { value: path, source, rank }: Candidate & { readonly value: string },
  problems: string[],
): Promise<(Candidate & { readonly value: string }) | undefined> {
  let problem: string;
  try {
    const text = (await Deno.readTextFile(path)).replace(/\r?\n$/, "");
    if (text !== "") return { value: text, source: `file ${path}, named by ${source}`, rank };
    problem = "is empty";
  } catch (error) {
    problem = error instanceof Deno.errors.NotFound
      ? "does not exist"
      : error instanceof Deno.errors.PermissionDenied
      ? "may not be read by this user"
      : error instanceof Deno.errors.IsADirectory
      ? "is a directory"
      : `cannot be read: ${error instanceof Error ? error.message : error}`;
  }
  problems.push(
    `${key}, from ${source}: the file ${path} ${problem}; expected a file with the value`,
  );
  return undefined;
}
