import { until } from "./bounded.ts";
import { freePort } from "./ports.ts";
import { findExecutable } from "./executables.ts";
import { endProcess, signal } from "./processes.ts";

/** How a broker speaks TLS: PEM files. */
export interface BrokerTls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** The only version that it speaks, such as `tlsv1.2`; left out, whatever RabbitMQ does. */
  readonly version?: string;
}

/** How to start a broker. */
export interface BrokerOptions {
  /** How many cores it may use; one unless a test needs more. */
  readonly schedulers?: number;
  /** Also listens with TLS, and refuses clients without a certificate of `ca`. */
  readonly tls?: BrokerTls;
}

/** A RabbitMQ of the test's own, on loopback, with everything it writes in a temporary folder. */
export interface Broker {
  /** With user and password, as `--amqp-url` takes it. */
  readonly url: string;
  readonly port: number;
  /** The port for TLS, where it was asked for. */
  readonly tlsPort: number;
  /** Of the Erlang machine itself; another one after `restart()`. */
  readonly pid: number;
  /** What the broker logged so far. */
  log(): string;
  /** SIGKILL: connections are cut without a word. Resolves when the process is gone. */
  kill(): Promise<void>;
  /** Starts again on the same port with the same data; stops first where it still runs. */
  restart(): Promise<void>;
  /** SIGSTOP: the port still accepts, and nothing answers. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /**
   * Runs `rabbitmqctl` against this broker; takes about a second.
   *
   * @returns what it printed, without headings
   * @throws Error when it fails, with what it wrote
   */
  ctl(...args: readonly string[]): Promise<string>;
  /** Ends broker and port mapper, and removes the folder. Safe to call twice, and after `kill()`. */
  stop(): Promise<void>;
}

/** Where RabbitMQ's own start script is, or undefined where RabbitMQ is not installed. */
export function findRabbitmq(): string | undefined {
  // Debian's /usr/sbin/rabbitmq-server changes to the user of the system's broker and writes to
  // its folders; the script beneath it does what the environment says.
  return findExecutable("rabbitmq-server", ["/usr/lib/rabbitmq/bin"]) ??
    findExecutable("rabbitmq-server", pathFolders().concat("/usr/local/sbin"));
}

/**
 * Starts a real RabbitMQ and waits until it speaks AMQP. Many can run at once.
 *
 * @throws Error when RabbitMQ is not installed or does not come up, with its log
 * @example
 * ```ts
 * import { connectPublisher } from "./amqp.ts";
 * const broker = await startBroker();
 * try {
 *   await using publisher = await connectPublisher(broker.url, "events");
 *   await publisher.publish("public.usdbtc.trades", { trades: [] });
 * } finally {
 *   await broker.stop();
 * }
 * ```
 */
export async function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  return await start(options);
}

async function start(options: BrokerOptions): Promise<RealBroker> {
  const script = findRabbitmq();
  if (script === undefined) throw new Error("RabbitMQ is not installed: see `make test`");
  const broker = new RealBroker(script, options);
  try {
    await broker.start();
  } catch (error) {
    const log = broker.log();
    await broker.stop();
    throw new Error(`RabbitMQ did not start\n${log}`, { cause: error });
  }
  return broker;
}

/**
 * The broker that the whole test run shares, where there is one (`make test` starts it and names
 * it in RANGER_TEST_AMQP_URL), else one for this test file. Tests keep out of each other's way by
 * exchanges with other names. Call it outside of `Deno.test`, or it would count as a test's leak.
 *
 * @example
 * ```ts
 * const { url } = await sharedBroker();
 * Deno.test("an event reaches its subscriber", async () => {
 *   const exchange = `test.${crypto.randomUUID()}`;
 *   // …
 * });
 * ```
 */
export async function sharedBroker(): Promise<{ readonly url: string }> {
  const url = Deno.env.get("RANGER_TEST_AMQP_URL");
  if (url) return { url };
  return await fileBroker();
}

/**
 * A broker that all tests of one file may kill, pause and restart. Call it outside of `Deno.test`,
 * or it would count as a test's leak; it ends with the file.
 */
