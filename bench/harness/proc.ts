/** What Linux knows about a process and about the cores: CPU time and memory, from /proc. */

/** Clock ticks a second in /proc; the kernel's interface has it fixed for every architecture we run on. */
const TICKS = 100;

/** Memory of a process and its children in bytes, without the kernel's socket buffers, which no process owns. */
export interface Memory {
  /** All that is in RAM, shared libraries and the executable's pages included. */
  readonly rss: number;
  /** What only this process has: heap, stacks, JIT code. */
  readonly anonymous: number;
}

/** A process and its children, of which some servers consist. */
export function family(pid: number): number[] {
  const children = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`).trim();
  return [pid, ...children.split(" ").filter((child) => child).map(Number)];
}

/** CPU seconds that all threads of a process have used so far, user and system. */
export function cpuSeconds(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  // the name in parentheses may hold spaces; utime and stime are fields 14 and 15 of the line
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/**
 * Seconds that the first thread of a process, the one that serves, was ready to run while its core
 * ran something else (the run delay of sched-stats): what other programs have cost it.
 */
export function waitedSeconds(pid: number): number {
  const [, waited] = Deno.readTextFileSync(`/proc/${pid}/schedstat`).split(" ");
  return Number(waited) / 1e9;
}

/** Seconds that a core has been busy so far, with any process. */
export function busySeconds(core: number): number {
  const line = Deno.readTextFileSync("/proc/stat").split("\n").find((line) =>
    line.startsWith(`cpu${core} `)
  );
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] =
    line?.split(" ").slice(1).map(Number) ?? [];
  return (user + nice + system + irq + softirq + steal) / TICKS;
}

/** The memory of a process and its children as of now. */
export function memory(pid: number): Memory {
  const all = family(pid).map(ownMemory);
  return {
    rss: all.reduce((sum, { rss }) => sum + rss, 0),
    anonymous: all.reduce((sum, { anonymous }) => sum + anonymous, 0),
  };
}

function ownMemory(pid: number): Memory {
  const text = Deno.readTextFileSync(`/proc/${pid}/smaps_rollup`);
  const bytes = (key: string) =>
    Number(new RegExp(`^${key}:\\s+(\\d+) kB`, "m").exec(text)?.[1]) * 1024;
  return { rss: bytes("Rss"), anonymous: bytes("Anonymous") };
}

/**
 * Starts to measure; the function returned says how much more memory a process had at most since
 * then, in bytes.
 */
export function memoryPeak(pid: number): () => number {
  const { rss } = ownMemory(pid);
  // Resets the peak (proc_pid_clear_refs(5)).
  Deno.writeTextFileSync(`/proc/${pid}/clear_refs`, "5");
  return () => {
    const status = Deno.readTextFileSync(`/proc/${pid}/status`);
    return 1024 * Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) - rss;
  };
}

/**
 * The memory of a process once it rests: when it moved by less than half a percent over a second,
 * or after `patience` seconds.
 */
export async function settledMemory(pid: number, patience: number): Promise<Memory> {
  const samples: Memory[] = [];
  const until = performance.now() + patience * 1000;
  for (;;) {
    const now = memory(pid);
    samples.push(now);
    const recent = samples.slice(-5).map((sample) => sample.rss);
    const restless = Math.max(...recent) - Math.min(...recent) > now.rss * 0.005;
    if ((recent.length === 5 && !restless) || performance.now() > until) return now;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** CPU shares between two moments, each of one core. */
export interface Usage {
  /** By each family of processes asked for. */
  readonly processes: readonly number[];
  /** Of each core asked for, by everybody. */
  readonly cores: readonly number[];
}

/**
 * Starts to measure; the function returned says what was used since.
 *
 * @example
 * ```ts
 * declare const server: Deno.ChildProcess;
 * const used = startUsage([[server.pid]], [0, 1]);
 * await new Promise((resolve) => setTimeout(resolve, 3_000));
 * console.log(used().processes[0]); // 0.97
 * ```
 */
export function startUsage(
  families: readonly (readonly number[])[],
  cores: readonly number[],
): () => Usage {
  const together = (pids: readonly number[]) =>
    pids.map(cpuSeconds).reduce((sum, seconds) => sum + seconds, 0);
  const cpu = families.map(together);
  const busy = cores.map(busySeconds);
  const begin = performance.now();
  return () => {
    const seconds = (performance.now() - begin) / 1000;
    return {
      processes: families.map((pids, i) => (together(pids) - (cpu[i] ?? 0)) / seconds),
      cores: cores.map((core, i) => Math.min(1, (busySeconds(core) - (busy[i] ?? 0)) / seconds)),
    };
  };
}
