import type { z } from "zod";
import { compileCheck } from "./compile_check.ts";
import type { Scope, StateKind, StreamDefinition, Words } from "./define_stream.ts";

/** The part that one event name plays in a kind of stream. */
export interface StreamKind {
  /** The pattern it was declared with, such as `<id>.ob-inc`: bounded in number, fit for metrics. */
  readonly label: string;
  readonly summary: string | undefined;
  /** The words that a parameter may be; one that is not listed is any word. */
  readonly words: Words;
  readonly scope: Scope;
  readonly role: "plain" | "snapshot" | "increment";
  /** Only for snapshots and increments. */
  readonly state: StateKind | undefined;
  readonly payload: z.ZodType;
  /** Whether a payload, as `JSON.parse` returns it, fits the type. */
  readonly fits: (payload: unknown) => boolean;
  /** Shown in documents and sent by `ranger publish --sample`, for kinds without samples there. */
  readonly example: unknown;
}

interface Matcher {
  readonly pattern: RegExp;
  readonly kind: StreamKind;
}

/** How many names are remembered, so that a flood of names cannot fill the memory. */
const REMEMBERED = 4096;

/**
 * The kinds of stream that this server knows by name.
 *
 * @example
 * ```ts
 * const registry = new Registry(PEATIO_STREAMS);
 * registry.find("public", "btcusd.kline-1m")?.fits(candle);
 * ```
 */
export class Registry {
  readonly #matchers: Matcher[] = [];
  readonly #found = new Map<string, StreamKind | undefined>();

  /** @throws {TypeError} two definitions have the same name pattern */
  constructor(definitions: readonly StreamDefinition[]) {
    const labels = new Set<string>();
    for (const definition of definitions) {
      for (const kind of kindsOf(definition)) {
        if (labels.has(kind.label)) throw new TypeError(`Stream ${kind.label} is defined twice.`);
        labels.add(kind.label);
        this.#matchers.push({ pattern: patternOf(kind.label, definition.words), kind });
      }
    }
  }

  /** All kinds, in the order they were declared. */
  get kinds(): readonly StreamKind[] {
    return this.#matchers.map((matcher) => matcher.kind);
  }

  /**
   * The kind that a stream is of.
   *
   * @param name as delivered: `btcusd.trades`, `global.tickers`, or a private event such as `order`
   */
  find(scope: Scope, name: string): StreamKind | undefined {
    const key = `${scope} ${name}`;
    if (this.#found.has(key)) return this.#found.get(key);
    const kind = this.#matchers.find((matcher) =>
      matcher.kind.scope === scope && matcher.pattern.test(name)
    )?.kind;
    if (this.#found.size >= REMEMBERED) this.#found.clear();
    this.#found.set(key, kind);
    return kind;
  }
}

function kindsOf(definition: StreamDefinition): StreamKind[] {
  const { name, summary, scope, words } = definition;
  const common = { summary, scope, words };
  const typed = (payload: z.ZodType) => ({ payload, fits: compileCheck(payload) });
  if (definition.delivery === "plain") {
    const { payload, example } = definition;
    return [
      { ...common, label: name, role: "plain", state: undefined, ...typed(payload), example },
    ];
  }
  const { state, snapshot, increment } = definition;
  const both = { ...common, state, example: undefined };
  return [
    { ...both, label: `${name}-snap`, role: "snapshot", ...typed(snapshot) },
    { ...both, label: `${name}-inc`, role: "increment", ...typed(increment) },
  ];
}

/** `<id>.kline-<period>` to a regular expression; a parameter without listed words is `[^.]+`. */
function patternOf(label: string, words: Words): RegExp {
  const source = label.split(/(<[^>]+>)/).map((part) => {
    if (!part.startsWith("<")) return RegExp.escape(part);
    const allowed = words[part.slice(1, -1)];
    return allowed ? `(?:${allowed.map((word) => RegExp.escape(word)).join("|")})` : "[^.]+";
  });
  return new RegExp(`^${source.join("")}$`);
}