export async function fileBroker(options: BrokerOptions = {}): Promise<Broker> {
  const broker = await start(options);
  // Nothing asynchronous is awaited at unload, so what stops the broker is the signal alone.
  globalThis.addEventListener("unload", () => broker.abandon());
  return broker;
}

const HOST = "127.0.0.1";

class RealBroker implements Broker {
  readonly port = freePort();
  readonly tlsPort: number;
  readonly url = `amqp://guest:guest@${HOST}:${this.port}/`;
  readonly #folder = Deno.makeTempDirSync({ prefix: "ranger-rabbitmq-" });
  readonly #mapperPort = freePort();
  readonly #environment: Record<string, string>;
  #mapper: Deno.ChildProcess | undefined;
  #server: Deno.ChildProcess | undefined;

  constructor(private readonly script: string, { schedulers = 1, tls }: BrokerOptions) {
    const folder = this.#folder;
    this.tlsPort = tls === undefined ? 0 : freePort();
    Deno.writeTextFileSync(
      `${folder}/rabbitmq.conf`,
      [
        `listeners.tcp.1 = ${HOST}:${this.port}`,
        ...(tls === undefined ? [] : [
          `listeners.ssl.1 = ${HOST}:${this.tlsPort}`,
          `ssl_options.cacertfile = ${tls.ca}`,
          `ssl_options.certfile = ${tls.cert}`,
          `ssl_options.keyfile = ${tls.key}`,
          ...(tls.version === undefined ? [] : [`ssl_options.versions.1 = ${tls.version}`]),
          "ssl_options.verify = verify_peer",
          "ssl_options.fail_if_no_peer_cert = true",
        ]),
        // Publishers are not to be blocked where the disk is nearly full.
        "disk_free_limit.absolute = 1MB",
        "log.file.level = info",
        "",
      ].join("\n"),
    );
    Deno.writeTextFileSync(`${folder}/enabled_plugins`, "[].\n");
    Deno.writeTextFileSync(`${folder}/rabbitmq-env.conf`, "");
    this.#environment = {
      PATH: Deno.env.get("PATH") ?? "/usr/bin:/bin",
      LANG: "C.UTF-8",
      // The cookie is made here.
      HOME: folder,
      ERL_EPMD_PORT: String(this.#mapperPort),
      ERL_EPMD_ADDRESS: HOST,
      RABBITMQ_NODENAME: `ranger-${crypto.randomUUID().slice(0, 8)}@localhost`,
      RABBITMQ_DIST_PORT: String(freePort()),
      RABBITMQ_CONF_ENV_FILE: `${folder}/rabbitmq-env.conf`,
      RABBITMQ_CONFIG_FILE: `${folder}/rabbitmq.conf`,
      RABBITMQ_ADVANCED_CONFIG_FILE: `${folder}/advanced.config`,
      RABBITMQ_ENABLED_PLUGINS_FILE: `${folder}/enabled_plugins`,
      RABBITMQ_GENERATED_CONFIG_DIR: `${folder}/generated`,
      RABBITMQ_MNESIA_BASE: `${folder}/data`,
      RABBITMQ_LOG_BASE: `${folder}/log`,
      RABBITMQ_LOGS: `${folder}/rabbitmq.log`,
      RABBITMQ_PID_FILE: `${folder}/pid`,
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS:
        `+S ${schedulers} +A 1 -kernel inet_dist_use_interface {127,0,0,1}`,
      // Makes the start script become the Erlang machine, not its parent: signals reach the broker.
      detached: "true",
    };
  }

