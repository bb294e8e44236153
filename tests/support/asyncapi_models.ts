import { ROOT, runProgram } from "../../testing/program.ts";

/**
 * Run by another Deno with another lock file: the generator depends on some hundred packages, which
 * the program does not need.
 */
const SCRIPT = `
import { PythonFileGenerator, TypeScriptFileGenerator } from "npm:@asyncapi/modelina@5.10.1";

const [file, folder] = Deno.args;
const document = JSON.parse(await Deno.readTextFile(file));
await new TypeScriptFileGenerator({ modelType: "interface" })
  .generateToFiles(document, folder + "/typescript", { exportType: "default" });
await new PythonFileGenerator()
  .generateToFiles(document, folder + "/models", { packageName: "models" });
`;

/**
 * Generates models with Modelina, the generator of the AsyncAPI initiative, as users of the document
 * do: in `typescript` one interface per file, in `models` a Python package.
 *
 * @param folder an absolute path
 * @throws {Error} the generator cannot be fetched, or refuses the document
 */
export async function generateModels(document: unknown, folder: string): Promise<void> {
  const file = `${folder}/asyncapi.json`;
  await Deno.writeTextFile(file, JSON.stringify(document));
  const { code, stderr } = await runProgram(
    [Deno.execPath(), "run", "--quiet", "--no-config", "--frozen"],
    [
      `--lock=${ROOT}tests/support/asyncapi_models.lock`,
      ...["--allow-read", "--allow-env", "--allow-sys", `--allow-write=${folder}`, "-"],
      ...[file, folder],
    ],
    { stdin: SCRIPT },
  );
  if (code !== 0) throw new Error(`Modelina ended with ${code}\n${stderr}`);
}
