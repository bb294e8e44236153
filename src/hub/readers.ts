import { SlicedQueue } from "../delivery/sliced_queue.ts";
import { parseStreamName } from "../streams/stream_name.ts";
import { LabelledCounter } from "../telemetry/labelled_counter.ts";
import { ChunkCache } from "./chunk_cache.ts";
import type { Cursors } from "./cursor.ts";
import { type History, LOSSES, userKey } from "./history.ts";
import { type CatchUp, type Deferred, Reader } from "./reader.ts";
import {
  cannotResume,
  eventsMayBeMissing,
  resumed,
  SOURCE_DOWN,
  SOURCE_UP,
} from "./status_messages.ts";
import type { Subscriber } from "./subscriber.ts";
import type { Subscriptions } from "./subscriptions.ts";

/** The limits of readers. Read at every use. */
export interface ReaderLimits {
  /** Seconds in which a client that is behind must take something. */
  readonly unsentTimeout: number;
}

/** What the hub knows. */
export interface ReaderHooks {
  /** Whether events of a name are kept in the history. */
  readonly isPlain: (name: string) => boolean;
  /** Whether public events of an id have arrived. */
  readonly isId: (word: string) => boolean;
  /** Begins streams with their states, as for a new subscriber. */
  readonly start: (subscriber: Subscriber, names: readonly string[]) => void;
}

/** Bytes that one reader is given before others have their turn. */
const READER_BYTES_PER_TURN = 65_536;
/** Milliseconds between two looks at the readers that do not move. */
const LOOK_INTERVAL_MS = 1000;
/** Milliseconds that a reader waits for an event that other processes have seen already. */
const MAX_WAIT_MS = 10_000;

/** Why a subscriber became a reader; a label value of metrics. */
export const READER_CAUSES = ["resume", "last", "slow"] as const;
/** How resuming went, for each request; a label value of metrics. */
export const RESUME_OUTCOMES = ["resumed", "partly", "cannot"] as const;

/**
 * The subscribers that are behind: those that resume, have asked for recent events, or read too
 * slowly. Each is a {@linkcode Reader}, which is sent events from the history as its connection has
 * room, in order, and joins the live audience at the end. While it reads, it is in no audience and
 * receives no private events, so that it costs nothing per event; its states begin again at the end.
 *
 * @example
 * ```ts ignore
 * readers.resume(subscriber, ["usdbtc.trades"], { cursor: parseCursor("1z-k3j9x0q1z7d") });
 * readers.caughtUp(subscriber); // when its socket has taken what it was blocked on
 * ```
 */
