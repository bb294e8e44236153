/** The time that each file of tests took, from the JUnit report of `deno test --junit-path`. */

/** A file of tests, and the seconds that its tests took together. */
export interface FileTime {
  readonly file: string;
  readonly seconds: number;
}

/** Number of files that are named as the slowest. */
const SLOWEST = 10;

/**
 * @param report JUnit XML of Deno: a `testsuite` for each file, a `testcase` for each test, and one
 *   for each step, whose name begins with its test's name and ` > `
 * @example
 * ```ts
 * fileTimes(await Deno.readTextFile("junit.xml")); // [{ file: "tests/unit/json_check_test.ts", seconds: 1.5 }, …]
 * ```
 */
export function fileTimes(report: string): FileTime[] {
  return report.split("<testsuite ").slice(1).map((suite) => {
    const file = /^name="(?:\.\/)?([^"]*)"/.exec(suite)?.[1] ?? "?";
    let seconds = 0;
    for (
      const [, name, time] of suite.matchAll(/<testcase name="([^"]*)"[^>]*? time="([\d.]+)"/g)
    ) {
      // A step's time is part of its test's time.
      if (!name!.includes(" &gt; ")) seconds += Number(time);
    }
    return { file, seconds };
    // Steps that a shared helper defines are reported under the helper's file, and are part of a test.
  }).filter(({ file }) => file.endsWith("_test.ts"));
}

/**
 * The lines that a run ends with: every file with its time, by name, then the ten slowest.
 *
 * @returns no lines for a run of one file, whose time `deno test` prints itself
 */
export function timeLines(times: readonly FileTime[]): string[] {
  if (times.length < 2) return [];
  const line = ({ file, seconds }: FileTime) => `${seconds.toFixed(1).padStart(8)} s  ${file}`;
  const byName = times.toSorted((a, b) => a.file < b.file ? -1 : 1);
  const slowest = times.toSorted((a, b) => b.seconds - a.seconds).slice(0, SLOWEST);
  return ["time per file:", ...byName.map(line), "slowest:", ...slowest.map(line)];
}