  get pid(): number {
    if (this.#server === undefined) throw new Error("the broker does not run");
    return this.#server.pid;
  }

  log(): string {
    return ["rabbitmq.log", "output"].map((name) => {
      try {
        return Deno.readTextFileSync(`${this.#folder}/${name}`);
      } catch {
        return "";
      }
    }).join("\n").trim();
  }

  async start(): Promise<void> {
    await this.#startMapper();
    // No pipes: what would read them would count as a leak of the test that runs meanwhile.
    this.#server = new Deno.Command("/bin/sh", {
      args: ["-c", 'exec "$0" >>"$1/output" 2>&1', this.script, this.#folder],
      cwd: this.#folder,
      clearEnv: true,
      env: this.#environment,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    let ended = false;
    this.#server.status.then(() => ended = true);
    await until(
      async () => {
        if (ended) throw new Error("RabbitMQ ended while it started");
        return await speaksAmqp(this.port) ? true : undefined;
      },
      () => `RabbitMQ to answer on port ${this.port}`,
      120_000,
    );
  }

  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  async restart(): Promise<void> {
    await this.#end("SIGTERM");
    await this.start();
  }

  pause(): void {
    Deno.kill(this.pid, "SIGSTOP");
  }

  resume(): void {
    Deno.kill(this.pid, "SIGCONT");
  }

  async ctl(...args: readonly string[]): Promise<string> {
    const { success, stdout, stderr } = await new Deno.Command(
      this.script.replace(/-server$/, "ctl"),
      {
        args: ["--silent", ...args],
        cwd: this.#folder,
        clearEnv: true,
        env: { ...this.#environment, RABBITMQ_CTL_ERL_ARGS: "+S 1 +A 1" },
        stdin: "null",
      },
    ).output();
    const decoder = new TextDecoder();
    if (success) return decoder.decode(stdout).trim();
    throw new Error(`rabbitmqctl ${args.join(" ")}\n${decoder.decode(stderr)}`);
  }

  async stop(): Promise<void> {
    await this.#end("SIGTERM");
    await endProcess(this.#mapper, "SIGTERM");
    this.#mapper = undefined;
    await Deno.remove(this.#folder, { recursive: true }).catch(ignoreNotFound);
  }

  /** For the moment when nothing can be awaited any more. */
  abandon(): void {
    for (const child of [this.#server, this.#mapper]) signal(child, "SIGKILL");
    try {
      Deno.removeSync(this.#folder, { recursive: true });
    } catch {
      // A dying broker may still be writing: the folder is the system's to clean, then.
    }
  }

  async #end(how: "SIGTERM" | "SIGKILL"): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    // A paused broker would hear SIGTERM only once it is resumed.
    signal(server, "SIGCONT");
    await endProcess(server, how);
  }

  /**
   * The Erlang port mapper, in the foreground: the one that RabbitMQ would start by itself is a
   * daemon that outlives it, and that all of the machine's brokers share.
   */
  async #startMapper(): Promise<void> {
    if (this.#mapper !== undefined) return;
    const epmd = findExecutable("epmd", pathFolders().concat("/usr/lib/erlang/bin"));
    if (epmd === undefined) throw new Error("epmd, which comes with Erlang, is not installed");
    this.#mapper = new Deno.Command(epmd, {
      args: ["-address", HOST, "-port", String(this.#mapperPort)],
      clearEnv: true,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    await until(() => accepts(this.#mapperPort), `epmd to accept on port ${this.#mapperPort}`);
  }
}

function pathFolders(): string[] {
  return [...(Deno.env.get("PATH") ?? "").split(":"), "/usr/bin"].filter((folder) =>
    // Debian's wrapper: see findRabbitmq.
    folder !== "" && folder !== "/usr/sbin" && folder !== "/sbin"
  );
}

async function accepts(port: number): Promise<true | undefined> {
  try {
    (await Deno.connect({ hostname: HOST, port })).close();
    return true;
  } catch {
    return undefined;
  }
}

/** Whether the broker answers AMQP's protocol header with its first method, Connection.Start. */
async function speaksAmqp(port: number): Promise<boolean> {
  let connection: Deno.TcpConn | undefined;
  try {
    connection = await Deno.connect({ hostname: HOST, port });
    await connection.write(new Uint8Array([0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1]));
    const answer = new Uint8Array(1);
    return await connection.read(answer) === 1 && answer[0] === 1;
  } catch {
    return false;
  } finally {
    connection?.close();
  }
}

function ignoreNotFound(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
