/**
 * Writes the diagram of the rooms into ARCHITECTURE.md, from the imports in the code.
 *
 *     deno run -A scripts/rooms_diagram.ts           writes it
 *     deno run -A scripts/rooms_diagram.ts --check   exits with 1 when it is not current
 */
import { writeOrCheck } from "./generated.ts";
import { importGraph, roomOf, roomsIn } from "./import_graph.ts";

const DOCUMENT = new URL("../ARCHITECTURE.md", import.meta.url);
const BEGIN = "<!-- rooms diagram: written by scripts/rooms_diagram.ts -->";
const END = "<!-- end of the rooms diagram -->";

/** Each room, and the rooms that its files import. */
async function roomGraph(): Promise<Map<string, Set<string>>> {
  const rooms = new Map<string, Set<string>>();
  for (const [file, imported] of await importGraph()) {
    const room = roomOf(file);
    if (!rooms.has(room)) rooms.set(room, new Set());
    for (const target of imported) {
      if (roomOf(target) !== room) rooms.get(room)!.add(roomOf(target));
    }
  }
  return rooms;
}

/** Whether a room reaches another one by some path of imports. */
function reaches(
  rooms: ReadonlyMap<string, ReadonlySet<string>>,
  from: string,
  to: string,
): boolean {
  const reached = new Set([from]);
  for (const room of reached) for (const next of rooms.get(room) ?? []) reached.add(next);
  return reached.has(to);
}

/** Arrows that follow from others are left out: without them the diagram can be read. */
function diagram(
  rooms: ReadonlyMap<string, ReadonlySet<string>>,
  order: readonly string[],
): string {
  const name = (room: string) => room.replace(/\W/g, "_");
  const arrows = order.flatMap((room) => {
    const imported = order.filter((other) => rooms.get(room)?.has(other));
    return imported
      .filter((to) => !imported.some((via) => via !== to && reaches(rooms, via, to)))
      .map((to) => `  ${name(room)} --> ${name(to)}`);
  });
  const nodes = order.map((room) => `  ${name(room)}["${room}"]`);
  return ["```mermaid", "flowchart TD", ...nodes, ...arrows, "```"].join("\n");
}

if (import.meta.main) {
  const text = await Deno.readTextFile(DOCUMENT);
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin === -1 || end < begin) throw new Error("ARCHITECTURE.md has no place for the diagram");
  const drawn = diagram(await roomGraph(), roomsIn(text));
  await writeOrCheck(
    "ARCHITECTURE.md",
    "scripts/rooms_diagram.ts",
    `${text.slice(0, begin)}${BEGIN}\n\n${drawn}\n\n${text.slice(end)}`,
  );
}
