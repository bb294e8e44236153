import { getLogger } from "@logtape/logtape";

const log = getLogger(["ranger", "server"]);

/** Datagrams that wait for the manager to read, past which only what matters joins them. */
const QUEUE = 8;

const encoder = new TextEncoder();

/**
 * The socket of the service manager, to which a service tells how it is (sd_notify(3)): one
 * datagram of lines `NAME=value`.
 *
 * The kernel wants a socket of our own to send from. It is bound to a name in the abstract space
 * (unix(7)), which is no file: nothing has to be writable for it, and nothing is left behind.
 *
 * @example
 * ```ts
 * using manager = openNotifySocket(Deno.env.get("NOTIFY_SOCKET"));
 * manager?.tell("READY=1", "STATUS=Serving");
 * ```
 */
export class NotifySocket implements Disposable {
  readonly #own: Deno.DatagramConn;
  readonly #to: Deno.UnixAddr;
  /** Datagrams go out in their order, one after the other. */
  #sent: Promise<void> = Promise.resolve();
  #onTheWay = 0;
  #broken = false;

  /** @param own bound, to send from */
  constructor(own: Deno.DatagramConn, to: Deno.UnixAddr) {
    this.#own = own;
    this.#to = to;
  }

  /** Sends one datagram. What cannot be sent is logged once, and nothing else is tried after it. */
  tell(...lines: readonly string[]): void {
    if (this.#broken) return;
    this.#onTheWay++;
    const datagram = encoder.encode(lines.join("\n"));
    this.#sent = this.#sent.then(() => this.#send(datagram));
  }

  /** Sends what is no loss when it is lost: not while the manager takes nothing. */
  mention(...lines: readonly string[]): void {
    if (this.#onTheWay < QUEUE) this.tell(...lines);
  }

  async #send(datagram: Uint8Array): Promise<void> {
    try {
      if (!this.#broken) await this.#own.send(datagram, this.#to);
    } catch (error) {
      this.#broken = true;
      complain(printable(this.#to.path), error);
    } finally {
      this.#onTheWay--;
    }
  }

  [Symbol.dispose](): void {
    this.#broken = true;
    this.#own.close();
  }
}

/**
 * Opens the way to the service manager.
 *
 * @param address as NOTIFY_SOCKET has it: a path, or `@` and a name in the abstract space
 * @returns nothing where there is no manager to tell, or none that can be told; the latter is logged
 */
export function openNotifySocket(address: string | undefined): NotifySocket | undefined {
  if (!address) return undefined;
  try {
    if (!/^[/@]./.test(address)) throw new Error("it is neither a path nor @ and a name");
    const own = Deno.listenDatagram({
      transport: "unixpacket",
      path: `\0ranger-notify-${crypto.randomUUID()}`,
    });
    return new NotifySocket(own, {
      transport: "unixpacket",
      path: address.replace(/^@/, "\0"),
    });
  } catch (error) {
    complain(address, error);
    return undefined;
  }
}

function complain(address: string, error: unknown): void {
  log.warn(
    "Cannot tell the service manager how it goes, by NOTIFY_SOCKET {address}: {reason}. " +
      "Clients are served all the same; a unit of Type=notify would wait in vain.",
    { address, reason: error instanceof Error ? error.message : String(error) },
  );
}

/** As it stands in NOTIFY_SOCKET. */
function printable(path: string): string {
  return path.replace(/^\0/, "@");
}
