import { runWithPackages } from "./other_packages.ts";

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
  return await runWithPackages(SCRIPT, "asyncapi_parser.lock", documents);
}
