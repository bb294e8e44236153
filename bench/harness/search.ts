/** A measured rate, and whether it held. */
export interface Probe {
  readonly rate: number;
  readonly holds: boolean;
}

/** The outcome of a search. */
export interface Found<P extends Probe> {
  /** The highest rate that held; undefined when none did. */
  readonly best: P | undefined;
  /** The lowest rate above it that did not hold; undefined when the search ended before one. */
  readonly failed: P | undefined;
  /** Everything measured, in the order of measuring. */
  readonly probes: readonly P[];
}

/** Measures these rates and no others. */
export async function each<P extends Probe>(
  rates: readonly number[],
  measure: (rate: number) => Promise<P>,
): Promise<Found<P>> {
  const probes: P[] = [];
  for (const rate of rates.toSorted((a, b) => a - b)) probes.push(await measure(rate));
  return {
    best: probes.findLast(({ holds }) => holds),
    failed: probes.find(({ holds }) => !holds),
    probes,
  };
}

/** The bounds of a search. */
export interface SearchOptions {
  /** The first rate tried; any will do, a near one saves time. */
  readonly start: number;
  /** Rates below and above which it is not worth to look. */
  readonly least: number;
  readonly most: number;
  /** Ends when the best and the failed rate are within this factor: 1.1 for 10 %. */
  readonly within: number;
  readonly probes: number;
  /** By how much a rate grows or shrinks from step to step while looking; 2 where it is not given. */
  readonly factor?: number;
}

/**
 * The highest rate that holds: doubles (or halves) from the start until one holds and one does
 * not, then bisects between the two, by ratio.
 *
 * @param measure measures one rate
 *
 * @example
 * ```ts
 * const found = await search(
 *   { start: 100, least: 10, most: 10_000, within: 1.1, probes: 10 },
 *   (rate) => Promise.resolve({ rate, holds: rate <= 700 }),
 * );
 * console.log(found.best?.rate); // 672.7…
 * ```
 */
export async function search<P extends Probe>(
  options: SearchOptions,
  measure: (rate: number) => Promise<P>,
): Promise<Found<P>> {
  const probes: P[] = [];
  let best: P | undefined;
  let failed: P | undefined;
  const { factor = 2 } = options;
  let rate = options.start;
  while (probes.length < options.probes) {
    const probe = await measure(rate);
    probes.push(probe);
    if (probe.holds) best = probe;
    else failed = probe;
    if (best && failed) {
      if (failed.rate / best.rate <= options.within) break;
      rate = Math.sqrt(best.rate * failed.rate);
    } else {
      if (rate === (best ? options.most : options.least)) break;
      rate = best ? Math.min(rate * factor, options.most) : Math.max(rate / factor, options.least);
    }
  }
  return { best, failed, probes };
}
