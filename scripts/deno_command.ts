/** The Deno that runs a script, as the script's tool. */

const ROOT = new URL("../", import.meta.url);

/**
 * What a command of Deno prints, run from the repository's root.
 *
 * @throws Error when it fails, with what it wrote
 *
 * @example
 * ```ts
 * JSON.parse(await deno("info", "--json", "main.ts")).modules;
 * ```
 */
export async function deno(...args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`deno ${args.join(" ")}: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}
