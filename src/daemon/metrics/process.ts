import { processCpuMs } from "../../telemetry/process_cpu.ts";
import { COMMIT, VERSION } from "../../version.ts";
import type { Metric } from "./metric.ts";

export const PROCESS: readonly Metric[] = [
  {
    name: "ranger_ready",
    type: "gauge",
    help: "1 while /readyz answers 200, else 0",
    read: ({ unready }) => Number(unready().length === 0),
  },
  {
    name: "ranger_build_info",
    type: "gauge",
    help: "Always 1; the labels are version, commit and runtime",
    labels: ["version", "commit", "runtime"],
    read: () => [[[VERSION, COMMIT, `deno ${Deno.version.deno}`], 1]],
  },
  {
    name: "ranger_config_last_reload_successful",
    type: "gauge",
    help: "1 when the last reload (SIGHUP) put its settings in force, or there was none; else 0",
    read: ({ reloads }) => Number(reloads.reason === undefined),
  },
  {
    name: "ranger_config_last_reload_success_timestamp_seconds",
    type: "gauge",
    help: "When settings were last put in force, in seconds since the epoch",
    read: ({ reloads }) => reloads.lastSuccess.getTime() / 1000,
  },
  {
    name: "ranger_event_loop_lag_seconds",
    type: "histogram",
    help: "Delay of a timer of the event loop, measured four times a second",
    read: ({ loopLag }) => loopLag.seconds,
  },
  {
    name: "process_cpu_seconds_total",
    type: "counter",
    help: "CPU time of the process, in seconds",
    read: () => processCpuMs() / 1000,
  },
  {
    name: "process_resident_memory_bytes",
    type: "gauge",
    help: "Resident memory of the process",
    read: () => Deno.memoryUsage().rss,
  },
  {
    name: "ranger_heap_used_bytes",
    type: "gauge",
    help: "Memory used by JavaScript objects",
    read: () => Deno.memoryUsage().heapUsed,
  },
  {
    name: "ranger_buffers_bytes",
    type: "gauge",
    help: "Memory of frames and other buffers outside of the heap",
    read: () => Deno.memoryUsage().external,
  },
  {
    name: "process_start_time_seconds",
    type: "gauge",
    help: "Start time of the process, in seconds since the epoch",
    read: () => performance.timeOrigin / 1000,
  },
];
