import { root } from "./build.ts";

/** Where and with what the figures were taken. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGB: number;
  readonly kernel: string;
  readonly openFiles: number;
  readonly deno: string;
  readonly v8: string;
  /** The commit measured, `-dirty` where the tree differs from it. */
  readonly ranger: string;
  readonly cc: string;
}

/** Describes this machine and the versions of what is measured on it. */
export async function describeMachine(): Promise<Machine> {
  const cpuinfo = await Deno.readTextFile("/proc/cpuinfo");
  return {
    cpu: /^model name\s*:\s*(.+)$/m.exec(cpuinfo)?.[1] ?? Deno.build.arch,
    cores: navigator.hardwareConcurrency,
    memoryGB: Math.round(Deno.systemMemoryInfo().total / 2 ** 30),
    kernel: Deno.osRelease(),
    openFiles: Number(await output(["sh", "-c", "ulimit -Hn"])),
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    ranger: await output(["git", "-C", root, "describe", "--always", "--dirty"]),
    cc: (await output(["cc", "--version"])).split("\n")[0] ?? "",
  };
}

/** What a command prints; empty when it is not there or fails. */
async function output([command, ...args]: [string, ...string[]]): Promise<string> {
  try {
    const { stdout } = await new Deno.Command(command, { args, stderr: "null" }).output();
    return new TextDecoder().decode(stdout).trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
