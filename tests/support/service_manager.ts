import { bounded } from "../../testing/bounded.ts";

/**
 * The service manager's end of sd_notify(3): a real datagram socket that keeps the lines it receives.
 *
 * @example
 * ```ts
 * import { startRanger } from "../../testing/ranger.ts";
 * await using manager = new ServiceManager(`${await Deno.makeTempDir()}/notify`);
 * await using ranger = await startRanger({ env: { NOTIFY_SOCKET: manager.address } });
 * await manager.told((line) => line === "READY=1", "that it is ready");
 * ```
 */
export class ServiceManager implements AsyncDisposable {
  /** As NOTIFY_SOCKET has it. */
  readonly address: string;
  /** Each line of each datagram, in their order. */
  readonly lines: string[] = [];
  readonly #socket: Deno.DatagramConn;
  readonly #reading: Promise<void>;
  #heard = Promise.withResolvers<void>();

  /** @param address a path where nothing is yet, or `@` and a name in the abstract space */
  constructor(address: string) {
    this.address = address;
    this.#socket = Deno.listenDatagram({
      transport: "unixpacket",
      path: address.replace(/^@/, "\0"),
    });
    this.#reading = this.#read();
  }

  /**
   * Awaits a line that the predicate takes.
   *
   * @param from which line on; the first unless told otherwise
   * @returns its number, to go on from
   */
  async told(takes: (line: string) => boolean, what: string, from = 0): Promise<number> {
    const search = async () => {
      for (let at = from;; at++) {
        while (at >= this.lines.length) await this.#heard.promise;
        if (takes(this.lines[at]!)) return at;
      }
    };
    return await bounded(search(), () => `${what}; told was\n${this.lines.join("\n")}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await this.#reading;
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    try {
      while (true) {
        const [datagram] = await this.#socket.receive();
        this.lines.push(...decoder.decode(datagram).split("\n"));
        this.#heard.resolve();
        this.#heard = Promise.withResolvers();
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted)) {
        throw error;
      }
    }
  }
}
