import type { z } from "zod";

/** Which clients may receive a stream. */
export type Scope = "public" | "private";

/** How the server keeps the state of a stream that comes as snapshots and increments. */
export type StateKind =
  /** Increments are applied, and a new subscriber is sent one current snapshot. */
  | "order-book"
  /** The last snapshot and the increments since are replayed to a new subscriber. */
  | "replay";

/** The words that may stand for a parameter of a name pattern; a parameter not listed is any word. */
export type Words = Readonly<Record<string, readonly string[]>>;

/**
 * The schema keyword of a form that few exchanges publish: it is valid and documented, but not part
 * of the types.
 */
export const RARE = "x-rare";

/**
 * Stands for the example of a kind whose events the simulator's samples contain
 * (`sampleEvents` in source/simulator/samples.ts).
 */
export const SIMULATED: unique symbol = Symbol("simulated");

/** A stream whose events each stand alone. */
export interface PlainStream<Pattern extends string, Params extends Words, Payload> {
  readonly delivery: "plain";
  readonly name: Pattern;
  /** What the stream contains, in a few words for client developers. */
  readonly summary: string;
  readonly scope: Scope;
  readonly words: Params;
  readonly payload: z.ZodType<Payload>;
  /** Whether each payload is the whole value, so that a new subscriber is sent the latest one. */
  readonly isWholeValue?: boolean;
  /** Whether this server makes it from an order book, unless the exchange publishes it. */
  readonly isDerived?: boolean;
  /** Shown in documents and sent by `ranger publish --sample`. */
  readonly example: NoInfer<Payload> | typeof SIMULATED;
}

/** A state, published as snapshots under `<name>-snap` and as increments under `<name>-inc`. */
export interface StatefulStream<Pattern extends string, Params extends Words, Snapshot, Increment> {
  readonly delivery: "snapshot with increments";
  readonly name: Pattern;
  /** What the stream contains, in a few words for client developers. */
  readonly summary: string;
  readonly scope: "public";
  readonly words: Params;
  readonly state: StateKind;
  readonly snapshot: z.ZodType<Snapshot>;
  readonly increment: z.ZodType<Increment>;
  /** Shown in documents and sent by `ranger publish --sample`. */
  readonly example:
    | { readonly snapshot: NoInfer<Snapshot>; readonly increment: NoInfer<Increment> }
    | typeof SIMULATED;
}

/** One kind of stream. */
export type StreamDefinition =
  | PlainStream<string, Words, unknown>
  | StatefulStream<string, Words, unknown, unknown>;

/**
 * Declares a kind of stream: routing, validation and the payload's type follow from it.
 *
 * @param definition `name` is a pattern whose `<parameters>` stand for one word each, or for part
 * of one (`<id>.kline-<period>`); `words` lists the words that a parameter may be
 *
 * @example
 * ```ts
 * import * as z from "zod";
 *
 * export const depth = defineStream({
 *   name: "<id>.depth-<levels>",
 *   summary: "The best levels, at each change",
 *   scope: "public",
 *   words: { levels: ["5", "20"] },
 *   delivery: "plain",
 *   payload: z.object({ bids: z.array(z.string()) }),
 *   example: { bids: ["1020.0"] },
 * });
 * ```
 */
export function defineStream<
  const Pattern extends string,
  Payload,
  const Params extends Words = Record<never, never>,
>(
  definition: Omit<PlainStream<Pattern, Params, Payload>, "words"> & { words?: Params },
): PlainStream<Pattern, Params, Payload>;
export function defineStream<
  const Pattern extends string,
  Snapshot,
  Increment,
  const Params extends Words = Record<never, never>,
>(
  definition: Omit<StatefulStream<Pattern, Params, Snapshot, Increment>, "words"> & {
    words?: Params;
  },
): StatefulStream<Pattern, Params, Snapshot, Increment>;
export function defineStream(definition: object): unknown {
  return { words: {}, ...definition };
}

/** The names that a pattern stands for, as a template-literal type. */
export type NamesOf<Pattern extends string, Params extends Words> = Pattern extends
  `${infer Before}<${infer Parameter}>${infer After}`
  ? `${Before}${Parameter extends keyof Params ? Params[Parameter][number]
    : string}${NamesOf<After, Params>}`
  : Pattern;

/** A definition as pairs of stream name and payload type. */
type Entry<D> = D extends PlainStream<infer Pattern, infer Params, infer Payload>
  ? { name: NamesOf<Pattern, Params>; payload: Payload }
  : D extends StatefulStream<infer Pattern, infer Params, infer Snapshot, infer Increment> ?
      | { name: `${NamesOf<Pattern, Params>}-snap`; payload: Snapshot }
      | { name: `${NamesOf<Pattern, Params>}-inc`; payload: Increment }
  : never;

/**
 * The payload's type of the stream called `Name`, among these definitions; `unknown` when none of
 * them has such a name.
 *
 * @example
 * ```ts
 * import type { PEATIO_STREAMS } from "./peatio.ts";
 *
 * type Candle = PayloadOf<typeof PEATIO_STREAMS, "btcusd.kline-1m">;
 * ```
 */
export type PayloadOf<Definitions extends readonly unknown[], Name extends string> = [
  Match<Entry<Definitions[number]>, Name>,
] extends [never] ? unknown : Match<Entry<Definitions[number]>, Name>;

type Match<E, Name extends string> = E extends { name: infer Names; payload: infer Payload }
  ? Name extends Names ? Payload : never
  : never;
