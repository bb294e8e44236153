import { PeatioEngine } from "../../src/source/simulator/engine.ts";
import { Random } from "../../src/source/simulator/random.ts";
import { bin } from "./build.ts";
import { RandomOrders } from "./random_orders.ts";

/** Digits after the point, of prices and of amounts. */
const PRECISION = 8;
/** Ticks and lots: as long as texts as what a busy market publishes, 0.03100005 and 4021.12345678. */
const MIDDLE = 3_100_000;
const SIZE = 9_000_00000000;
/** Changes before the book is made what it was at the beginning. */
const CHANGES = 20_000;

/**
 * A trace of the model of Peatio's engine for bench/publish.c. First a line `level asks PRICE AMOUNT`
 * for each price that occurs, best first, without an amount where the book opens without that level.
 * Then each change as the engine publishes it, `change asks INDEX AMOUNT` by the index of the price,
 * without an amount when the level goes. After the last change the book is what it was at the
 * beginning, so the trace can be played in a loop.
 *
 * @param depth levels a side
 * @param changes about how many
 */
export function bookTrace(depth: number, changes = CHANGES): string {
  const changed: Increment[] = [];
  const engine = new PeatioEngine({
    market: { id: "trace", pricePrecision: PRECISION, amountPrecision: PRECISION },
    publish: (routingKey, payload) => {
      if (routingKey.endsWith(".ob-inc")) changed.push(payload as Increment);
    },
    now: () => 0,
    // The publisher makes the snapshots itself, on its schedule.
    snapshots: { minPeriod: Infinity, maxPeriod: Infinity },
  });
  const options = { middle: MIDDLE, depth, size: SIZE };
  const orders = new RandomOrders(engine, new Random(`trace ${depth}`), options);
  orders.open();
  const opening = { sell: orders.amounts("sell"), buy: orders.amounts("buy") };
  const book = engine.book;
  engine.start();
  while (changed.length < changes) orders.act();
  orders.restore(opening);

  const lines: string[] = [];
  const indexOf = { asks: new Map<string, number>(), bids: new Map<string, number>() };
  for (const side of ["asks", "bids"] as const) {
    const amounts = new Map<string, string>(book[side]);
    const prices = new Set([...amounts.keys(), ...changed.flatMap((one) => one[side]?.[0] ?? [])]);
    const worse = side === "asks" ? 1 : -1;
    const sorted = [...prices].sort((a, b) => (Number(a) - Number(b)) * worse);
    indexOf[side] = new Map(sorted.map((price, at) => [price, at]));
    for (const price of sorted) lines.push(line("level", side, price, amounts.get(price)));
  }
  for (const { asks, bids } of changed) {
    const side = asks === undefined ? "bids" : "asks";
    const [price = "", amount] = asks ?? bids ?? [];
    lines.push(line("change", side, indexOf[side].get(price), amount));
  }
  return lines.join("\n") + "\n";
}

function line(...words: readonly (string | number | undefined)[]): string {
  return words.join(" ").trimEnd();
}

/** {@linkcode bookTrace} as a file, which is made once for each depth, beside the built programs. */
export function bookTraceFile(depth: number): string {
  const known = files.get(depth);
  if (known !== undefined) return known;
  const path = `${bin}/book-${depth}.trace`;
  // Written under a unique name, then renamed: another run may read the file at the same time.
  const partial = `${path}.${crypto.randomUUID()}`;
  Deno.writeTextFileSync(partial, bookTrace(depth));
  Deno.renameSync(partial, path);
  files.set(depth, path);
  return path;
}

const files = new Map<number, string>();

interface Increment {
  readonly asks?: readonly string[];
  readonly bids?: readonly string[];
}
