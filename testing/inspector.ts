import { bounded, until } from "./bounded.ts";
import { fromSources } from "./program.ts";

/** What a running program holds, after its garbage was collected. */
export interface HeapFigures {
  /** Bytes of V8's heap. */
  readonly heap: number;
  /** Bytes that the heap holds outside of itself: buffers. */
  readonly external: number;
  /** Timers, sockets and the like that are under way, by kind. */
  readonly active: Readonly<Record<string, number>>;
  /** Objects by the name of their class. */
  readonly objects: Readonly<Record<string, number>>;
}

/** Plain objects are not counted: there are too many, and their number says little. */
const COUNTED = `function () {
  const counts = {};
  for (const object of this) {
    let name;
    try { name = object.constructor.name; } catch { continue; }
    if (typeof name === "string" && /^[A-Z]/.test(name)) counts[name] = (counts[name] ?? 0) + 1;
  }
  return JSON.stringify(counts);
}`;

/**
 * The program from its sources, open to an inspector: what is built takes none.
 *
 * @param flags more of Deno's, such as `V8_OPTION` of `scripts/runtime.ts`
 */
export function inspectedProgram(
  port: number,
  ...flags: readonly string[]
): [string, ...string[]] {
  return fromSources(...flags, `--inspect=127.0.0.1:${port}`);
}

/**
 * Looks into a program that was started with Deno's `--inspect=127.0.0.1:PORT` (Chrome DevTools
 * Protocol): the only way to tell from outside what is garbage and what is a leak.
 *
 * @example
 * ```ts
 * using inspector = await Inspector.connect(9229);
 * (await inspector.figures()).objects.Session; // how many clients are held
 * ```
 */
export class Inspector implements Disposable {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #last = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      const answer: Answer = JSON.parse(data);
      this.#waiting.get(answer.id ?? 0)?.(answer);
      this.#waiting.delete(answer.id ?? 0);
    };
  }

  /** @param port that the program was given for its inspector */
  static async connect(port: number): Promise<Inspector> {
    const url = await until(() => debuggerUrl(port), `an inspector on port ${port}`);
    const socket = new WebSocket(url);
    const opened = Promise.withResolvers<void>();
    socket.onopen = () => opened.resolve();
    socket.onerror = () => opened.reject(new Error("the inspector does not answer"));
    await bounded(opened.promise, "the inspector to take a connection");
    return new Inspector(socket);
  }

  /**
   * Evaluates an expression in the program.
   *
   * @returns its value, which must be one that JSON has
   * @throws Error when it throws
   */
  async evaluate(expression: string): Promise<unknown> {
    const { result } = await this.#call("Runtime.evaluate", { expression, returnByValue: true });
    if (result?.exceptionDetails !== undefined) {
      throw new Error(`${expression}: ${JSON.stringify(result.exceptionDetails)}`);
    }
    return result?.result?.value;
  }

  /** Collects the garbage, and counts what is left. */
  async figures(): Promise<HeapFigures> {
    const objects = await this.#objects();
    await this.#call("HeapProfiler.collectGarbage", {});
    const memory = await this.evaluate("Deno.memoryUsage()") as Deno.MemoryUsage;
    const active: Record<string, number> = {};
    for (const kind of await this.evaluate("process.getActiveResourcesInfo()") as string[]) {
      active[kind] = (active[kind] ?? 0) + 1;
    }
    return { heap: memory.heapUsed, external: memory.external, active, objects };
  }

  async #objects(): Promise<Record<string, number>> {
    const group = { objectGroup: "counted" };
    const prototype = await this.#call("Runtime.evaluate", {
      expression: "Object.prototype",
      ...group,
    });
    const all = await this.#call("Runtime.queryObjects", {
      prototypeObjectId: prototype.result?.result?.objectId,
      ...group,
    });
    const counts = await this.#call("Runtime.callFunctionOn", {
      functionDeclaration: COUNTED,
      objectId: all.result?.objects?.objectId,
      returnByValue: true,
    });
    await this.#call("Runtime.releaseObjectGroup", group);
    return JSON.parse(String(counts.result?.result?.value));
  }

  async #call(method: string, params: Record<string, unknown>): Promise<Answer> {
    const id = ++this.#last;
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    this.#socket.send(JSON.stringify({ id, method, params }));
    const answer = await bounded(answered, `the inspector's answer to ${method}`, 60_000);
    if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`);
    return answer;
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

interface Answer {
  readonly id?: number;
  readonly error?: { readonly message: string };
  readonly result?: {
    readonly result?: { readonly value?: unknown; readonly objectId?: string };
    readonly objects?: { readonly objectId?: string };
    readonly exceptionDetails?: unknown;
  };
}

async function debuggerUrl(port: number): Promise<string | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/json`);
    const [target]: { webSocketDebuggerUrl: string }[] = await response.json();
    return target?.webSocketDebuggerUrl;
  } catch {
    return undefined;
  }
}
