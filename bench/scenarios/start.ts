import { freePort } from "../../testing/ports.ts";
import { count, type Table } from "../harness/format.ts";
import { root } from "../harness/build.ts";
import { type Memory, settledMemory } from "../harness/proc.ts";
import { accepts } from "../harness/server.ts";
import { sourceTree, startRanger } from "../peers/ranger.ts";
import { median, type Run, type Scenario, target } from "./scenario.ts";

/** Number of starts of each form in every round of the run. */
const STARTS = 3;

/** A form that the program comes in. */
interface Form {
  readonly name: string;
  readonly program: readonly string[];
  /** Bytes of what is installed, the runtime included; undefined for the source tree. */
  readonly size: number | undefined;
}

interface Measured extends Form {
  /** Milliseconds from exec to listening, each start. */
  readonly starts: readonly number[];
  readonly atRest: Memory;
}

/** From nothing to listening. */
export const start: Scenario = {
  name: "start",
  about: "time from exec to listening, size of what is installed, memory at rest",
  async run(run) {
    const measured: Measured[] = [];
    for (const form of await forms(run)) {
      const one = { ...form, ...await measure(form, run) };
      measured.push(one);
      run.say(`  ${form.name}: ${median(one.starts).toFixed(0)} ms`);
    }
    const built = measured.find(({ size }) => size !== undefined) ?? measured[0];
    return {
      name: start.name,
      about: start.about,
      figures: { forms: measured },
      tables: [rows(measured)],
      notes: ["Until the port accepts; one core, the files in the page cache."],
      summary: measured.map(({ name, starts }) => `${name} ${median(starts).toFixed(0)} ms`)
        .join(", "),
      targets: [
        target(
          `start, to listening (${built?.name})`,
          "under 400 ms",
          built && median(built.starts),
          (ms) => `${ms.toFixed(0)} ms`,
          (ms) => ms < 400,
        ),
      ],
      integrity: true,
    };
  },
};

/** What was given, or the built tree; and the sources. */
async function forms({ place, say }: Run): Promise<Form[]> {
  const source: Form = { name: "source tree", program: sourceTree(), size: undefined };
  if (place.binary !== undefined) {
    const { size } = await Deno.stat(place.binary);
    return [{ name: "executable", program: [place.binary], size }, source];
  }
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "scripts/build.ts", "tree"],
    cwd: root,
    env: { DIST: place.folder },
  }).output();
  if (!success) {
    say(`  the built tree is left out: ${new TextDecoder().decode(stderr).trim()}`);
    return [source];
  }
  const tree = `${place.folder}/ranger-tree`;
  return [{ name: "built tree", program: [`${tree}/ranger`], size: await sizeOf(tree) }, source];
}

async function sizeOf(folder: string): Promise<number> {
  let sum = 0;
  for await (const { name } of Deno.readDir(folder)) {
    sum += (await Deno.stat(`${folder}/${name}`)).size;
  }
  return sum;
}

async function measure(
  { program }: Form,
  { place, effort }: Run,
): Promise<{ starts: number[]; atRest: Memory }> {
  const starts: number[] = [];
  let atRest: Memory = { rss: 0, anonymous: 0 };
  const wanted = STARTS * effort.rounds;
  // One more, which brings the files into the page cache and is not counted.
  for (let i = 0; i <= wanted; i++) {
    const port = freePort();
    const begin = performance.now();
    const server = startRanger(program, place, port);
    try {
      let ended = false;
      server.ended.then(() => ended = true);
      while (!(await accepts(port))) {
        if (ended) throw new Error(`ranger ended: ${server.complaint()}`);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      if (i > 0) starts.push(performance.now() - begin);
      if (i === wanted) atRest = await settledMemory(server.pid, effort.settle);
    } finally {
      await server.stop();
    }
  }
  return { starts, atRest };
}

function rows(measured: readonly Measured[]): Table {
  return {
    title: "Starting",
    head: ["form", "median ms", "least ms", "most ms", "size MB", "RSS at rest MB", "anonymous MB"],
    rows: measured.map(({ name, starts, size, atRest }) => [
      name,
      median(starts).toFixed(0),
      Math.min(...starts).toFixed(0),
      Math.max(...starts).toFixed(0),
      size === undefined ? "" : count(size / 2 ** 20),
      count(atRest.rss / 2 ** 20),
      count(atRest.anonymous / 2 ** 20),
    ]),
  };
}
