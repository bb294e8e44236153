/**
 * Runs tests and prints the time per file, the ten slowest files, what failed, and
 * `N passed, N failed`.
 *
 *     deno task unit                          tests/unit: no program, broker or browser is started
 *     deno task test                          all tests, most of them in parallel
 *     deno task test tests/resync_test.ts     the named files, one after the other
 *     deno task test --filter "order book"    flags of `deno test`
 *
 * A RabbitMQ is started before the tests and stopped after them, but for the unit tests.
 * In a run of all tests, up to five files that failed beside others run once more, by themselves: that
 * result counts, and what failed the first time is named.
 * DENO_JOBS is the number of files that run in parallel; by default the number of cores.
 *
 * Exit codes: 0, 1 when a test failed, 69 when RabbitMQ is missing and cannot be installed.
 */
import { type Broker, findRabbitmq, startBroker } from "../testing/rabbitmq.ts";
import { findChromium } from "../testing/chromium.ts";
import { findPromtool } from "../testing/promtool.ts";
import { failedFiles, type Failure, failureLines, failuresIn } from "./test_failures.ts";
import { againPart, isUnitLane, type Part, partsOf } from "./test_parts.ts";
import { type FileTime, fileTimes, timeLines } from "./test_times.ts";

const UNAVAILABLE = 69;
/** Milliseconds. Each wait of a test has its own bound; this ends a run that hangs nevertheless. */
const WHOLE_RUN = 45 * 60_000;

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  if (isUnitLane(args)) return await runTests(args);
  if (findRabbitmq() === undefined && !installRabbitmq()) return UNAVAILABLE;
  if (findChromium() === undefined) {
    console.error("Chromium is not installed: the tests with a browser are left out");
  }
  if (findPromtool() === undefined) {
    console.error("promtool (Debian: prometheus) is not installed: the alert rules are not tested");
  }
  console.error("starting RabbitMQ");
  const broker = await startBroker();
  try {
    return await runTests(args, broker);
  } finally {
    await broker.stop();
  }
}

/** Installs Debian's package when run as root, without starting its system service. */
function installRabbitmq(): boolean {
  const apt = ["install", "-y", "--no-install-recommends", "rabbitmq-server"];
  if (Deno.uid() !== 0 || !run("apt-get", ["--version"])) {
    console.error(
      "The tests need RabbitMQ, which is not installed. On Debian:\n  apt-get " +
        `${apt.join(" ")}\nThe tests start and stop a broker themselves.`,
    );
    return false;
  }
  console.error("installing RabbitMQ");
  const script = new URL("install-packages.sh", import.meta.url).pathname;
  if (run(script, ["rabbitmq-server"], "inherit") && findRabbitmq() !== undefined) return true;
  console.error("RabbitMQ could not be installed; the message of apt-get is above");
  return false;
}

function run(file: string, args: readonly string[], output: "inherit" | "null" = "null"): boolean {
  try {
    return new Deno.Command(file, { args: [...args], stdout: output, stderr: output })
      .outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Runs all parts one after the other and prints their times and their sum. */
async function runTests(args: readonly string[], broker?: Broker): Promise<number> {
  const ports = await Deno.makeTempFile({ prefix: "ranger-ports-" });
  const report = await Deno.makeTempFile({ prefix: "ranger-junit-" });
  const times: FileTime[] = [];
  let cut = false;
  let stop = () => {};
  const end = () => {
    cut = true;
    stop();
  };
  const timer = setTimeout(() => {
    console.error(`the tests took more than ${WHOLE_RUN / 60_000} minutes and were ended`);
    end();
  }, WHOLE_RUN);
  // The caller stops the broker in every case.
  for (const name of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(name, end);
  const sum = { passed: 0, failed: 0 };
  const failures: Failure[] = [];
  const disturbed: Failure[] = [];
  const runPart = async ({ name, args: own, extraJobs = 0 }: Part): Promise<PartResult> => {
    console.error(`tests: ${name}`);
    const child = new Deno.Command(Deno.execPath(), {
      args: ["test", "--allow-all", "--trace-leaks", `--junit-path=${report}`, ...own],
      env: {
        RANGER_TEST_PORTS: ports,
        DENO_JOBS: Deno.env.get("DENO_JOBS") ?? String(navigator.hardwareConcurrency + extraJobs),
        ...(broker ? { RANGER_TEST_AMQP_URL: broker.url } : {}),
      },
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
      // In a new process group, so that processes started by tests end with a run that is cut short.
      detached: true,
    }).spawn();
    stop = () => Deno.kill(-child.pid, "SIGKILL");
    const tail = await copy(child.stdout);
    const { code } = await child.status;
    stop = () => {};
    const xml = await Deno.readTextFile(report);
    await Deno.truncate(report);
    times.push(...fileTimes(xml));
    const { passed, failed } = counts(tail);
    // A file that does not load fails the run without a failed test.
    return { passed, failed: code === 0 ? failed : Math.max(failed, 1), failures: failuresIn(xml) };
  };
  for (const part of partsOf(args)) {
    if (cut) break;
    const first = await runPart(part);
    sum.passed += first.passed;
    const again = againPart(part, failedFiles(first.failures));
    if (first.failed === 0 || again === undefined || cut) {
      sum.failed += first.failed;
      failures.push(...first.failures);
      continue;
    }
    const second = await runPart(again);
    sum.passed += Math.max(0, first.failed - second.failed);
    sum.failed += second.failed;
    failures.push(...second.failures);
    disturbed.push(...first.failures);
  }
  clearTimeout(timer);
  await Deno.remove(ports);
  await Deno.remove(report);
  for (const line of timeLines(times)) console.log(line);
  for (const line of failureLines(disturbed, "failed beside other tests, run again alone:")) {
    console.log(line);
  }
  for (const line of failureLines(failures, "failed:")) console.log(line);
  // Parts that were not started have not passed.
  if (cut) sum.failed = Math.max(sum.failed, 1);
  console.log(`${sum.passed} passed, ${sum.failed} failed`);
  return sum.failed === 0 ? 0 : 1;
}

/** How a part of the tests ended. */
interface PartResult {
  readonly passed: number;
  readonly failed: number;
  readonly failures: readonly Failure[];
}

/** Copies to standard output, and returns the last few kilobytes without colours. */
async function copy(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let tail = "";
  for await (const chunk of stream) {
    Deno.stdout.writeSync(chunk);
    tail = (tail + decoder.decode(chunk, { stream: true })).slice(-8192);
  }
  // deno-lint-ignore no-control-regex
  return tail.replace(/\x1b\[[0-9;]*m/g, "");
}

/** The counts that `deno test` prints at its end: `ok | 12 passed | 0 failed | 1 ignored (3s)`. */
function counts(tail: string): { passed: number; failed: number } {
  const summaries = [...tail.matchAll(/\| (\d+) passed.*\| (\d+) failed/g)];
  const [, passed, failed] = summaries.at(-1) ?? [];
  return { passed: Number(passed ?? 0), failed: Number(failed ?? 0) };
}
