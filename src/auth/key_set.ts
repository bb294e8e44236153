import { isSameAlgorithm } from "./algorithms.ts";
import type { VerificationKey } from "./verification_key.ts";

/**
 * How many keys one token is tried with at most: verifying costs a tenth of a millisecond, and
 * anybody may send tokens.
 */
export const MOST_TRIED = 8;

/**
 * The keys in force, whatever they came from.
 *
 * @example
 * ```ts
 * import { loadVerificationKeys } from "./keys.ts";
 * const keys = new KeySet(await loadVerificationKeys("/etc/ranger/jwt.pub"));
 * keys.candidates("RS256", "2026-01"); // the keys to try, the likeliest first
 * ```
 */
export class KeySet {
  readonly keys: readonly VerificationKey[];
  readonly #ids: ReadonlySet<string>;

  constructor(keys: readonly VerificationKey[]) {
    this.keys = keys;
    this.#ids = new Set(keys.map(idOf));
  }

  /** Whether a key is in force, even if it has been loaded again since. */
  has(key: VerificationKey): boolean {
    return this.#ids.has(idOf(key));
  }

  /** Whether any key is for this algorithm. */
  knows(algorithm: string): boolean {
    return this.keys.some((key) => isSameAlgorithm(key.algorithm, algorithm));
  }

  /**
   * The keys that a token may be signed with: those of its algorithm that have its `kid`; where
   * there is none, those that have no name at all, as PEM has none. A token without `kid` may be
   * of any key of its algorithm. The algorithm is the key's own, never the token's choice.
   *
   * @param algorithm `alg` of the token's header
   * @param kid of the token's header
   */
  candidates(algorithm: string, kid: string | undefined): readonly VerificationKey[] {
    const fitting = this.keys.filter((key) => isSameAlgorithm(key.algorithm, algorithm));
    const named = fitting.filter((key) => key.kid === kid);
    const chosen = kid === undefined
      ? fitting
      : named.length > 0
      ? named
      : fitting.filter((key) => key.kid === undefined);
    return chosen.slice(0, MOST_TRIED);
  }
}

function idOf({ fingerprint, algorithm, kid }: VerificationKey): string {
  return `${fingerprint} ${algorithm} ${kid === undefined ? "" : JSON.stringify(kid)}`;
}
