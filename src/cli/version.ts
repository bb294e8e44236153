import { COMMIT, VERSION } from "../version.ts";
import { defineCommand } from "./command.ts";

/** `ranger version` */
export const version = defineCommand({
  name: "version",
  summary: "Prints version, commit and runtime",
  usage: "ranger version [--json]",
  example: "ranger version --json",
  options: {
    json: { type: "boolean", help: "One JSON object, for scripts" },
  },
  settings: false,
  run({ values }) {
    const known = knownVersions();
    console.log(values.json ? JSON.stringify(known) : describe(known));
    return Promise.resolve(0);
  },
});

/** What the program knows of its origin; the members of `ranger version --json`. */
interface Versions {
  readonly version: string;
  readonly commit: string;
  readonly runtime: {
    readonly deno: string;
    readonly v8: string;
    readonly typescript: string;
    readonly os: string;
    readonly arch: string;
  };
}

function knownVersions(): Versions {
  const { deno, v8, typescript } = Deno.version;
  const { os, arch } = Deno.build;
  return { version: VERSION, commit: COMMIT, runtime: { deno, v8, typescript, os, arch } };
}

/**
 * Version, commit and runtime, a line each.
 *
 * @example
 * ```ts ignore
 * describe(known); // "ranger 0.1.0\ncommit 1a2b3c4\nruntime deno 2.9.6, v8 …, typescript …"
 * ```
 */
function describe({ version, commit, runtime }: Versions): string {
  const { deno, v8, typescript, os, arch } = runtime;
  return [
    `ranger ${version}`,
    `commit ${commit}`,
    `runtime deno ${deno}, v8 ${v8}, typescript ${typescript}, ${os} ${arch}`,
  ].join("\n");
}
