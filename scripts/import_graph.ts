/** The imports between the program's files, and the rooms (folders of src/) that they are in. */
import { deno } from "./deno_command.ts";

const ROOT = new URL("../", import.meta.url);

/** Each file of the program, and the files that it imports; paths from the repository's root. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>;

/** One import that points from a room to one above it. */
export interface UpwardImport {
  readonly from: string;
  readonly to: string;
}

interface ModuleInfo {
  readonly specifier: string;
  readonly dependencies?: readonly {
    readonly code?: { readonly specifier?: string };
    readonly type?: { readonly specifier?: string };
  }[];
}

/**
 * Reads the imports of every file that main.ts reaches, types and dynamic imports included.
 *
 * @throws Error when `deno info` fails, with what it wrote
 * @example
 * ```ts
 * const graph = await importGraph();
 * graph.get("main.ts"); // ["src/cli/run.ts"]
 * ```
 */
export async function importGraph(): Promise<ImportGraph> {
  const { modules } = JSON.parse(await deno("info", "--json", "main.ts")) as {
    readonly modules: readonly ModuleInfo[];
  };
  const graph = new Map<string, readonly string[]>();
  for (const { specifier, dependencies = [] } of modules) {
    const file = pathOf(specifier);
    if (file === undefined) continue;
    const imported = dependencies
      .flatMap(({ code, type }) => [code?.specifier, type?.specifier])
      .map((target) => target === undefined ? undefined : pathOf(target))
      .filter((target) => target !== undefined);
    graph.set(file, [...new Set(imported)]);
  }
  return graph;
}

/**
 * The room of a file: its folder in src/, the file itself where it is in none, and for files
 * outside of src/ the top folder.
 *
 * @example
 * ```ts
 * roomOf("src/source/amqp/queue.ts"); // "source"
 * roomOf("src/errors.ts"); // "errors.ts"
 * roomOf("client/src/mod.ts"); // "client"
 * ```
 */
export function roomOf(file: string): string {
  const [top = "", room = ""] = file.split("/");
  return top === "src" ? room : top;
}

/**
 * The rooms that a document lists in its block of the language `rooms`, the highest first: one a
 * line, its name before the first space.
 *
 * @throws Error when there is no such block
 */
export function roomsIn(document: string): readonly string[] {
  const [, block] = /^```rooms\n([^]*?)^```$/m.exec(document) ?? [];
  if (block === undefined) throw new Error("the document has no block of the language rooms");
  return block.trim().split("\n").map((line) => line.split(" ")[0]!);
}

/** The imports that point up the list of rooms, or to or from a room that is not listed. */
export function upwardImports(graph: ImportGraph, rooms: readonly string[]): UpwardImport[] {
  return [...graph].flatMap(([from, imported]) =>
    imported.filter((to) => {
      const [above, below] = [rooms.indexOf(roomOf(from)), rooms.indexOf(roomOf(to))];
      return above === -1 || below === -1 || below < above;
    }).map((to) => ({ from, to }))
  );
}

/**
 * The circles of imports: each a list of files that reach one another (Tarjan's strongly connected
 * components).
 *
 * @example
 * ```ts
 * circles(new Map([["a", ["b"]], ["b", ["a"]], ["c", ["a"]]])); // [["a", "b"]]
 * ```
 */
export function circles(graph: ImportGraph): string[][] {
  const found: string[][] = [];
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const visit = (file: string) => {
    order.set(file, order.size);
    lowest.set(file, order.get(file)!);
    stack.push(file);
    for (const next of graph.get(file) ?? []) {
      if (!order.has(next)) visit(next);
      if (stack.includes(next)) {
        lowest.set(file, Math.min(lowest.get(file)!, lowest.get(next)!));
      }
    }
    if (lowest.get(file) !== order.get(file)) return;
    const circle = stack.splice(stack.indexOf(file));
    if (circle.length > 1 || graph.get(file)?.includes(file)) found.push(circle.toSorted());
  };
  for (const file of graph.keys()) if (!order.has(file)) visit(file);
  return found;
}

function pathOf(specifier: string): string | undefined {
  return specifier.startsWith(ROOT.href) ? specifier.slice(ROOT.href.length) : undefined;
}
