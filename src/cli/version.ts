import { COMMIT, VERSION } from "../version.ts";
import { defineCommand } from "./command.ts";

/** `ranger version` */
export const version = defineCommand({
  name: "version",
  summary: "Prints version, commit and runtime",
  usage: "ranger version",
  example: "ranger version",
  settings: false,
  run() {
    console.log(describeVersion());
    return Promise.resolve(0);
  },
});

/**
 * Version, commit and runtime, a line each.
 *
 * @example
 * ```ts ignore
 * describeVersion(); // "ranger 0.1.0\ncommit 1a2b3c4\nruntime deno 2.9.6, v8 …, typescript …"
 * ```
 */
function describeVersion(): string {
  const { deno, v8, typescript } = Deno.version;
  const { os, arch } = Deno.build;
  return [
    `ranger ${VERSION}`,
    `commit ${COMMIT}`,
    `runtime deno ${deno}, v8 ${v8}, typescript ${typescript}, ${os} ${arch}`,
  ].join("\n");
}