export class Readers {
  /** Requests to resume, by outcome. */
  readonly outcomes: LabelledCounter = new LabelledCounter();
  /** Subscribers that became readers, by cause. */
  readonly begun: LabelledCounter = new LabelledCounter();
  /** Events sent from the history. */
  events = 0;
  /** Whether events come in; set by the hub. */
  sourceIsUp = false;
  readonly #history: History;
  readonly #cursors: Cursors;
  readonly #subscriptions: Subscriptions;
  readonly #limits: ReaderLimits;
  readonly #isPlain: ReaderHooks["isPlain"];
  readonly #isId: ReaderHooks["isId"];
  readonly #start: ReaderHooks["start"];
  readonly #readers = new Map<Subscriber, Reader>();
  readonly #chunks = new ChunkCache();
  /** What to resume once a subscriber's user is known. */
  readonly #deferred = new Map<Subscriber, readonly Deferred[]>();
  /** Readers whose connection has room, and that had their share of a turn. */
  readonly #queue = new SlicedQueue((reader: Reader) => this.#read(reader));
  /** Readers that wait for an event that is not there yet. */
  readonly #waiting = new Set<Reader>();
  /** The smallest offset that one of them waits for. */
  #waitsFor = Infinity;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    history: History,
    cursors: Cursors,
    subscriptions: Subscriptions,
    limits: ReaderLimits,
    { isPlain, isId, start }: ReaderHooks,
  ) {
    this.#isPlain = isPlain;
    this.#isId = isId;
    this.#history = history;
    this.#cursors = cursors;
    this.#subscriptions = subscriptions;
    this.#limits = limits;
    this.#start = start;
  }

  /** The subscribed names that may have events in the history. */
  plainOf(subscriber: Subscriber): string[] {
    return [...subscriber.streams].filter(this.#isPlain);
  }

  /** The reader of a subscriber that is behind. */
  of(subscriber: Subscriber): Reader | undefined {
    return subscriber.isBehind ? this.#readers.get(subscriber) : undefined;
  }

  /** Subscribers that are behind. */
  get size(): number {
    return this.#readers.size;
  }

  /** Sends what was missed of streams that were added, or their recent events, and then the streams. */
  resume(subscriber: Subscriber, names: readonly string[], request: CatchUp): void {
    const later = subscriber.uid === undefined ? names.filter(mayBePrivate) : [];
    if (later.length > 0) this.#defer(subscriber, { ...request, names: later });
    const reader = this.of(subscriber) ?? this.#begin(subscriber, causeOf(request));
    reader.starting = [...reader.starting, ...names];
    const plain = names.filter(this.#isPlain);
    this.#request(reader, plain, names, request, (name) => sourcesOf(name, subscriber.uid));
    this.#read(reader);
  }

  /** The subscriber's user is known: sends what was missed of its private streams. */
  resumePrivate(subscriber: Subscriber): void {
    const { uid } = subscriber;
    const deferred = this.#deferred.get(subscriber);
    if (deferred === undefined || uid === undefined) return;
    this.#deferred.delete(subscriber);
    const reader = this.of(subscriber) ?? this.#begin(subscriber, causeOf(deferred[0]!));
    for (const request of deferred) {
      const names = request.names.filter((name) => subscriber.streams.has(name));
      // What was read under these names so far, the public streams of an id, goes on.
      reader.removeRanges(({ key, isId }) =>
        !isId && names.some((name) => key === userKey(uid, name))
      );
      this.#request(
        reader,
        names,
        names,
        request,
        (name) => [{ key: userKey(uid, name), isId: false }],
      );
    }
    this.#read(reader);
  }

  /** Streams were added while the subscriber is behind: their events begin now. */
  follow(reader: Reader, names: readonly string[]): void {
    reader.starting = [...reader.starting, ...names];
    for (const name of names.filter(this.#isPlain)) this.#follow(reader, name);
  }

  /** The subscriber does not read what it is sent: the rest comes from the history. */
  fallBehind(subscriber: Subscriber): void {
    if (subscriber.isBehind) return;
    this.#begin(subscriber, "slow").isDelayed = true;
  }

  /** The client has taken everything that waited for it. */
  caughtUp(subscriber: Subscriber): void {
    // Not from within a write.
    this.#queue.add(this.of(subscriber)!);
  }

  /** The subscriber's user has changed. */
  identified(subscriber: Subscriber): void {
    const { uid, streams } = subscriber;
    const reader = this.of(subscriber)!;
    reader.removeRanges(({ key, isId }) => !isId && key !== LOSSES && key.includes("\n"));
    if (uid === undefined) return;
    for (const name of streams) {
      if (!mayBePrivate(name)) continue;
      reader.add(name, this.#history.after(userKey(uid, name), this.#cursors.offset));
    }
  }

  /** Streams are not subscribed any more. */
  unsubscribed(subscriber: Subscriber, names: readonly string[]): void {
    this.of(subscriber)?.remove(names);
    const deferred = this.#deferred.get(subscriber);
    if (deferred === undefined) return;
    const ended = new Set(names);
    const isLeft = (name: string) => !ended.has(name);
    this.#deferred.set(
      subscriber,
      deferred.map((request) => ({ ...request, names: request.names.filter(isLeft) })),
    );
  }

  /** The subscriber has gone. */
  remove(subscriber: Subscriber): void {
    this.#deferred.delete(subscriber);
    const reader = this.of(subscriber);
    if (reader) this.#end(reader);
  }

  /** The log has moved on to this offset; for every event. */
  moved(offset: number): void {
    if (offset >= this.#waitsFor) this.lookAgain();
  }

  /** Those that wait for the log are to look whether it is there. */
  lookAgain(): void {
    this.#waitsFor = Infinity;
    for (const reader of this.#waiting) this.#queue.add(reader);
  }

  /** The log is another one: what readers have not read yet is lost. */
  reset(): void {
    this.#chunks.clear();
    for (const reader of [...this.#readers.values()]) {
      const { subscriber } = reader;
      const missing = this.plainOf(subscriber);
      this.#giveUp(reader);
      if (missing.length > 0 && !subscriber.format.status) subscriber.endSlow();
    }
  }

  /** Takes a subscriber out of what is sent live. */
  #begin(subscriber: Subscriber, cause: typeof READER_CAUSES[number]): Reader {
    this.begun.add(cause);
    const { live, pending } = this.#subscriptions.suspend(subscriber);
    const reader = new Reader(this.#history, subscriber, live, pending, this.sourceIsUp);
    subscriber.isBehind = true;
    this.#readers.set(subscriber, reader);
    this.#timer ??= setInterval(() => this.#look(), LOOK_INTERVAL_MS);
    for (const name of live) if (this.#isPlain(name)) this.#follow(reader, name);
    if (subscriber.format.status) reader.add("", this.#history.after(LOSSES, this.#cursors.offset));
    return reader;
  }

  /** What comes in from now on under a name. */
  #follow(reader: Reader, name: string): void {
    const { offset } = this.#cursors;
    for (const { key, isId } of sourcesOf(name, reader.subscriber.uid)) {
      reader.add(name, this.#rangeOf(key, isId, offset));
    }
  }

  #rangeOf(key: string, isId: boolean, offset: number) {
    return isId ? this.#history.afterOfId(key, offset) : this.#history.after(key, offset);
  }

  /**
   * Adds what a client has asked for.
   *
   * @param plain the plain streams
   * @param names the streams to be reported as resumed
   */
  #request(
    reader: Reader,
    plain: readonly string[],
    names: readonly string[],
    { cursor, last = 0, id }: CatchUp,
    sources: (name: string) => readonly Source[],
  ): void {
    const { offset: end, log } = this.#cursors;
    const { subscriber } = reader;
    const isForeign = cursor === "unreadable" ||
      (cursor !== undefined && log !== undefined && cursor.log !== log);
    const lost: string[] = [];
    for (const name of plain) {
      const ranges = sources(name).map(({ key, isId }) =>
        this.#rangeOf(key, isId, typeof cursor === "object" && !isForeign ? cursor.offset : end)
      );
      const isLost = isForeign || (cursor !== undefined && ranges.some((range) => range.refresh()));
      if (isLost) lost.push(name);
      for (const range of ranges) {
        if (isLost || cursor === undefined) range.beginWithLast(last, end);
        reader.add(name, range);
      }
    }
    if (cursor === undefined) return;
    if (typeof cursor === "object" && !isForeign && plain.length > 0) {
      if (log === undefined) reader.log = cursor.log;
      // Losses since then are reported where they were, unless that is not known any more.
      const losses = this.#history.after(LOSSES, cursor.offset);
      if (losses.refresh()) lost.push(...plain.filter((name) => !lost.includes(name)));
      else if (losses.after < (reader.rangesOf("")[0]?.after ?? Infinity)) {
        reader.remove([""]);
        reader.add("", losses);
      }
    }
    if (lost.length > 0) subscriber.tell(cannotResume(lost, id));
    const isResumed = lost.length < plain.length || plain.length === 0;
    this.outcomes.add(lost.length === 0 ? "resumed" : isResumed ? "partly" : "cannot");
    // Bare names may be private streams: those are reported when they are resumed.
    const later = this.#deferred.get(subscriber)?.flatMap((request) => request.names) ?? [];
    const named = names.filter((name) =>
      !lost.includes(name) && (!later.includes(name) || this.#isId(name))
    );
    if (isResumed && named.length > 0) reader.notices.push({ names: named, id });
  }

  #defer(subscriber: Subscriber, request: Deferred): void {
    this.#deferred.set(subscriber, [...this.#deferred.get(subscriber) ?? [], request]);
  }

  /** Sends what there is room for, and joins the live audience at the end. */
  #read(reader: Reader): void {
    const { subscriber } = reader;
    const { outbox } = subscriber;
    let sent = 0;
    while (this.of(subscriber) === reader) {
      if (outbox.isBehind || !this.#isThere(reader)) {
        reader.isDelayed = true;
        break;
      }
      if (!this.#reportLost(reader)) break;
      const chunk = reader.take(this.#chunks);
      if (chunk === undefined) {
        this.#join(reader);
        break;
      }
      if (chunk.frames > 0) outbox.send(chunk.bytes, undefined, chunk.frames);
      this.events += chunk.frames;
      sent += chunk.bytes.length;
      if (chunk.endsAtLoss) this.#tellLoss(subscriber, this.plainOf(subscriber));
      if (sent < READER_BYTES_PER_TURN) {
        if (chunk.isFull) outbox.flush();
        continue;
      }
      outbox.flush();
      reader.isDelayed = true;
      if (!outbox.isBehind) this.#queue.add(reader);
      break;
    }
  }

  /** Whether the log has come to where the client was; if not, the reader waits. */
  #isThere(reader: Reader): boolean {
    const { log, offset } = this.#cursors;
    if (reader.log !== undefined && log !== undefined) {
      if (reader.log !== log) this.#giveUp(reader);
      reader.log = undefined;
    }
    if (reader.log === undefined && reader.seen <= offset) {
      this.#waiting.delete(reader);
      reader.waitsSince = undefined;
      return true;
    }
    this.#waiting.add(reader);
    this.#waitsFor = Math.min(this.#waitsFor, reader.seen);
    reader.waitsSince ??= performance.now();
    return false;
  }

  /** The client cannot resume, for its cursor is of another log or of an event that does not come. */
  #giveUp(reader: Reader): void {
    const { subscriber } = reader;
    for (const { names, id } of reader.withdraw(this.#isPlain)) {
      subscriber.tell(cannotResume(names, id));
    }
    const { offset } = this.#cursors;
    reader.log = undefined;
    reader.removeRanges(() => true);
    for (const name of subscriber.streams) if (this.#isPlain(name)) this.#follow(reader, name);
    if (subscriber.format.status) reader.add("", this.#history.after(LOSSES, offset));
  }

  /** @returns whether the reader goes on, although events may have been removed before it read them */
  #reportLost(reader: Reader): boolean {
    this.#history.expire();
    const lost = reader.refresh();
    if (lost.length === 0) return true;
    const { subscriber } = reader;
    const named = lost.includes("") ? this.plainOf(subscriber) : lost;
    const waiting = reader.withdraw((name) => named.includes(name));
    for (const { names, id } of waiting) subscriber.tell(cannotResume(names, id));
    const missing = named.filter((name) => !waiting.some(({ names }) => names.includes(name)));
    if (missing.length === 0) return true;
    if (!subscriber.format.status) {
      subscriber.endSlow();
      return false;
    }
    this.#tellLoss(subscriber, missing);
    return true;
  }

  #tellLoss(subscriber: Subscriber, names: readonly string[]): void {
    if (names.length > 0) subscriber.tell(eventsMayBeMissing(names));
  }

  /** Whether there is nothing to wait for: what comes next was removed, and the client expects it. */
  #cannotGoOn(reader: Reader): boolean {
    return !reader.subscriber.format.status && reader.isLost();
  }

  /** The reader has sent all there is: from here on events are sent as they come in. */
  #join(reader: Reader): void {
    const { subscriber, live, starting, notices } = reader;
    this.#end(reader);
    for (const { names, id } of notices) {
      if (names.length > 0) subscriber.tell(resumed(names, id));
    }
    if (!reader.isDelayed) {
      this.#subscriptions.rejoin(subscriber, live);
      this.#subscriptions.start(subscriber, starting);
      return;
    }
    if (subscriber.format.status && reader.sourceIsUp !== this.sourceIsUp) {
      subscriber.tell(this.sourceIsUp ? SOURCE_UP : SOURCE_DOWN);
    }
    this.#start(subscriber, [...subscriber.streams]);
  }

  #end(reader: Reader): void {
    reader.subscriber.isBehind = false;
    this.#readers.delete(reader.subscriber);
    this.#queue.delete(reader);
    this.#waiting.delete(reader);
    if (this.#readers.size > 0) return;
    this.#chunks.clear();
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Ends clients that take nothing, and waits that last too long. */
  #look(): void {
    const now = performance.now();
    for (const reader of this.#readers.values()) {
      const { subscriber: { outbox }, waitsSince } = reader;
      if (!outbox.isBehind || outbox.progress !== reader.progress) {
        reader.progress = outbox.progress;
        reader.progressAt = now;
      } else if (
        now - reader.progressAt >= this.#limits.unsentTimeout * 1000 || this.#cannotGoOn(reader)
      ) {
        reader.subscriber.endSlow();
        continue;
      }
      if (waitsSince !== undefined && now - waitsSince >= MAX_WAIT_MS) {
        reader.waitsSince = undefined;
        this.#giveUp(reader);
        this.#queue.add(reader);
      }
    }
  }
}

/** Where the events of a name are in the history. */
interface Source {
  readonly key: string;
  readonly isId: boolean;
}

function sourcesOf(name: string, uid: string | undefined): readonly Source[] {
  if (!mayBePrivate(name)) return [{ key: name, isId: false }];
  const whole = { key: name, isId: true };
  return uid === undefined ? [whole] : [{ key: userKey(uid, name), isId: false }, whole];
}

/** Whether the name stands for a private stream, or for all streams of an id. */
export function mayBePrivate(name: string): boolean {
  return parseStreamName(name).form === "bare";
}

function causeOf({ cursor }: CatchUp): "resume" | "last" {
  return cursor === undefined ? "last" : "resume";
}
