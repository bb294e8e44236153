/**
 * Prints the software bill of materials (SBOM) in CycloneDX 1.6: the packages that are in what is
 * built, with the hashes of deno.lock.
 *
 *     deno run -A scripts/sbom.ts [PROGRAM]   of the program; PROGRAM is asked for its versions
 *     deno run -A scripts/sbom.ts client      of the typed client
 *
 * Without PROGRAM the runtime is the Deno that runs this. The same commit gives the same bytes.
 */
import { VERSION } from "../src/version.ts";
import { CLIENT, PAGE, PROGRAM, thirdParties, type ThirdParty } from "./third_parties.ts";

const ROOT = new URL("../", import.meta.url).pathname;

interface Component {
  readonly type: "application" | "library" | "platform";
  readonly "bom-ref": string;
  readonly group?: string;
  readonly name: string;
  readonly version: string;
  readonly scope?: "required";
  readonly hashes?: readonly { readonly alg: "SHA-512"; readonly content: string }[];
  readonly licenses: readonly (
    | { readonly license: { readonly id: string } }
    | { readonly expression: string }
  )[];
  readonly cpe?: string;
  readonly purl: string;
  readonly externalReferences?: readonly { readonly type: "website"; readonly url: string }[];
}

interface Dependency {
  readonly ref: string;
  readonly dependsOn: readonly string[];
}

const [what] = Deno.args;
const bom = what === "client" ? await ofClient() : await ofProgram(what);
console.log(JSON.stringify(bom, null, 2));

async function ofProgram(program?: string): Promise<unknown> {
  const { version, commit, runtime } = await versions(program);
  const ranger = own("application", "ranger", version, `pkg:generic/ranger@${version}`, commit);
  const packages = await thirdParties([PROGRAM, PAGE]);
  const v8 = runtime.v8.replace(/-rusty$/, "");
  const platform: Component[] = [
    {
      type: "platform",
      "bom-ref": `pkg:github/denoland/deno@v${runtime.deno}`,
      name: "deno",
      version: runtime.deno,
      scope: "required",
      licenses: [{ license: { id: "MIT" } }],
      cpe: `cpe:2.3:a:deno:deno:${runtime.deno}:*:*:*:*:*:*:*`,
      purl: `pkg:github/denoland/deno@v${runtime.deno}`,
    },
    {
      type: "platform",
      "bom-ref": `pkg:github/v8/v8@${v8}`,
      name: "v8",
      version: v8,
      scope: "required",
      licenses: [{ license: { id: "BSD-3-Clause" } }],
      purl: `pkg:github/v8/v8@${v8}`,
    },
  ];
  const [deno, engine] = platform.map((component) => component["bom-ref"]);
  const direct = directOf(packages).map(refOf);
  return await bomOf(ranger, [...platform, ...packages.map(component)], [
    { ref: ranger["bom-ref"], dependsOn: [deno!, ...direct] },
    { ref: deno!, dependsOn: [engine!] },
    { ref: engine!, dependsOn: [] },
    ...packages.map((each) => dependencyOf(each, packages)),
  ], [
    // The runtime is linked from some hundred libraries, which its lock file lists.
    { aggregate: "incomplete", assemblies: [deno!] },
    { aggregate: "complete", dependencies: [ranger["bom-ref"], ...packages.map(refOf)] },
  ]);
}

async function ofClient(): Promise<unknown> {
  const client = own(
    "library",
    "@ranger-ws/client",
    VERSION,
    `pkg:npm/%40ranger-ws/client@${VERSION}`,
  );
  const packages = await thirdParties([CLIENT]);
  return await bomOf(client, packages.map(component), [
    { ref: client["bom-ref"], dependsOn: packages.map(refOf) },
    ...packages.map((each) => dependencyOf(each, packages)),
  ], [{ aggregate: "complete", dependencies: [client["bom-ref"]] }]);
}

async function bomOf(
  about: Component,
  components: readonly Component[],
  dependencies: readonly Dependency[],
  compositions: readonly unknown[],
): Promise<unknown> {
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${await uuid(JSON.stringify([about, components]))}`,
    version: 1,
    metadata: {
      timestamp: await commitTime(),
      lifecycles: [{ phase: "build" }],
      component: about,
    },
    components,
    dependencies,
    compositions,
  };
}

/** Ranger itself. */
function own(
  type: "application" | "library",
  name: string,
  version: string,
  purl: string,
  commit?: string,
): Component & { readonly properties?: readonly unknown[] } {
  return {
    type,
    "bom-ref": purl,
    name,
    version,
    licenses: [{ license: { id: "Apache-2.0" } }],
    purl,
    ...(commit === undefined ? {} : { properties: [{ name: "ranger:commit", value: commit }] }),
  };
}

function component(each: ThirdParty): Component {
  const { name, version, integrity, licence, homepage } = each;
  const [group, ownName] = name.startsWith("@") ? name.split("/") : [undefined, name];
  return {
    type: "library",
    "bom-ref": refOf(each),
    ...(group === undefined ? {} : { group }),
    name: ownName!,
    version,
    scope: "required",
    hashes: [{ alg: "SHA-512", content: hex(integrity) }],
    licenses: [/\s/.test(licence) ? { expression: licence } : { license: { id: licence } }],
    purl: refOf(each),
    ...(homepage ? { externalReferences: [{ type: "website" as const, url: homepage }] } : {}),
  };
}

/** Its package URL: `pkg:npm/%40hono/node-server@2.1.8`. */
function refOf({ name, version }: ThirdParty): string {
  return `pkg:npm/${name.replace(/^@/, "%40")}@${version}`;
}

function dependencyOf(each: ThirdParty, all: readonly ThirdParty[]): Dependency {
  return {
    ref: refOf(each),
    dependsOn: all.filter(({ name }) => each.dependencies.includes(name)).map(refOf),
  };
}

/** Those that Ranger imports, as deno.json has them, or that no other package asks for. */
function directOf(all: readonly ThirdParty[]): ThirdParty[] {
  const text = Deno.readTextFileSync(`${ROOT}deno.json`).replace(/^\s*\/\/.*$/gm, "");
  const { imports } = JSON.parse(text) as { imports: Record<string, string> };
  const asked = new Set(all.flatMap(({ dependencies }) => dependencies));
  return all.filter(({ name }) => name in imports || !asked.has(name));
}

/** `sha512-<base64>` as CycloneDX writes a hash. */
function hex(integrity: string): string {
  const [algorithm, value = ""] = integrity.split(/-(.*)/);
  if (algorithm !== "sha512") throw new Error(`an integrity that is not of SHA-512: ${integrity}`);
  return Uint8Array.fromBase64(value).toHex();
}

/** A UUID that follows from a text (RFC 9562, version 8). */
async function uuid(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  const digits = new Uint8Array(digest).toHex();
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `8${digits.slice(13, 16)}`,
    `8${digits.slice(17, 20)}`,
    digits.slice(20, 32),
  ].join("-");
}

/** What the built program says of itself; without one, what is known here. */
async function versions(program?: string): Promise<
  { version: string; commit?: string; runtime: { deno: string; v8: string } }
> {
  if (program === undefined) return { version: VERSION, runtime: Deno.version };
  return JSON.parse(await output(program, "version", "--json"));
}

async function commitTime(): Promise<string> {
  const seconds = Number(await output("git", "-C", ROOT, "log", "-1", "--format=%ct"));
  return new Date(seconds * 1000).toISOString();
}

async function output(program: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args, stdin: "null" })
    .output();
  if (!success) {
    throw new Error(`${program} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  }
  return new TextDecoder().decode(stdout).trim();
}
