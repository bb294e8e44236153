import type { FrameChain } from "./frame_chain.ts";
import { type LogReader, WriteGroup } from "./write_group.ts";
import { LogEntry } from "./log_entry.ts";
import type { FlushScheduler } from "./flushable.ts";

/**
 * Connections in a cohort, at most: so many are written to in a row before others have their turn.
 */
const MAX_GROUP_SIZE = 16;

/** What a log needs to know of its connections' settings. */
export interface LogOptions {
  readonly scheduler: FlushScheduler;
  /** Bytes that may be owed before they are written at once. */
  readonly maxUnsent: number;
}

/**
 * Frames that many connections are all to be sent, each at its own time: the followers.
 *
 * A frame is appended once, whatever the number of followers. Those that have been written to up to
 * the same frame are a {@linkcode WriteGroup}, which is what is marked for a flush; what it owes is
 * joined into one buffer, and that is written to each. A connection that owes something of its own
 * too, or whose client does not take what is written, steps aside: it is sent each frame by itself
 * until it has written everything, and falls in again then.
 *
 * @example
 * ```ts
 * const log = new SharedLog(options);
 * for (const connection of connections) connection.follow(log);
 * log.append(frame); // owed to all of them
 * ```
 */
export class SharedLog {
  readonly #options: LogOptions;
  #last = LogEntry.start();
  /** Those that owe nothing: written to up to the last entry. */
  readonly #idle: WriteGroup[] = [];
  /** Those that owe something, the one that has owed it for longest first. */
  readonly #owing = new Set<WriteGroup>();
  readonly #alone = new Set<LogReader>();
  /** Bytes up to which nothing is too much. */
  #checked = 0;

  constructor(options: LogOptions) {
    this.#options = options;
  }

  /**
   * Owes one more frame to every follower.
   *
   * @param frame from `encodeFrame`
   */
  append(frame: Uint8Array): void {
    const before = this.#last;
    this.#last = before.append(frame);
    for (const cohort of this.#idle) {
      cohort.enqueue(before);
      this.#owing.add(cohort);
      this.#options.scheduler.schedule(cohort);
    }
    this.#idle.length = 0;
    if (this.#alone.size > 0) { for (const follower of this.#alone) follower.send(frame); }
    if (this.#last.bytes - this.#checked > this.#options.maxUnsent) this.#relieve();
  }

  /** @param inStep whether the connection owes nothing of its own */
  add(follower: LogReader, inStep: boolean): void {
    if (inStep) this.#seat(follower);
    else this.#alone.add(follower);
  }

  remove(follower: LogReader): void {
    if (follower.group) follower.group.remove(follower);
    else this.#alone.delete(follower);
  }

  /**
   * From here on a follower is sent each frame by itself.
   *
   * @param root where its batch begins
   * @returns what it owes, if anything, which is flushed when its time comes
   */
  detach(follower: LogReader, root: FrameChain): FrameChain | undefined {
    this.#alone.add(follower);
    return follower.group?.release(follower, root);
  }

  /** A follower that had stepped aside has written everything. */
  rejoin(follower: LogReader): void {
    this.#alone.delete(follower);
    this.#seat(follower);
  }

  /** All that comes after an entry. For the cohorts, as what follows. */
  framesAfter(written: LogEntry): { readonly bytes: Uint8Array; readonly frames: number } {
    return { bytes: this.#last.joinedAfter(written), frames: this.#last.frames - written.frames };
  }

  writing(cohort: WriteGroup): void {
    this.#owing.delete(cohort);
    // It is in no list while it is written to; who empties it then must not look for it.
    cohort.place = NOWHERE;
  }

  wrote(cohort: WriteGroup): void {
    if (!cohort.isEmpty) {
      const last = this.#idle.at(-1);
      if (last && last.size + cohort.size <= MAX_GROUP_SIZE) last.addAll(cohort);
      else this.#rest(cohort);
    }
    if (this.#owing.size > 0) return;
    // Nobody needs what was written: a quiet log holds on to nothing.
    this.#last = LogEntry.start();
    this.#checked = 0;
  }

  /** The last connection has left one that owes nothing. */
  emptied({ place }: WriteGroup): void {
    if (place === NOWHERE) return;
    const last = this.#idle.pop()!;
    if (last.place === place) return;
    this.#idle[place] = last;
    last.place = place;
  }

  #seat(follower: LogReader): void {
    let cohort = this.#idle.at(-1);
    if (!cohort || cohort.size >= MAX_GROUP_SIZE) this.#rest(cohort = new WriteGroup(this));
    cohort.add(follower);
  }

  #rest(cohort: WriteGroup): void {
    cohort.place = this.#idle.length;
    this.#idle.push(cohort);
  }

  /** Writes what is too much to wait for its time, before anybody is judged by it. */
  #relieve(): void {
    for (const cohort of this.#owing) {
      const { bytes } = cohort.position!;
      if (this.#last.bytes - bytes <= this.#options.maxUnsent) {
        this.#checked = bytes;
        return;
      }
      cohort.flush();
    }
  }
}

/** In none of the lists. */
const NOWHERE = -1;
