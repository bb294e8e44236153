import { findExecutable } from "./executables.ts";

/** Where Prometheus's checker of rules is, or undefined where there is none. */
export function findPromtool(): string | undefined {
  return findExecutable("promtool", [...(Deno.env.get("PATH") ?? "").split(":"), "/usr/bin"]);
}
