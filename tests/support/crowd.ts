import { fileURLToPath } from "node:url";
import { bounded } from "../../testing/bounded.ts";
import type { Manner, Member, MemberOptions } from "./crowd_members.ts";
import { endProcess } from "../../testing/processes.ts";
import { linesOf } from "./text_lines.ts";
import { ROOT } from "../../testing/program.ts";

/** What became of a member so far. */
export type MemberReport =
  & Pick<Member, "manner" | "fault" | "closed" | "end">
  & { readonly last: Readonly<Record<string, number>> };

/** What the crowd's process writes. */
export type CrowdLine =
  | { readonly connected: number }
  | { readonly members: readonly MemberReport[] };

/** What it reads. */
export type CrowdCommand = { readonly read: Manner };

/**
 * Many clients in a separate process, which check what they receive.
 *
 * @example
 * ```ts
 * import { type MemberOptions } from "./crowd_members.ts";
 * declare const options: MemberOptions[];
 * await using crowd = await Crowd.start(options);
 * crowd.read("slow");
 * await crowd.until((members) => members.every((member) => member.last["a.load"] === 100), "all");
 * ```
 */
export class Crowd implements AsyncDisposable {
  /** As they were told of last. */
  members: readonly MemberReport[] = [];
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: Promise<void>;
  readonly #waiting = new Set<() => void>();
  #connected = 0;

  private constructor(members: readonly MemberOptions[]) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--allow-net=127.0.0.1",
        "--quiet",
        `--config=${ROOT}deno.json`,
        fileURLToPath(new URL("crowd_process.ts", import.meta.url)),
        JSON.stringify(members),
      ],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#output = this.#read();
  }

  /** Resolves when all are connected. */
  static async start(members: readonly MemberOptions[]): Promise<Crowd> {
    const crowd = new Crowd(members);
    try {
      await crowd.#until(() => crowd.#connected === members.length, "the crowd to be connected");
    } catch (error) {
      await crowd[Symbol.asyncDispose]();
      throw error;
    }
    return crowd;
  }

  /** Lets those begin to read. */
  async read(manner: Manner): Promise<void> {
    await this.#tell({ read: manner });
  }

  /** Awaits a state of the members; fails as soon as one of them finds a fault. */
  async until(
    there: (members: readonly MemberReport[]) => boolean,
    what: string,
  ): Promise<void> {
    await this.#until(() => {
      const fault = this.members.find((member) => member.fault !== undefined)?.fault;
      if (fault !== undefined) throw new Error(`while waiting for ${what}: ${fault}`);
      return there(this.members);
    }, what);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    await endProcess(this.#child, "SIGTERM");
    await this.#output;
  }

  async #tell(command: CrowdCommand): Promise<void> {
    await this.#input.write(new TextEncoder().encode(`${JSON.stringify(command)}\n`));
  }

  async #until(there: () => boolean, what: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = () => {
      try {
        if (there()) resolve();
      } catch (error) {
        reject(error);
      }
    };
    this.#waiting.add(look);
    look();
    try {
      await bounded(promise, () => `${what}; it is ${JSON.stringify(this.members)}`, 60_000);
    } finally {
      this.#waiting.delete(look);
    }
  }

  async #read(): Promise<void> {
    for await (const text of linesOf(this.#child.stdout)) {
      const line: CrowdLine = JSON.parse(text);
      if ("connected" in line) this.#connected = line.connected;
      else this.members = line.members;
      for (const look of this.#waiting) look();
    }
  }
}
