import { ROOT, runProgram } from "../../testing/program.ts";

/**
 * Run by another Deno with another lock file: the parser depends on some hundred packages, which
 * the program does not need, and whose types would replace those of Deno.
 */
const SCRIPT = `
import { Parser } from "npm:@asyncapi/parser@3.6.3";

const found = [];
for (const document of JSON.parse(await Deno.readTextFile(Deno.args[0]))) {
  const { diagnostics } = await new Parser().parse(JSON.stringify(document));
  // 0 is an error, 1 a warning; beyond that come remarks.
  found.push(
    diagnostics.filter(({ severity }) => severity <= 1)
      .map(({ code, message, path }) => code + " at " + path.join(".") + ": " + message),
  );
}
console.log(JSON.stringify(found));
`;

/**
 * The errors and warnings that the reference parser of AsyncAPI reports for documents.
 *
 * @returns a list for each document
 * @throws {Error} the parser cannot be fetched or run
 */
export async function objections(...documents: readonly unknown[]): Promise<string[][]> {
  // In a file: a few documents are longer than one argument of a program may be.
  const file = await Deno.makeTempFile({ suffix: ".json" });
  try {
    await Deno.writeTextFile(file, JSON.stringify(documents));
    const { code, stdout, stderr } = await runProgram(
      [Deno.execPath(), "run", "--quiet", "--no-config", "--frozen"],
      [
        `--lock=${ROOT}tests/support/asyncapi_parser.lock`,
        ...["--allow-read", "--allow-env", "--allow-sys", "-", file],
      ],
      { stdin: SCRIPT },
    );
    if (code !== 0) throw new Error(`the parser ended with ${code}\n${stderr}`);
    return JSON.parse(stdout);
  } finally {
    await Deno.remove(file);
  }
}
