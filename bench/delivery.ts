/**
 * What delivery costs without the kernel: outboxes and logs on sockets whose writes lead nowhere.
 *
 * The CPU time of the process is read over many short windows, and the least is printed, so that a
 * busy machine disturbs little. Run it in two trees in turns to compare them:
 *
 *     taskset -c 0 deno run -A bench/delivery.ts
 */
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import process from "node:process";
import type { Flushable } from "../src/delivery/flush_queue.ts";
import { FrameChain } from "../src/delivery/frame_chain.ts";
import { Outbox } from "../src/delivery/outbox.ts";
import { SharedLog } from "../src/delivery/shared_log.ts";
import { isDirect } from "../src/delivery/socket_writer.ts";
import { Traffic } from "../src/delivery/traffic.ts";

const WARMUP_MS = 500;
const WINDOW_MS = 40;
const WINDOWS = 60;
const FRAME_BYTES = 200;
const STATE_BYTES = 20_000;

let scheduled: Flushable[] = [];
const schedule = (flushable: Flushable) => void scheduled.push(flushable);
const options = {
  flusher: { schedule, scheduleUrgent: schedule, scheduleBehind: schedule },
  traffic: new Traffic(),
  limits: { unsentBytes: 1_048_576 },
};
const owner = {
  drained() {},
  caughtUp() {},
  overflowed: () => {
    throw new Error("a write was taken for blocked");
  },
};
/** A socket as `socket_writer.ts` sees it: the handle takes everything at once. */
const socket = { _handle: { writeBuffer: () => 0 } } as unknown as Socket;
const root = FrameChain.root();

const frame = () => Buffer.allocUnsafeSlow(FRAME_BYTES);
const outboxes = (count: number) =>
  Array.from({ length: count }, () => new Outbox(socket, root, owner, options));

/** A log with that many readers. */
function logWith(readers: readonly Outbox[]): SharedLog {
  const log = new SharedLog(options);
  for (const reader of readers) reader.attach(log);
  return log;
}

/** @returns frames written */
function flush(): number {
  const due = scheduled;
  scheduled = [];
  return due.reduce((frames, flushable) => frames + flushable.flush(), 0);
}

/** The cases: each makes what it needs, and returns a round that returns the frames it wrote. */
const CASES: Readonly<Record<string, () => () => number>> = {
  "1,000 readers of a log, 1 frame per write": () => {
    const log = logWith(outboxes(1000));
    return () => {
      log.append(frame(), 0);
      return flush();
    };
  },
  "1,000 readers of a log, 50 frames per write": () => {
    const log = logWith(outboxes(1000));
    return () => {
      for (let count = 0; count < 50; count++) log.append(frame(), 0);
      return flush();
    };
  },
  "50 readers of each of 20 logs, 8 frames per write": () => {
    const logs = Array.from({ length: 20 }, () => logWith(outboxes(50)));
    return () => {
      for (let count = 0; count < 8; count++) for (const log of logs) log.append(frame(), 0);
      return flush();
    };
  },
  "1,000 readers with a log each, 2 frames per write": () => {
    const logs = outboxes(1000).map((outbox) => logWith([outbox]));
    return () => {
      for (let count = 0; count < 2; count++) {
        const shared = frame();
        for (const log of logs) log.append(shared, 0);
      }
      return flush();
    };
  },
  "500 of 5,000 clients, an own frame each": () => {
    const all = outboxes(5000);
    let next = 0;
    return () => {
      for (let count = 0; count < 500; count++) all[next++ * 7919 % 5000]!.sendUrgent(frame(), 0);
      return flush();
    };
  },
  "100 of 1,000 readers, an own frame between two of the log": () => {
    const all = outboxes(1000);
    const log = logWith(all);
    let next = 0;
    return () => {
      log.append(frame(), 0);
      for (let count = 0; count < 100; count++) all[next++ * 7919 % 1000]!.sendUrgent(frame(), 0);
      log.append(frame(), 0);
      return flush();
    };
  },
  "1,000 readers, a state among 6 frames of the log": () => {
    const all = outboxes(1000);
    const log = logWith(all);
    return () => {
      for (let count = 0; count < 3; count++) log.append(frame(), 0);
      const state = Buffer.allocUnsafeSlow(STATE_BYTES);
      for (const outbox of all) outbox.offer(state);
      for (let count = 0; count < 3; count++) log.append(frame(), 0);
      return flush();
    };
  },
};

/** Nanoseconds of CPU per frame, the least of all windows. */
function measure(round: () => number): number {
  for (const end = performance.now() + WARMUP_MS; performance.now() < end;) round();
  let least = Infinity;
  for (let window = 0; window < WINDOWS; window++) {
    const before = process.cpuUsage();
    let frames = 0;
    for (const end = performance.now() + WINDOW_MS; performance.now() < end;) frames += round();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) * 1000 / frames);
  }
  return least;
}

if (!isDirect) throw new Error("this runtime writes through the stream layer");
for (const [name, prepare] of Object.entries(CASES)) {
  console.log(name.padEnd(60), `${measure(prepare()).toFixed(2).padStart(8)} ns per frame`);
}
