import type { z } from "zod";
import { compileCheck } from "./compile_check.ts";
import {
  type Scope,
  SIMULATED,
  type StateKind,
  type StreamDefinition,
  type Words,
} from "./define_stream.ts";
import { incrementsOf, roleOf, snapshotsOf, type StreamRole } from "./stream_role.ts";

/** One kind of event: a plain stream, or the snapshots or increments of a state. */
export interface StreamKind {
  /** The declared pattern, such as `<id>.ob-inc`. The number of labels is bounded, as metrics need. */
  readonly label: string;
  readonly summary: string;
  /** The words that a parameter may be; a parameter that is not listed is any word. */
  readonly words: Words;
  readonly scope: Scope;
  readonly role: StreamRole;
  /** Only for snapshots and increments. */
  readonly state: StateKind | undefined;
  readonly payload: z.ZodType;
  /** Whether each payload is the whole value, so that a new subscriber is sent the latest one. */
  readonly isWholeValue: boolean;
  /** Whether this server makes it from an order book, unless the exchange publishes it. */
  readonly isDerived: boolean;
  /** Whether a payload, as `JSON.parse` returns it, fits the type. */
  readonly fits: (payload: unknown) => boolean;
  /** Shown in documents and sent by `ranger publish --sample`; `SIMULATED` if samples contain it. */
  readonly example: unknown;
}

interface Matcher {
  readonly pattern: RegExp;
  readonly kind: StreamKind;
}

/** Bounds the cache of names, which clients and the exchange choose. */
const MAX_CACHED_NAMES = 4096;

/**
 * The kinds of stream that this server knows.
 *
 * @example
 * ```ts
 * import { PEATIO_STREAMS } from "./peatio.ts";
 *
 * const registry = new Registry(PEATIO_STREAMS);
 * registry.find("public", "btcusd.kline-1m")?.fits([1537370580, 1, 2, 1, 2, 5]); // true
 * ```
 */
export class Registry {
  readonly #matchers: Matcher[] = [];
  readonly #found = new Map<string, StreamKind | undefined>();

  /**
   * @throws {TypeError} two definitions have the same name pattern, or a plain stream has the
   * suffix of snapshots or increments
   */
  constructor(definitions: readonly StreamDefinition[]) {
    const labels = new Set<string>();
    for (const definition of definitions) {
      for (const kind of kindsOf(definition)) {
        if (roleOf(kind.label) !== kind.role) {
          throw new TypeError(`Stream ${kind.label} has the name of a ${roleOf(kind.label)}.`);
        }
        if (labels.has(kind.label)) throw new TypeError(`Stream ${kind.label} is defined twice.`);
        labels.add(kind.label);
        this.#matchers.push({ pattern: patternOf(kind.label, definition.words), kind });
      }
    }
  }

  /** All kinds, in the order of their declarations. */
  get kinds(): readonly StreamKind[] {
    return this.#matchers.map((matcher) => matcher.kind);
  }

  /**
   * The kind of a stream; `undefined` if it is not registered.
   *
   * @param name as clients receive it: `btcusd.trades`, `global.tickers`, or a private event such as `order`
   */
  find(scope: Scope, name: string): StreamKind | undefined {
    const key = `${scope} ${name}`;
    if (this.#found.has(key)) return this.#found.get(key);
    const kind = this.#matchers.find((matcher) =>
      matcher.kind.scope === scope && matcher.pattern.test(name)
    )?.kind;
    if (this.#found.size >= MAX_CACHED_NAMES) this.#found.clear();
    this.#found.set(key, kind);
    return kind;
  }
}

function kindsOf(definition: StreamDefinition): StreamKind[] {
  const { name, summary, scope, words } = definition;
  const common = { summary, scope, words };
  const typed = (payload: z.ZodType) => ({ payload, fits: compileCheck(payload) });
  if (definition.delivery === "plain") {
    const { payload, example, isWholeValue = false, isDerived = false } = definition;
    const marks = { isWholeValue, isDerived };
    return [
      {
        ...common,
        ...marks,
        label: name,
        role: "plain",
        state: undefined,
        ...typed(payload),
        example,
      },
    ];
  }
  const { state, snapshot, increment, example } = definition;
  const examples = example === SIMULATED ? { snapshot: example, increment: example } : example;
  const both = { ...common, state, isWholeValue: false, isDerived: false };
  return [
    {
      ...both,
      label: snapshotsOf(name),
      role: "snapshot",
      ...typed(snapshot),
      example: examples.snapshot,
    },
    {
      ...both,
      label: incrementsOf(name),
      role: "increment",
      ...typed(increment),
      example: examples.increment,
    },
  ];
}

/** Converts `<id>.kline-<period>` to a regular expression; a parameter without words is `[^.]+`. */
function patternOf(label: string, words: Words): RegExp {
  const source = label.split(/(<[^>]+>)/).map((part) => {
    if (!part.startsWith("<")) return RegExp.escape(part);
    const allowed = words[part.slice(1, -1)];
    return allowed ? `(?:${allowed.map((word) => RegExp.escape(word)).join("|")})` : "[^.]+";
  });
  return new RegExp(`^${source.join("")}$`);
}
