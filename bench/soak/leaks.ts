import { until } from "../../testing/bounded.ts";
import { type HeapFigures, Inspector } from "../../testing/inspector.ts";
import { memoryOf } from "../../testing/process_figures.ts";
import type { RangerProcess } from "../../testing/ranger.ts";

/** What the server held at a moment when only the healthy clients were there. */
export interface QuietFigures extends HeapFigures {
  readonly minute: number;
  readonly rss: number;
  readonly descriptors: number;
  /** Clients, streams, users, states: what /stats counts as held now. */
  readonly held: Readonly<Record<string, number>>;
}

interface Stats {
  readonly connections: { readonly open: number; readonly authenticated: number };
  readonly hub: Readonly<Record<string, number>>;
}

/** The part of `/stats` that says what is held. */
export async function heldBy(ranger: RangerProcess): Promise<Record<string, number>> {
  const response = await fetch(ranger.managementUrl("/stats"));
  const { connections, hub }: Stats = await response.json();
  return { open: connections.open, authenticated: connections.authenticated, ...hub };
}

/**
 * Waits until the server is down to its healthy clients, and looks at what it holds then.
 *
 * @param clients how many there are
 * @param inspectorPort what the server was started with
 */
export async function quietFigures(
  ranger: RangerProcess,
  inspectorPort: number,
  clients: number,
  minute: number,
): Promise<QuietFigures> {
  // Who broke the protocol or was slow has some seconds to go.
  await until(
    async () => (await heldBy(ranger)).open === clients || undefined,
    `${clients} clients to be all that are left`,
  );
  let descriptors = Infinity;
  await until(
    async () => {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      const before = descriptors;
      descriptors = descriptorsOf(ranger.pid);
      return descriptors >= before || undefined;
    },
    "the number of open files to settle",
  );
  using inspector = await Inspector.connect(inspectorPort);
  const figures = await inspector.figures();
  const held = await heldBy(ranger);
  return { minute, rss: memoryOf(ranger.pid), descriptors, held, ...figures };
}

function descriptorsOf(pid: number): number {
  return [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
}

/** Things of one kind that may be more or less at one moment than at another. */
const FLICKER = 5;
/** Bytes that V8's heap may be larger: code that ran for the first time, a cache that filled. */
const HEAP = { share: 0.1, bytes: 6 * 2 ** 20 };
/** The same for the process: the allocators keep what they had, and return it when they like. */
const PROCESS = { share: 0.15, bytes: 24 * 2 ** 20 };

/** The levels of the books come and go with what is traded. */
const STATES = { share: 0.5 };

/** Classes whose objects are the clients' and events' of one moment; nothing of theirs may stay. */
const OURS =
  /^(Session|Subscriber|WebSocketConnection|Outbox|Receiver|Socket|TCP|FrameChain|Audience|SharedLog|WriteGroup|LogEntry|EncodedEvent|Timeout|Immediate|\w*State|OrderBook|BookSide|IncomingMessage|ServerResponse|\w*Client|\w*Channel|AbortController|AbortSignal|Promise)$/;

/**
 * What grew from the first figures to the last ones, a sentence each. Those between show when it
 * began and judge nothing: what leaks is most at the end, and what only flickers is allowed for.
 */
export function grown(first: QuietFigures, later: readonly QuietFigures[]): string[] {
  const found: string[] = [];
  const judge = (what: string, of: (figures: QuietFigures) => number, allowed: number) => {
    const before = of(first);
    const after = of(later.at(-1)!);
    if (after > before + allowed) found.push(`${what} grew from ${before} to ${after}`);
  };
  judge("open files", ({ descriptors }) => descriptors, FLICKER);
  for (const name of Object.keys(first.held)) {
    // Books gain and lose levels; their number is what may not grow.
    const allowed = name === "stateBytes" ? first.held[name]! * STATES.share : 0;
    judge(`${name} in /stats`, (f) => f.held[name]!, allowed);
  }
  for (const kind of namesIn([first, ...later].map(({ active }) => active))) {
    judge(`active ${kind}`, ({ active }) => active[kind] ?? 0, FLICKER);
  }
  for (const name of namesIn([first, ...later].map(({ objects }) => objects))) {
    if (OURS.test(name)) judge(`objects ${name}`, (f) => f.objects[name] ?? 0, FLICKER);
  }
  judge("heap", ({ heap }) => heap, first.heap * HEAP.share + HEAP.bytes);
  judge("memory outside the heap", (f) => f.external, first.external * HEAP.share + HEAP.bytes);
  judge("resident memory", ({ rss }) => rss, first.rss * PROCESS.share + PROCESS.bytes);
  return found;
}

function namesIn(counts: readonly Readonly<Record<string, number>>[]): Set<string> {
  return new Set(counts.flatMap((each) => Object.keys(each)));
}
