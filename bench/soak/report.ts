import type { SoakClient } from "./client.ts";
import type { SoakExchange } from "./exchange.ts";
import type { QuietFigures } from "./leaks.ts";
import type { TroubleCounts } from "./trouble.ts";

const MEGABYTE = 2 ** 20;

/** One line for a quiet moment. */
export function quietLine(figures: QuietFigures): string {
  const { minute, rss, heap, external, descriptors, held, active } = figures;
  const megabytes = (bytes: number) => `${(bytes / MEGABYTE).toFixed(1)} MB`;
  const counts = (each: Readonly<Record<string, number>>) =>
    Object.entries(each).map(([name, count]) => `${count} ${name}`).join(", ");
  return `minute ${minute.toFixed(1)}: ${megabytes(rss)} resident, ${megabytes(heap)} heap, ` +
    `${megabytes(external)} outside it, ${descriptors} open files; ${counts(held)}; ` +
    counts(active);
}

/** What happened in all. */
export function totals(
  exchange: SoakExchange,
  clients: readonly SoakClient[],
  counts: TroubleCounts,
  restarts: number,
): string {
  const frames = clients.reduce((sum, client) => sum + client.frames, 0);
  const stretches = new Set(clients.flatMap((client) => client.lost)).size;
  return `${exchange.published} events, ${frames} frames to ${clients.length} healthy clients; ` +
    `the broker ended ${restarts} times, ${stretches} stretches of numbers lost with it; clients ` +
    `that ${counts.joined} joined and left, ${counts.stalled} stalled (${counts.cut} cut), ` +
    `${counts.rubbish} sent rubbish, ${counts.expired} expired (${counts.restored} restored)`;
}

/**
 * What the clients do not have as the exchange has it: books, last numbers; and what one of them
 * lost with the broker and another one did not.
 */
export function disagreements(clients: readonly SoakClient[], exchange: SoakExchange): string[] {
  const found: string[] = [];
  const lost = new Map<string, string>();
  for (const client of clients) {
    for (const market of exchange.markets) {
      const book = client.books.get(market.id);
      if (book !== undefined && String(book) !== String(market.book)) {
        found.push(`${client.name}: its book of ${market.id} is not the exchange's`);
      }
    }
    for (const [stream, missing] of client.unseen()) {
      found.push(`${client.name}: the last ${missing} of ${stream} did not come`);
    }
    for (const [stream, stretches] of client.lostOf()) {
      const others = lost.get(stream) ?? stretches;
      lost.set(stream, others);
      if (stretches !== others) {
        found.push(`${client.name} lost ${stretches} of ${stream}, another one ${others}`);
      }
    }
  }
  return found.slice(0, 20);
}
