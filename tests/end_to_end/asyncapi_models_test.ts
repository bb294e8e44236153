/** What a generator makes of the AsyncAPI document: models that compile, and that examples fit. */
import assert from "node:assert/strict";
import { describeServer } from "../../src/asyncapi/document.ts";
import { schemaName } from "../../src/asyncapi/events.ts";
import { findExecutable } from "../../testing/executables.ts";
import { runProgram } from "../../testing/program.ts";
import { generateModels } from "../support/asyncapi_models.ts";

const folder = await Deno.makeTempDir({ prefix: "ranger-models-" });
const { components: { messages } } = describeServer();
await generateModels(describeServer(), folder);
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

/** Answers: Modelina gives other members names that are not those of the JSON. */
const NAMED_AS_IN_JSON = Object.entries(messages).filter(([, { payload }]) =>
  payload.properties?.success !== undefined || payload.properties?.error !== undefined
);

Deno.test("generated TypeScript compiles, and takes the examples", async () => {
  const files = [...Deno.readDirSync(`${folder}/typescript`)].map(({ name }) => name);
  assert.ok(files.length > 80, `${files.length} models`);
  assert.deepEqual(files.filter((name) => /Anonymous/i.test(name)), []);
  assert.ok(NAMED_AS_IN_JSON.length > 8);
  const uses = NAMED_AS_IN_JSON.flatMap(([key, { examples }]) => {
    const name = `${schemaName(key)}Message`;
    return [
      `import type ${name} from "./${name}.ts";`,
      ...examples.map(({ payload }, at) =>
        `export const ${key}${at}: ${name} = ${JSON.stringify(payload)};`
      ),
    ];
  });
  await Deno.writeTextFile(`${folder}/typescript/uses.ts`, uses.join("\n"));
  const { code, stderr } = await check("uses.ts", ...files);
  assert.equal(code, 0, stderr);

  // Whether it looks at all.
  const wrong = 'import type Ping from "./SubscribedMessage.ts"; export const x: Ping = { a: 1 };';
  await Deno.writeTextFile(`${folder}/typescript/wrong.ts`, wrong);
  assert.notEqual((await check("wrong.ts")).code, 0);
});

function check(...files: readonly string[]) {
  return runProgram(
    [Deno.execPath(), "check", "--quiet", "--no-config", "--no-lock", "--sloppy-imports"],
    files.map((name) => `${folder}/typescript/${name}`),
  );
}

const python = findExecutable("python3", ["/usr/bin", ...(Deno.env.get("PATH") ?? "").split(":")]);
if (python === undefined) console.log("Python is not installed: its models are not tested");

Deno.test({
  name: "generated Python can be imported, and takes the examples",
  ignore: python === undefined,
  fn: async () => {
    const examples = NAMED_AS_IN_JSON.map(([key, { examples }]) => [
      `${schemaName(key)}Message`,
      examples.map(({ payload }) => payload),
    ]);
    await Deno.writeTextFile(`${folder}/examples.json`, JSON.stringify(examples));
    const script = `
import importlib, json, pkgutil, re, models
modules = [importlib.import_module("models." + each.name) for each in pkgutil.iter_modules(models.__path__)]
for name, payloads in json.load(open("examples.json")):
    file = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    for payload in payloads:
        getattr(importlib.import_module("models." + file), name)(payload)
print(len(modules))
`;
    const { code, stdout, stderr } = await runProgram([python!], ["-c", script], { cwd: folder });
    assert.equal(code, 0, stderr);
    assert.ok(Number(stdout) > 80, stdout);
  },
});
