import { findExecutable } from "../../testing/executables.ts";

/**
 * A Python that has the library websockets (Debian: python3-websockets).
 *
 * @returns its file; undefined where there is none
 */
export async function pythonWithWebsockets(): Promise<string | undefined> {
  // Debian's own first: another one on the PATH does not see Debian's packages.
  for (const folders of [["/usr/bin"], (Deno.env.get("PATH") ?? "").split(":")]) {
    const file = findExecutable("python3", folders);
    if (file === undefined) continue;
    const { success } = await new Deno.Command(file, {
      args: ["-c", "import websockets"],
      ...{ stdin: "null", stdout: "null", stderr: "null" },
    }).output();
    if (success) return file;
  }
  return undefined;
}
