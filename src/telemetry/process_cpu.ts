import { cpuUsage } from "node:process";

/**
 * Milliseconds of CPU that this process has used so far, on all its threads.
 *
 * @example
 * ```ts
 * const before = processCpuMs();
 * console.log(processCpuMs() - before); // 0.12
 * ```
 */
export function processCpuMs(): number {
  const { user, system } = cpuUsage();
  return (user + system) / 1000;
}
