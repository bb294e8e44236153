/** The tests that failed, from the JUnit report of `deno test --junit-path`. */

/** A test or a step that failed. */
export interface Failure {
  /** Where it is defined, which for a step may be a shared helper. */
  readonly file: string;
  /** `the test`, or `the test > its step`. */
  readonly title: string;
  /** The first line of its error. */
  readonly message: string;
}

/** Characters of an error that are shown: enough to recognise it, the rest is in the output above. */
const MAX_MESSAGE = 200;

/**
 * @param report JUnit XML of Deno
 * @example
 * ```ts
 * failuresIn(await Deno.readTextFile("junit.xml"));
 * // [{ file: "tests/browser/page_test.ts", title: "the page > by keyboard", message: "TimeoutError" }]
 * ```
 */
export function failuresIn(report: string): Failure[] {
  const cases = report.matchAll(
    /<testcase name="([^"]*)" classname="(?:\.\/)?([^"]*)"[^>]*>\s*<failure message="([^"]*)"/g,
  );
  return [...cases].map(([, title, file, message]) => ({
    file: file!,
    title: unescape(title!),
    message: unescape(message!).split("\n")[0]!.slice(0, MAX_MESSAGE),
  }));
}

/** The files of tests in which something failed. */
export function failedFiles(failures: readonly Failure[]): string[] {
  return [...new Set(failures.map(({ file }) => file))].filter((file) => file.endsWith("_test.ts"));
}

/** A line for each failure. */
export function failureLines(failures: readonly Failure[], heading: string): string[] {
  if (failures.length === 0) return [];
  return [
    heading,
    ...failures.map(({ file, title, message }) => `  ${file}: ${title}: ${message}`),
  ];
}

function unescape(text: string): string {
  const entities: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (_, name) => entities[name]!)
    .replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));
}
