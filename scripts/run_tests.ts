/**
 * Runs the tests with one real RabbitMQ around them, and ends with `N passed, N failed`.
 *
 *     deno task test                          all of them, some beside each other
 *     deno task test tests/resync_test.ts     some, one after the other
 *     deno task test --filter "order book"    flags of `deno test`
 *
 * DENO_JOBS says how many files run beside each other; as many as there are cores unless set.
 *
 * Exit codes: 0, 1 when a test failed, 69 when RabbitMQ is missing and cannot be installed.
 */
import { type Broker, findRabbitmq, startBroker } from "../testing/rabbitmq.ts";
import { findChromium } from "../testing/chromium.ts";
import { findPromtool } from "../testing/promtool.ts";
import { partsOf } from "./test_parts.ts";

const UNAVAILABLE = 69;
/** Every wait of a test is bounded by itself; this ends what hangs in spite of that. */
const WHOLE_RUN = 45 * 60_000;

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  if (findRabbitmq() === undefined && !installRabbitmq()) return UNAVAILABLE;
  if (findChromium() === undefined) {
    console.error("Chromium is not installed: the tests with a real browser are left out");
  }
  if (findPromtool() === undefined) {
    console.error("promtool (Debian: prometheus) is not installed: alert rules are not run");
  }
  console.error("starting RabbitMQ");
  const broker = await startBroker();
  try {
    return await runTests(args, broker);
  } finally {
    await broker.stop();
  }
}

/** Installs Debian's package where that is allowed, and leaves no system service running. */
function installRabbitmq(): boolean {
  const apt = ["install", "-y", "--no-install-recommends", "rabbitmq-server"];
  if (Deno.uid() !== 0 || !run("apt-get", ["--version"])) {
    console.error(
      "The tests need RabbitMQ, which is not installed. On Debian:\n  apt-get " +
        `${apt.join(" ")}\nThey start a broker of their own and need no running one.`,
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

/** Runs the parts one after the other, all of them, and says what came of them together. */
async function runTests(args: readonly string[], broker: Broker): Promise<number> {
  const ports = await Deno.makeTempFile({ prefix: "ranger-ports-" });
  let cut = false;
  let stop = () => {};
  const end = () => {
    cut = true;
    stop();
  };
  const timer = setTimeout(() => {
    console.error(`the tests took more than ${WHOLE_RUN / 60_000} minutes: ended`);
    end();
  }, WHOLE_RUN);
  // The broker is stopped by what follows, in every case.
  for (const name of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(name, end);
  const sum = { passed: 0, failed: 0 };
  for (const { name, args: own } of partsOf(args)) {
    if (cut) break;
    console.error(`tests: ${name}`);
    const child = new Deno.Command(Deno.execPath(), {
      args: ["test", "--allow-all", "--trace-leaks", ...own],
      env: { RANGER_TEST_AMQP_URL: broker.url, RANGER_TEST_PORTS: ports },
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
      // A process group of its own: what the tests started ends with them when they are cut short.
      detached: true,
    }).spawn();
    stop = () => Deno.kill(-child.pid, "SIGKILL");
    const tail = await copy(child.stdout);
    const { code } = await child.status;
    stop = () => {};
    const { passed, failed } = counts(tail);
    sum.passed += passed;
    // A file that does not load fails the run without being a test.
    sum.failed += code === 0 ? failed : Math.max(failed, 1);
  }
  clearTimeout(timer);
  await Deno.remove(ports);
  // A part that was not begun has not failed, and has not passed either.
  if (cut) sum.failed = Math.max(sum.failed, 1);
  console.log(`${sum.passed} passed, ${sum.failed} failed`);
  return sum.failed === 0 ? 0 : 1;
}

/** Copies to standard output, and gives the last few kilobytes without colours. */
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

/** What `deno test` says at its end: `ok | 12 passed | 0 failed | 1 ignored (3s)`. */
function counts(tail: string): { passed: number; failed: number } {
  const summaries = [...tail.matchAll(/\| (\d+) passed.*\| (\d+) failed/g)];
  const [, passed, failed] = summaries.at(-1) ?? [];
  return { passed: Number(passed ?? 0), failed: Number(failed ?? 0) };
}
