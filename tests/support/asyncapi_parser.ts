import { ROOT, runProgram } from "../../testing/program.ts";

/**
 * Run by another Deno process, with a separate lock file: the parser stands on some hundred packages,
 * which are no business of the program, and whose types would take the place of Deno's own.
 */
const SCRIPT = `
import { Parser } from "npm:@asyncapi/parser@3.6.3";

const found = [];
for (const document of JSON.parse(Deno.args[0])) {
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
 * What the reference parser of AsyncAPI has against documents.
 *
 * @returns errors and warnings of each
 * @throws Error when the parser cannot be had or run
 */
export async function objections(...documents: readonly unknown[]): Promise<string[][]> {
  const { code, stdout, stderr } = await runProgram(
    [Deno.execPath(), "run", "--quiet", "--no-config", "--frozen"],
    [
      `--lock=${ROOT}tests/support/asyncapi_parser.lock`,
      ...["--allow-read", "--allow-env", "--allow-sys", "-"],
      JSON.stringify(documents),
    ],
    { stdin: SCRIPT },
  );
  if (code !== 0) throw new Error(`the parser ended with ${code}\n${stderr}`);
  return JSON.parse(stdout);
}
