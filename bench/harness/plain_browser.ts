import { endProcess } from "../../testing/processes.ts";

interface Waiting {
  resolve(result: never): void;
  reject(error: Error): void;
}

/**
 * A Chromium that opens an address and returns a result, and does nothing else. Tools that test
 * pages have the browser tell them of each message of each WebSocket: at a thousand a second that
 * takes more of a core than the page does.
 *
 * @example
 * ```ts
 * await using browser = await PlainBrowser.start("/usr/bin/chromium", ["--disable-gpu"]);
 * await browser.open("http://127.0.0.1:8080/", { width: 1360, height: 850 });
 * await browser.evaluate("document.title");
 * ```
 */
export class PlainBrowser implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #profile: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, Waiting>();
  #sent = 0;
  #tab: { readonly targetId: unknown; readonly sessionId: string } | undefined;

  private constructor(child: Deno.ChildProcess, profile: string, socket: WebSocket) {
    this.#child = child;
    this.#profile = profile;
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#received(JSON.parse(data));
    socket.onclose = () => {
      for (const { reject } of this.#waiting.values()) reject(new Error("the browser is gone"));
    };
  }

  static async start(executablePath: string, flags: readonly string[]): Promise<PlainBrowser> {
    const profile = await Deno.makeTempDir({ prefix: "ranger-bench-browser-" });
    const child = new Deno.Command(executablePath, {
      args: [
        ...flags,
        "--headless",
        "--remote-debugging-port=0",
        `--user-data-dir=${profile}`,
        "about:blank",
      ],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    try {
      const socket = new WebSocket(await address(child.stderr));
      await new Promise((resolve, reject) => {
        socket.onopen = resolve;
        socket.onerror = () => reject(new Error("the browser takes no connection"));
      });
      return new PlainBrowser(child, profile, socket);
    } catch (error) {
      await endProcess(child, "SIGKILL");
      throw error;
    }
  }

  get pid(): number {
    return this.#child.pid;
  }

  /**
   * Opens a tab in place of the one there is.
   *
   * @param before a script that runs before the page's own ones
   */
  async open(
    url: string,
    { width, height, before = "" }: { width: number; height: number; before?: string },
  ): Promise<void> {
    await this.#closeTab();
    const { targetId } = await this.#send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.#send("Target.attachToTarget", { targetId, flatten: true });
    this.#tab = { targetId, sessionId: String(sessionId) };
    const size = { width, height, deviceScaleFactor: 1, mobile: false };
    await this.#send("Emulation.setDeviceMetricsOverride", size);
    await this.#send("Page.enable");
    await this.#send("Page.addScriptToEvaluateOnNewDocument", { source: before });
    await this.#send("Page.navigate", { url });
  }

  /** The value of an expression in the page, or of what it promises. */
  async evaluate(expression: string): Promise<unknown> {
    const options = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await this.#send("Runtime.evaluate", options);
    if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { value?: unknown }).value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#tab = undefined;
    // Whether it answers or is gone first.
    await this.#send("Browser.close").catch(() => {});
    await endProcess(this.#child, "SIGTERM");
    await Deno.remove(this.#profile, { recursive: true });
  }

  async #closeTab(): Promise<void> {
    const tab = this.#tab;
    this.#tab = undefined;
    if (tab) await this.#send("Target.closeTarget", { targetId: tab.targetId });
  }

  #send(method: string, params: unknown = {}): Promise<Record<string, unknown>> {
    const id = ++this.#sent;
    const sessionId = this.#tab?.sessionId;
    this.#socket.send(JSON.stringify({ id, method, params, ...(sessionId && { sessionId }) }));
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  #received({ id, result, error }: { id?: number; result?: never; error?: unknown }): void {
    const waiting = this.#waiting.get(id ?? NaN);
    this.#waiting.delete(id ?? NaN);
    if (error) waiting?.reject(new Error(JSON.stringify(error)));
    else waiting?.resolve(result!);
  }
}

/** Where it listens, which is the first thing that it tells; the rest of what it tells is let go. */
async function address(stderr: ReadableStream<Uint8Array>): Promise<string> {
  const [told, rest] = stderr.tee();
  void rest.pipeTo(new WritableStream());
  let text = "";
  for await (const chunk of told.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const found = /DevTools listening on (ws:\S+)/.exec(text)?.[1];
    if (found) return found;
  }
  throw new Error(`the browser did not start: ${text}`);
}
