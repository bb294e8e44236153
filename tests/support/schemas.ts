/** The official schemas and checkers of what Ranger ships: SBOM, compose file, manifests, workflows. */
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
