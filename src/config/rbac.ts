import * as z from "zod";
import type { Candidate } from "./candidate.ts";

/** The names of `rbac.<prefix>` in flags and environment, and its help. */
export const RBAC = {
  flag: "rbac",
  placeholder: "PREFIX=ROLE,…",
  environment: ["RANGER_RBAC_<PREFIX>", "RANGO_RBAC_<PREFIX>"],
  help: "Roles that may subscribe to <PREFIX>.<id>.<event>; repeat it for more prefixes",
  right: 'roles in a list, such as admin = ["admin", "superadmin"]',
} as const;

const RESERVED = new Set(["public", "private"]);
const ROLES = z.array(z.string().regex(/^[^\s,]+$/));

/**
 * Reads `PREFIX=ROLE,ROLE`, the value of `--rbac`.
 *
 * @returns prefix and roles, or `undefined` when there is no `=`
 */
export function rbacFromFlag(text: string): { prefix: string; roles: string[] } | undefined {
  const equals = text.indexOf("=");
  if (equals < 1) return undefined;
  return { prefix: text.slice(0, equals).trim(), roles: words(text.slice(equals + 1)) };
}

/**
 * The prefixes that the environment sets; RANGER_RBAC_ wins over RANGO_RBAC_.
 *
 * @param sourceOf how the source of a variable is named
 */
export function rbacFromEnvironment(
  environment: Readonly<Record<string, string>>,
  sourceOf: (name: string) => string,
): Map<string, Candidate> {
  const found = new Map<string, Candidate>();
  for (const start of ["RANGO_RBAC_", "RANGER_RBAC_"]) {
    for (const [name, value] of Object.entries(environment)) {
      if (!name.startsWith(start) || name === start || value === "") continue;
      // Refused: see unknownFiles.
      if (name.endsWith("_FILE")) continue;
      const prefix = name.slice(start.length).toLowerCase();
      found.set(prefix, { value: words(value), source: sourceOf(name), rank: 2 });
    }
  }
  return found;
}

/**
 * What is wrong with one prefix and its roles.
 *
 * @returns text that follows `rbac.<prefix>, from <source>: `; `undefined` if nothing is wrong
 */
export function rbacProblem(prefix: string, roles: unknown): string | undefined {
  if (RESERVED.has(prefix)) {
    return `${prefix} streams are not given by role; expected another prefix, such as admin`;
  }
  if (!/^[^\s.,*#]+$/.test(prefix)) {
    return "the prefix is not one word without dots; expected a name such as admin";
  }
  if (!ROLES.safeParse(roles).success) {
    return `is not a list of roles; expected ${RBAC.right}`;
  }
  return undefined;
}

function words(text: string): string[] {
  return text.split(",").map((word) => word.trim()).filter(Boolean);
}
