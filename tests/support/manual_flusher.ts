import type { Flushable } from "../../src/delivery/flush_queue.ts";

/**
 * Keeps what is scheduled, in order, until the test flushes it: the order and the single call are
 * those of the real flusher (`src/delivery/flusher.ts`), the time is the test's.
 *
 * @example
 * ```ts
 * import { line, RecordingOutbox } from "./recording_outbox.ts";
 * const flusher = new ManualFlusher();
 * const recording = new RecordingOutbox({ flusher });
 * recording.outbox.send(line("a"));
 * flusher.flush(); // 1, the number of frames written
 * ```
 */
export class ManualFlusher {
  readonly scheduled: { readonly flushable: Flushable; readonly age: number | undefined }[] = [];
  readonly urgent: { readonly flushable: Flushable; readonly age: number | undefined }[] = [];

  schedule(flushable: Flushable, age?: number): void {
    this.scheduled.push({ flushable, age });
  }

  scheduleUrgent(flushable: Flushable, age?: number): void {
    this.urgent.push({ flushable, age });
  }

  scheduleBehind(flushable: Flushable): void {
    this.schedule(flushable);
  }

  /** Flushes what is urgent, and then the first `count` of the others; @returns frames written */
  flush(count = Infinity): number {
    let frames = 0;
    const due = [...this.urgent.splice(0), ...this.scheduled.splice(0, count)];
    for (const { flushable } of due) frames += flushable.flush();
    return frames;
  }
}
