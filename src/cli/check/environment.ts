import { ConfigurationError } from "../../errors.ts";
import { parseEnvironmentFile } from "./environment_file.ts";
import { type Finding, UNAVAILABLE } from "./finding.ts";
import type { Service } from "./service.ts";

/** The file that the installed unit reads. */
const DEFAULT_FILE = "/etc/ranger/ranger.env";

/** Variables that systemd passes on or sets itself, and those of the runtime. */
const KEPT = /^(PATH|HOME|LANG|TMPDIR|NO_COLOR|DENO_\w+|SSL_CERT_\w+|(HTTPS?|ALL|NO)_PROXY)$/i;

/** The environment that the service would have. */
export interface ServiceEnvironment {
  readonly values: Readonly<Record<string, string>>;
  /** The files that variables come from, by the variable's name. */
  readonly origins: ReadonlyMap<string, string>;
  /** Files that were read. */
  readonly files: readonly string[];
  readonly findings: readonly Finding[];
}

/**
 * Puts together the environment of the service: what its unit sets, and over that its environment
 * files. Without a unit it is the present environment, with /etc/ranger/ranger.env over it where
 * that exists.
 *
 * @param present the environment of this process
 * @param named the file to read in place of the unit's
 * @throws {ConfigurationError} the file that is named cannot be read
 */
export async function serviceEnvironment(
  present: Readonly<Record<string, string>>,
  service: Service | undefined,
  named: string | undefined,
): Promise<ServiceEnvironment> {
  const wanted = named !== undefined
    ? [{ path: named, optional: false }]
    : service?.environmentFiles ?? [{ path: DEFAULT_FILE, optional: true }];
  const inherited = Object.entries(present).filter(([name]) => !service || KEPT.test(name));
  const values = new Map([...inherited, ...service?.environment ?? []]);
  const origins = new Map(
    [...service?.environment.keys() ?? []].map((name) => [name, service?.file ?? ""] as const),
  );
  // The credentials of the service as it runs now, as far as its unit does not name their files.
  const directory = `/run/credentials/${service?.name}`;
  if (service && await isFolder(directory)) values.set("CREDENTIALS_DIRECTORY", directory);
  const files: string[] = [];
  const findings: Finding[] = [];
  for (const { path, optional } of wanted) {
    try {
      for (const [name, value] of parseEnvironmentFile(await Deno.readTextFile(path))) {
        values.set(name, value);
        origins.set(name, path);
      }
      files.push(path);
    } catch (error) {
      const problem = whyNot(path, optional, error);
      if (problem === undefined) continue;
      if (named !== undefined) throw new ConfigurationError(`--environment-file ${problem}`);
      findings.push({ name: "environment", text: problem, exitCode: UNAVAILABLE });
    }
  }
  return { values: Object.fromEntries(values), origins, files, findings };
}

function whyNot(path: string, optional: boolean, error: unknown): string | undefined {
  if (error instanceof Deno.errors.NotFound) {
    return optional ? undefined : `${path} does not exist, and the service needs it`;
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return `${path} may not be read by this user, while systemd reads it as root; run this as ` +
      "root, or name another file with --environment-file";
  }
  return `${path} cannot be read: ${error instanceof Error ? error.message : error}`;
}

async function isFolder(path: string): Promise<boolean> {
  return await Deno.stat(path).then(({ isDirectory }) => isDirectory, () => false);
}
