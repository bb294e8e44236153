import type { Command } from "./command.ts";

/**
 * The table of commands, in the order of the help. Each is imported when it is needed, so that
 * `ranger version` does not wait for the server's modules.
 */
export const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import("./serve.ts")).serve,
  demo: async () => (await import("./demo/demo.ts")).demo,
  check: async () => (await import("./check.ts")).check,
  keygen: async () => (await import("./keygen.ts")).keygen,
  token: async () => (await import("./token.ts")).token,
  publish: async () => (await import("./publish.ts")).publish,
  asyncapi: async () => (await import("./asyncapi.ts")).asyncapi,
  tail: async () => (await import("./tail/tail.ts")).tail,
  bench: async () => (await import("./bench/bench.ts")).bench,
  completion: async () => (await import("./help/completion.ts")).completion,
  help: async () => (await import("./help/help.ts")).help,
  version: async () => (await import("./version.ts")).version,
};

/** What runs when no command is named. */
export const DEFAULT_COMMAND = "serve";
