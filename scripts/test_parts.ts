/** How the tests are divided: unit tests, and all tests with those that need the machine to themselves. */

/** Tests that one `deno test` runs. */
export interface Part {
  readonly name: string;
  /** Arguments for `deno test`, after the arguments that all parts share. */
  readonly args: readonly string[];
  /** Whether its tests run beside others, which can disturb them. */
  readonly isParallel?: boolean;
  /** Files that run in parallel beyond one per core, in place of those that wait for a timer. */
  readonly extraJobs?: number;
}

/** Files that run again, at most: more than that were not disturbed, something is broken. */
const MAX_AGAIN = 5;

/**
 * Files that run without another test beside them, with the reason: they measure something that other
 * tests disturb, or take so much that other tests fail. All other files run in parallel.
 */
export const ALONE: Readonly<Record<string, string>> = {
  "tests/end_to_end/come_and_go_test.ts":
    "ten thousand clients, and the server's memory before and after",
  "tests/end_to_end/drain_test.ts": "how evenly closes are spread over two seconds",
  "tests/end_to_end/hostile_clients_test.ts":
    "floods at full speed, and what the server holds of them",
  "tests/end_to_end/integrity_test.ts": "as much load as the server takes",
  "tests/end_to_end/keepalive_test.ts": "twelve thousand clients, and how evenly they are pinged",
  "tests/end_to_end/upgrade_test.ts":
    "clients that come as fast as they can for as long as it takes",
};

/** The word for the unit lane on the command line. */
const UNIT = "unit";

/** Whether the arguments ask for the unit lane, which starts no program, broker or browser. */
export function isUnitLane([first]: readonly string[]): boolean {
  return first === UNIT;
}

/**
 * The parts of a run, one after the other. Named files or flags are one part: `deno test` with just
 * these arguments, so that they mean what Deno's manual says.
 *
 * @param args of the whole run
 * @example
 * ```ts
 * partsOf([]); // [{ name: "in parallel", … }, { name: "alone", … }]
 * partsOf(["unit"]); // [{ name: "unit", args: ["--parallel", "tests/unit"], extraJobs: 1 }]
 * partsOf(["tests/end_to_end/tail_test.ts"]); // [{ name: "as named", args: ["tests/end_to_end/tail_test.ts"] }]
 * ```
 */
export function partsOf(args: readonly string[]): Part[] {
  if (isUnitLane(args)) {
    return [{ name: UNIT, args: ["--parallel", ...args.slice(1), "tests/unit"], extraJobs: 1 }];
  }
  if (args.length > 0) return [{ name: "as named", args }];
  const alone = Object.keys(ALONE);
  return [
    {
      name: "in parallel",
      args: ["--parallel", `--ignore=${alone.join(",")}`],
      isParallel: true,
    },
    { name: "alone", args: alone },
  ];
}

/**
 * A second run of files that failed while others ran beside them: on a busy machine a test that waits
 * for a process may run out of time.
 *
 * @param failed the files in which something failed
 * @returns `undefined` where a second run says nothing: the files ran alone, or too many failed
 */
export function againPart(part: Part, failed: readonly string[]): Part | undefined {
  if (!part.isParallel || failed.length === 0 || failed.length > MAX_AGAIN) return undefined;
  return { name: `again, alone: ${failed.join(" ")}`, args: failed };
}
