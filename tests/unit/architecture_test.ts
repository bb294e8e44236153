import assert from "node:assert/strict";
import {
  circles,
  importGraph,
  roomOf,
  roomsIn,
  upwardImports,
} from "../../scripts/import_graph.ts";

const ROOT = new URL("../../", import.meta.url);
const graph = await importGraph();
const rooms = roomsIn(await Deno.readTextFile(new URL("ARCHITECTURE.md", ROOT)));

/** All sources below a folder, by their paths from the root. */
function* sourcesIn(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, ROOT))) {
    if (isDirectory) yield* sourcesIn(`${folder}${name}/`);
    else if (name.endsWith(".ts")) yield folder + name;
  }
}

Deno.test("imports point down the list of rooms in ARCHITECTURE.md, never up", () => {
  const up = upwardImports(graph, rooms).map(({ from, to }) => `${from} imports ${to}`);
  assert.deepEqual(up, []);
});

Deno.test("no files import one another in a circle", () => {
  assert.deepEqual(circles(graph), []);
});

Deno.test("telemetry and streams import no other room, so every room may use them", () => {
  for (const [file, imported] of graph) {
    const room = roomOf(file);
    if (room !== "telemetry" && room !== "streams") continue;
    assert.deepEqual(imported.filter((to) => roomOf(to) !== room), [], file);
  }
});

Deno.test("each room of the list exists, and each file is in one of them", () => {
  const found = [...new Set([...graph.keys()].map(roomOf))];
  assert.deepEqual(rooms.toSorted(), found.toSorted());
});

Deno.test("every file in src/ is part of the program", () => {
  assert.deepEqual([...sourcesIn("src/")].filter((file) => !graph.has(file)), []);
});

Deno.test("an import up, an unlisted room and a circle are found", () => {
  const bad = new Map([
    ["src/hub/a.ts", ["src/hub/b.ts", "src/cli/c.ts"]],
    ["src/hub/b.ts", ["src/hub/a.ts"]],
    ["src/cli/c.ts", ["src/hub/a.ts", "src/attic/d.ts"]],
    ["src/attic/d.ts", []],
  ]);
  assert.deepEqual(upwardImports(bad, ["cli", "hub"]), [
    { from: "src/hub/a.ts", to: "src/cli/c.ts" },
    { from: "src/cli/c.ts", to: "src/attic/d.ts" },
  ]);
  assert.deepEqual(circles(bad), [["src/cli/c.ts", "src/hub/a.ts", "src/hub/b.ts"]]);
});
