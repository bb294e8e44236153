import { findExecutable } from "./executables.ts";

/**
 * Where a Chromium or Chrome is, or undefined where there is none.
 *
 * @example
 * ```ts
 * findChromium(); // "/usr/bin/chromium"
 * ```
 */
export function findChromium(): string | undefined {
  const folders = [...(Deno.env.get("PATH") ?? "").split(":"), "/usr/bin", "/snap/bin"];
  return ["chromium", "chromium-browser", "google-chrome"]
    .map((name) => findExecutable(name, folders)).find((path) => path !== undefined);
}
