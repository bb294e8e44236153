/** The software bill of materials: valid, as the lock file says, and of what is bundled. */
import assert from "node:assert/strict";
import { ROOT, runProgram } from "../../testing/program.ts";
import { temporaryFolder } from "../support/run_ranger.ts";
import { faultsOfSbom } from "../support/schemas.ts";

interface Bom {
  readonly metadata: { readonly component: { readonly name: string; readonly "bom-ref": string } };
  readonly components: readonly {
    readonly type: string;
    readonly "bom-ref": string;
    readonly version: string;
    readonly purl: string;
    readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
    readonly licenses: readonly unknown[];
  }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

Deno.test("the SBOM of the program is valid, complete, and has the hashes of the lock file", async (t) => {
  const bom = await sbom();
  const libraries = bom.components.filter(({ type }) => type === "library");

  await t.step("valid by the schema of CycloneDX, which refuses a damaged one", async () => {
    assert.deepEqual(await faultsOfSbom(bom), []);
    const [first, ...others] = bom.components;
    const damaged = { ...bom, components: [{ ...first, type: "libary" }, ...others] };
    assert.notDeepEqual(await faultsOfSbom(damaged), []);
  });

  await t.step("its packages are those with code in program and page", async () => {
    const bundled = new Set([
      ...await mappedPackages("main.ts", "deno"),
      ...await mappedPackages("web/src/main.ts", "browser"),
    ]);
    assert.deepEqual(libraries.map(({ purl }) => purl).toSorted(), [...bundled].toSorted());
  });

  await t.step("hashes are those of the lock file", async () => {
    const { npm } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.lock`)) as {
      npm: Record<string, { integrity: string }>;
    };
    for (const { purl, hashes } of libraries) {
      const id = decodeURIComponent(purl.slice("pkg:npm/".length));
      const [, locked] = Object.entries(npm).find(([key]) => key.split("_")[0] === id) ?? [];
      const [hash] = hashes ?? [];
      assert.equal(hash?.alg, "SHA-512", purl);
      assert.equal(
        locked?.integrity,
        `sha512-${Uint8Array.fromHex(hash!.content).toBase64()}`,
        purl,
      );
    }
  });

  await t.step("each package is reached from the program", () => {
    const dependencies = new Map(bom.dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
    const reached = new Set([bom.metadata.component["bom-ref"]]);
    for (const ref of reached) for (const next of dependencies.get(ref) ?? []) reached.add(next);
    assert.deepEqual(
      [...reached].toSorted(),
      [bom.metadata.component, ...bom.components].map((each) => each["bom-ref"]).toSorted(),
    );
  });

  await t.step("the runtime and its engine are components", () => {
    const versions = bom.components.filter(({ type }) => type === "platform")
      .map(({ version }) => version);
    assert.deepEqual(versions, [Deno.version.deno, Deno.version.v8.replace(/-rusty$/, "")]);
  });

  await t.step("the same sources give the same bytes", async () => {
    assert.deepEqual(await sbom(), bom);
  });

  await t.step("NOTICE names each package, and each licence", async () => {
    const notice = await Deno.readTextFile(`${ROOT}NOTICE`);
    for (const { purl } of libraries) {
      const name = decodeURIComponent(purl).replace(/^pkg:npm\/(.*)@.*$/, "$1");
      assert.match(notice, new RegExp(`^${name}(\\. .*)?\\n[A-Za-z0-9.-]+$`, "m"));
    }
  });
});

Deno.test("the SBOM of the client is valid, and has no package of others", async () => {
  const bom = await sbom("client");
  assert.deepEqual(await faultsOfSbom(bom), []);
  assert.equal(bom.metadata.component.name, "@ranger-ws/client");
  assert.deepEqual(await mappedPackages("client/src/mod.ts", "browser"), []);
  assert.deepEqual(bom.components, []);
});

async function sbom(...args: string[]): Promise<Bom> {
  const { code, stdout, stderr } = await runProgram(
    [Deno.execPath(), "run", "-A", `${ROOT}scripts/sbom.ts`],
    args,
  );
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Bom;
}

/** The packages of the modules that a bundle's source map names, as package URLs. */
async function mappedPackages(entry: string, platform: string): Promise<string[]> {
  await using folder = await temporaryFolder();
  const { code, stderr } = await runProgram([Deno.execPath(), "bundle", "--quiet", "--frozen"], [
    "--sourcemap=external",
    `--platform=${platform}`,
    `--output=${folder.path}/bundle.js`,
    entry,
  ], { cwd: ROOT });
  assert.equal(code, 0, stderr);
  const { sources } = JSON.parse(await Deno.readTextFile(`${folder.path}/bundle.js.map`)) as {
    sources: string[];
  };
  assert.ok(sources.length > 5, `${entry}: ${sources}`);
  const module = /\/npm\/[^/]+\/((?:@[^/]+\/)?[^/]+)\/([^/]+)\//;
  const found = sources.map((source) => module.exec(source)).filter((match) => match !== null)
    .map(([, name, version]) => `pkg:npm/${name!.replace("@", "%40")}@${version}`);
  return [...new Set(found)];
}
