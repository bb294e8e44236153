/** Reads a Containerfile, as far as ours goes: instructions with their flags and arguments, by stage. */

/** One instruction: `COPY --from=build /out/ /`. */
export interface Instruction {
  /** In capital letters. */
  readonly name: string;
  /** `{ from: "build" }` */
  readonly flags: Readonly<Record<string, string>>;
  /** What follows the flags, on one line. */
  readonly text: string;
}

/** A stage: its base, and the instructions after FROM. */
export interface Stage {
  readonly base: string;
  readonly name?: string;
  readonly instructions: readonly Instruction[];
}

/**
 * The stages of a Containerfile. Here-documents and parser directives are not read.
 *
 * @throws Error when an instruction precedes the first FROM
 * @example
 * ```ts
 * stagesOf("FROM debian:12 AS build\nRUN make \\\n  all\n")[0];
 * // { base: "debian:12", name: "build", instructions: [{ name: "RUN", flags: {}, text: "make all" }] }
 * ```
 */
export function stagesOf(text: string): Stage[] {
  const stages: (Stage & { instructions: Instruction[] })[] = [];
  const lines = text.split("\n").filter((line) => !/^\s*#/.test(line)).join("\n")
    .replace(/\\\n\s*/g, " ").split("\n").map((line) => line.trim()).filter((line) => line !== "");
  for (const line of lines) {
    const instruction = instructionOf(line);
    if (instruction.name === "FROM") {
      const [base = "", as, name] = instruction.text.split(/\s+/);
      stages.push({
        base,
        ...(as?.toUpperCase() === "AS" && name ? { name } : {}),
        instructions: [],
      });
      continue;
    }
    const stage = stages.at(-1);
    if (stage === undefined) throw new Error(`${line} precedes FROM`);
    stage.instructions.push(instruction);
  }
  return stages;
}

function instructionOf(line: string): Instruction {
  const [, name = "", rest = ""] = /^(\w+)\s*(.*)$/.exec(line) ?? [];
  const flags: Record<string, string> = {};
  let text = rest;
  for (let flag; (flag = /^--([\w-]+)=(\S+)\s+/.exec(text)) !== null;) {
    flags[flag[1]!] = flag[2]!;
    text = text.slice(flag[0].length);
  }
  return { name: name.toUpperCase(), flags, text: text.replace(/ +/g, " ") };
}

/**
 * The program and arguments of an instruction in its exec form, which starts no shell.
 *
 * @throws Error when it is in the shell form
 * @example
 * ```ts
 * execForm('["ranger", "serve"]'); // ["ranger", "serve"]
 * ```
 */
export function execForm(text: string): [string, ...string[]] {
  const words: unknown = text.startsWith("[") ? JSON.parse(text) : undefined;
  if (
    !Array.isArray(words) || words.length === 0 || words.some((word) => typeof word !== "string")
  ) {
    throw new Error(`not in exec form, so a shell would be process 1: ${text}`);
  }
  return words as [string, ...string[]];
}
