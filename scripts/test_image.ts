/**
 * Tests the image without a container engine: does what the last stage of Containerfile says in a
 * clean Debian, and starts it there as an engine would: as process 1, with a read-only root and
 * without any capability. As root:
 *
 *     deno run -A scripts/test_image.ts FOLDER   a debootstrapped Debian 12, which is changed
 *
 * What was built into DIST is in place of the first stage.
 */
import { bounded, until } from "../testing/bounded.ts";
import { freePort } from "../testing/ports.ts";
import { execForm, type Instruction, stagesOf } from "./containerfile.ts";

const ROOT = new URL("../", import.meta.url).pathname;

const [tree] = Deno.args;
if (tree === undefined) {
  console.error("usage: scripts/test_image.ts FOLDER");
  Deno.exit(64);
}

/** What an engine keeps of an image, beside its files. */
interface Image {
  user: string;
  readonly environment: Record<string, string>;
  entrypoint: string[];
  command: string[];
  health: string[];
  stopSignal: Deno.Signal;
}

const image = await build(tree);
const ports = [freePort(), freePort()];
const environment = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  ...image.environment,
  RANGER_SERVER_PORT: String(ports[0]),
  RANGER_MANAGEMENT_PORT: String(ports[1]),
  RANGER_AUTH_ENABLED: "false",
  RANGER_SERVER_DRAIN_SECONDS: "1",
  // Nothing listens there: the broker is waited for.
  RANGER_AMQP_URL: "amqp://127.0.0.1:1/",
};
await using container = await start(tree, image);

let answer = "";
await until(
  async () => {
    const { success, stderr } = await inside(container.pid, image.health);
    if (!container.isRunning()) throw new Error(`it ended\n${await container.log}`);
    answer = stderr;
    return success || undefined;
  },
  () => `the health check of the image to pass: ${answer}`,
  20_000,
);
const ready = await inside(container.pid, [image.entrypoint[0]!, "health"]);
require(!ready.success && /no events come in/.test(ready.stderr), `ready: ${ready.stderr}`);

const status = await Deno.readTextFile(`/proc/${container.pid}/status`);
require(/^NSpid:.*\t1$/m.test(status), "it is not process 1");
require(new RegExp(`^Uid:\\t${image.user.split(":")[0]}\\t`, "m").test(status), `user: ${status}`);
require(/^CapEff:\t0+$/m.test(status), "it has capabilities");
const write = await inside(container.pid, ["/bin/sh", "-c", ">/var/tmp/x"]);
require(/Read-only file system/.test(write.stderr), `the root can be written: ${write.stderr}`);

const socket = new WebSocket(`ws://127.0.0.1:${ports[0]}/public?stream=btcusd.trades`);
await heard(socket, "open");
const closed = heard(socket, "close");
Deno.kill(container.pid, image.stopSignal);
const { code } = await closed as CloseEvent;
require(code === 1001, `the client was closed with ${code}`);
const end = await bounded(container.ended, "the end", 30_000);
if (end.code !== 0) throw new Error(`it ended with ${end.code}\n${await container.log}`);
console.log("image: built, started as process 1 with a read-only root, healthy, drained");

/** Carries out the last stage in a folder. */
async function build(root: string): Promise<Image> {
  const stage = stagesOf(await Deno.readTextFile(`${ROOT}Containerfile`)).at(-1)!;
  require(/(^|\/)debian:12-slim$/.test(stage.base), `the base is ${stage.base}, not Debian 12`);
  const image: Image = {
    user: "0:0",
    environment: {},
    entrypoint: [],
    command: [],
    health: [],
    stopSignal: "SIGTERM",
  };
  for (const instruction of stage.instructions) await carryOut(instruction, image, root);
  return image;
}

