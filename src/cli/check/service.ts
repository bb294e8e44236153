import { ConfigurationError } from "../../errors.ts";

/** Where systemd looks for units, the first before the others (systemd.unit(5)). */
const UNIT_FOLDERS = [
  "/etc/systemd/system",
  "/run/systemd/system",
  "/usr/local/lib/systemd/system",
  "/usr/lib/systemd/system",
  "/lib/systemd/system",
];
/** What `--unit` is where it is not given. */
export const DEFAULT_UNIT = "ranger.service";

/** What ProtectHome= and PrivateTmp= hide from a service. */
const HOMES = ["/home", "/root", "/run/user"];
const TEMPORARY = ["/tmp", "/var/tmp"];

/** A service of systemd, as far as it decides whether Ranger can run. */
export interface Service {
  /** `ranger.service`, `ranger@1.service` */
  readonly name: string;
  readonly file: string;
  readonly user: string;
  readonly environment: ReadonlyMap<string, string>;
  /** Read in this order, later ones win; optional ones may be missing. */
  readonly environmentFiles: readonly { readonly path: string; readonly optional: boolean }[];
  /** The files of credentials by their name in `$CREDENTIALS_DIRECTORY`. */
  readonly credentials: ReadonlyMap<string, string>;
  /** Why it may not listen on a port below 1024: the settings that are wrong for it. */
  readonly portSettings: readonly string[];
  /** Folders that it does not see. */
  readonly hidden: readonly string[];
}

/**
 * Reads the unit that starts Ranger, with its drop-ins.
 *
 * @param named a unit's name, or the path of its file; undefined for ranger.service, which may be
 *   missing
 * @returns undefined where ranger.service is not installed
 * @throws {ConfigurationError} the unit that is named is not there
 *
 * @example
 * ```ts
 * const service = await readService("ranger@1");
 * service?.user; // "ranger"
 * ```
 */
export async function readService(named: string | undefined): Promise<Service | undefined> {
  const wanted = named ?? DEFAULT_UNIT;
  const isPath = wanted.includes("/");
  const name = wanted.replace(/^.*\//, "").replace(/(\.service)?$/, ".service");
  const [, prefix, instance] = /^(.*@)(.+)\.service$/.exec(name) ?? [];
  const names = prefix === undefined ? [name] : [name, `${prefix}.service`];
  const candidates = isPath
    ? [wanted]
    : UNIT_FOLDERS.flatMap((folder) => names.map((each) => `${folder}/${each}`));
  for (const file of candidates) {
    const text = await readText(file);
    if (text === undefined) continue;
    const folders = isPath
      ? [`${file}.d`]
      : UNIT_FOLDERS.flatMap((folder) => names.map((each) => `${folder}/${each}.d`));
    const texts = [text, ...await dropIns(folders)];
    return serviceOf(name, file, parse(texts, instance ?? ""));
  }
  if (named === undefined) return undefined;
  throw new ConfigurationError(
    `--unit ${named}: there is no such unit; expected ${DEFAULT_UNIT}, another unit's name, the ` +
      "path of a unit's file, or none",
  );
}

/** Values of the section [Service] by key; an empty assignment removes what was before it. */
type Assignments = ReadonlyMap<string, readonly string[]>;

function serviceOf(name: string, file: string, assigned: Assignments): Service {
  const last = (key: string) => assigned.get(key)?.at(-1);
  const words = (key: string) => (assigned.get(key) ?? []).flatMap(splitWords);
  const isOn = (value = "") => /^(yes|true|on|1|tmpfs|disconnected)$/i.test(value);
  const has = (key: string) => {
    const listed = words(key).some((word) => word.replace(/^~/, "") === "CAP_NET_BIND_SERVICE");
    // A list that begins with ~ names what is taken away.
    return words(key)[0]?.startsWith("~") ? !listed : listed;
  };
  const isRoot = ["root", "0"].includes(last("User") ?? "root");
  return {
    name,
    file,
    user: last("User") ?? "root",
    environment: new Map(
      words("Environment").map((word) => {
        const equals = word.indexOf("=");
        return [word.slice(0, equals), word.slice(equals + 1)] as const;
      }),
    ),
    environmentFiles: (assigned.get("EnvironmentFile") ?? []).map((path) => ({
      path: path.replace(/^-/, ""),
      optional: path.startsWith("-"),
    })),
    credentials: new Map((assigned.get("LoadCredential") ?? []).map((value) => {
      const colon = value.indexOf(":");
      // Without a path systemd looks in its credential stores; the first of them is the usual one.
      return colon === -1
        ? [value, `/etc/credstore/${value}`] as const
        : [value.slice(0, colon), value.slice(colon + 1)] as const;
    })),
    portSettings: [
      ...(isRoot || has("AmbientCapabilities") ? [] : ["AmbientCapabilities"]),
      ...(!assigned.has("CapabilityBoundingSet") || has("CapabilityBoundingSet")
        ? []
        : ["CapabilityBoundingSet"]),
      ...(isOn(last("PrivateUsers")) ? ["PrivateUsers"] : []),
    ],
    hidden: [
      ...(isOn(last("ProtectHome")) ? HOMES : []),
      ...(isOn(last("PrivateTmp")) ? TEMPORARY : []),
    ],
  };
}

/** Texts of the drop-ins: by their names, and of the same name the first folder's. */
async function dropIns(folders: readonly string[]): Promise<string[]> {
  const files = new Map<string, string>();
  for (const folder of folders) {
    try {
      for await (const { name } of Deno.readDir(folder)) {
        if (name.endsWith(".conf") && !files.has(name)) files.set(name, `${folder}/${name}`);
      }
    } catch {
      // There is no such folder.
    }
  }
  const texts = await Promise.all(
    [...files].toSorted(([one], [other]) => one < other ? -1 : 1).map(([, file]) => readText(file)),
  );
  return texts.filter((text) => text !== undefined);
}

/** The section [Service] of a unit and its drop-ins (systemd.syntax(7)). */
function parse(texts: readonly string[], instance: string): Assignments {
  const assigned = new Map<string, string[]>();
  for (const text of texts) {
    let section = "";
    // Comments between continued lines are skipped, and a backslash at the end continues a line.
    const lines = text.split("\n").filter((line) => !/^\s*[#;]/.test(line)).join("\n")
      .replace(/\\\n/g, " ").split("\n");
    for (const line of lines) {
      section = /^\s*\[(.+)\]\s*$/.exec(line)?.[1] ?? section;
      const [, key = "", value = ""] = /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
      if (section !== "Service" || key === "") continue;
      if (value === "") assigned.set(key, []);
      else assigned.set(key, [...assigned.get(key) ?? [], expandSpecifiers(value, instance)]);
    }
  }
  return assigned;
}

/** %i and %I are the instance's name, %d the folder of credentials. */
function expandSpecifiers(value: string, instance: string): string {
  return value.replace(
    /%([iId%])/g,
    (_, letter: string) =>
      letter === "%" ? "%" : letter === "d" ? "$CREDENTIALS_DIRECTORY" : instance,
  );
}

/** Words separated by white space, some of them in quotes. */
function splitWords(text: string): string[] {
  return [...text.matchAll(/"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)'|(\S+)/g)]
    .map(([, double, single, plain]) => double ?? single ?? plain ?? "")
    .map((word) => word.replace(/\\(.)/g, "$1"));
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch {
    return undefined;
  }
}
