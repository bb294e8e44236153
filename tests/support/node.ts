import { findExecutable } from "../../testing/executables.ts";

/** Node as it is. @returns undefined where there is none */
export function findNode(): string | undefined {
  return findExecutable("node", (Deno.env.get("PATH") ?? "").split(":"));
}

/**
 * Node, with the flags that give it a WebSocket (22 and later have it without any).
 *
 * @returns undefined where Node is missing or too old
 * @example
 * ```ts
 * const node = await nodeWithWebSocket(); // ["/usr/bin/node", "--experimental-websocket"]
 * ```
 */
export async function nodeWithWebSocket(): Promise<[string, ...string[]] | undefined> {
  const file = findNode();
  if (file === undefined) return undefined;
  for (const flags of [[], ["--experimental-websocket"]]) {
    const { stdout } = await new Deno.Command(file, {
      args: [...flags, "--print", "typeof WebSocket"],
      stdin: "null",
      stderr: "null",
    }).output();
    if (new TextDecoder().decode(stdout).trim() === "function") return [file, ...flags];
  }
  return undefined;
}