async function carryOut({ name, flags, text }: Instruction, image: Image, root: string) {
  switch (name) {
    case "ARG":
    case "LABEL":
    case "EXPOSE":
      return;
    case "COPY":
      require(flags.from === "build" && text === "/out/ /", `COPY of something else: ${text}`);
      await succeeds([`${ROOT}scripts/image_files.sh`, root]);
      return;
    case "RUN":
      await succeeds(["chroot", root, "/bin/sh", "-c", text]);
      return;
    case "ENV":
      for (const [, key, value] of text.matchAll(/(\w+)=(\S+)/g)) image.environment[key!] = value!;
      return;
    case "USER":
      image.user = text;
      return;
    case "HEALTHCHECK":
      require(text.startsWith("CMD "), `HEALTHCHECK ${text}`);
      image.health = execForm(text.slice("CMD ".length));
      return;
    case "STOPSIGNAL":
      image.stopSignal = text as Deno.Signal;
      return;
    case "ENTRYPOINT":
      image.entrypoint = execForm(text);
      return;
    case "CMD":
      image.command = execForm(text);
      return;
    default:
      throw new Error(`scripts/test_image.ts does not know ${name}`);
  }
}

/** The last words of a command line that runs a program as the image's user, with no privileges. */
function asUser(command: readonly string[]): string[] {
  const [user, group] = image.user.split(":");
  return [
    ...["setpriv", `--reuid=${user}`, `--regid=${group}`, "--clear-groups", "--no-new-privs"],
    ...["--bounding-set=-all", "--inh-caps=-all", "--", "/usr/bin/env", "-i"],
    ...Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    ...command,
  ];
}

interface Container extends AsyncDisposable {
  /** Of its first process, as seen from here. */
  readonly pid: number;
  readonly log: Promise<string>;
  readonly ended: Promise<Deno.CommandStatus>;
  isRunning(): boolean;
}

/** In mounts of a namespace that go with it. */
async function start(root: string, image: Image): Promise<Container> {
  const prepare = `mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" &&
    mount -t proc proc "$0/proc" && exec chroot "$0" "$@"`;
  const child = new Deno.Command("unshare", {
    args: [
      ...["--mount", "--pid", "--fork", "--kill-child", "--propagation=private", "--"],
      ...["/bin/sh", "-c", prepare, root],
      ...asUser([...image.entrypoint, ...image.command]),
    ],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const log = new Response(child.stderr).text();
  let running = true;
  child.status.then(() => running = false);
  const children = `/proc/${child.pid}/task/${child.pid}/children`;
  const pid = await until(
    async () => Number((await Deno.readTextFile(children)).trim().split(" ")[0]) || undefined,
    "its first process",
  );
  return {
    pid,
    log,
    ended: child.status,
    isRunning: () => running,
    async [Symbol.asyncDispose]() {
      try {
        // The engine's process does not take it along: its user has changed.
        Deno.kill(pid, "SIGKILL");
      } catch {
        // It has ended.
      }
      await child.status;
      await log;
    },
  };
}

/** Runs a program in the container, as an engine runs a health check. */
function inside(pid: number, command: readonly string[]) {
  return run([
    ...["nsenter", `--target=${pid}`, "--mount", "--pid", "--", "chroot", tree!],
    ...asUser(command),
  ]);
}

async function run(command: readonly string[]) {
  const [file, ...args] = command;
  const { success, stderr } = await new Deno.Command(file!, { args, stdin: "null" }).output();
  return { success, stderr: new TextDecoder().decode(stderr) };
}

async function succeeds(command: readonly string[]): Promise<void> {
  const { success, stderr } = await run(command);
  require(success, `${command.join(" ")}: ${stderr}`);
}

function heard(socket: WebSocket, type: "open" | "close"): Promise<Event> {
  const { promise, resolve, reject } = Promise.withResolvers<Event>();
  socket.addEventListener(type, resolve);
  if (type === "open") socket.addEventListener("error", () => reject(new Error("not connected")));
  return bounded(promise, `${type} of the client`);
}

function require(condition: boolean, problem: string): asserts condition {
  if (!condition) throw new Error(problem);
}
