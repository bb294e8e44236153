/** What the scripts have in common that write files from the sources. */

const ROOT = new URL("../", import.meta.url);

/**
 * Formats a text as `deno fmt` does, so that the repository's format check holds for it, too.
 *
 * @param extension the kind of file: `md`, `ts`
 * @throws Error when `deno fmt` refuses the text, after it said why
 *
 * @example
 * ```ts
 * await formatted("const a=1", "ts"); // "const a = 1;\n"
 * ```
 */
export async function formatted(
  text: string,
  extension: string,
): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext", extension, "--line-width", "100", "-"],
    cwd: ROOT,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  const { code, stdout } = await child.output();
  if (code !== 0) throw new Error(`deno fmt ended with ${code}`);
  return new TextDecoder().decode(stdout);
}

/**
 * Writes a generated file; with `--check` among the arguments it only looks, and ends the process
 * with 1 when the file is not what it should be.
 *
 * @param path of the file and of the script that writes it, from the repository's root
 *
 * @example
 * ```ts
 * const text = "# Configuration\n";
 * await writeOrCheck("docs/configuration.md", "scripts/configuration_doc.ts", text);
 * ```
 */
export async function writeOrCheck(
  path: string,
  script: string,
  text: string,
): Promise<void> {
  const file = new URL(path, ROOT);
  if (!Deno.args.includes("--check")) {
    return await Deno.writeTextFile(file, text);
  }
  if (text === await Deno.readTextFile(file).catch(() => "")) return;
  console.error(
    `${path} is not what the sources say; \`deno run -A ${script}\` writes it`,
  );
  Deno.exit(1);
}
