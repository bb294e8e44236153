/** How the tests are divided where all of them run: most two at once, some one after the other. */

/** Some of the tests, which one `deno test` runs. */
export interface Part {
  readonly name: string;
  /** For `deno test`, after what all parts are given. */
  readonly args: readonly string[];
}

/**
 * Files that have the machine for themselves, and why: what they measure, or how much they take,
 * would make of another test beside them a coin to toss. Everything else runs beside others.
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

/**
 * The parts of a run, one after the other. Whoever names files or flags gets one part: `deno test`
 * with just these, so that what they mean is what Deno says they mean.
 *
 * @param args of the whole run
 * @example
 * ```ts
 * partsOf([]); // [{ name: "beside each other", … }, { name: "alone", … }]
 * partsOf(["tests/end_to_end/tail_test.ts"]); // [{ name: "as named", args: ["tests/end_to_end/tail_test.ts"] }]
 * ```
 */
export function partsOf(args: readonly string[]): Part[] {
  if (args.length > 0) return [{ name: "as named", args }];
  const alone = Object.keys(ALONE);
  return [
    { name: "beside each other", args: ["--parallel", `--ignore=${alone.join(",")}`] },
    { name: "alone", args: alone },
  ];
}
