import { getLogger } from "@logtape/logtape";

const log = getLogger(["ranger", "server"]);

/** Number of waiting datagrams above which unimportant ones are dropped. */
const MAX_WAITING = 8;

const encoder = new TextEncoder();

/**
 * The service manager's socket, to which a service sends its state (sd_notify(3)): datagrams of
 * lines `NAME=value`.
 *
 * Datagrams are sent from a socket with a name in the abstract namespace (unix(7)), which is not a
 * file: it needs no write permission, and leaves nothing behind.
 *
 * @example
 * ```ts
 * using manager = openNotifySocket(Deno.env.get("NOTIFY_SOCKET"));
 * manager?.send("READY=1", "STATUS=Serving");
 * ```
 */
export class NotifySocket implements Disposable {
  readonly #socket: Deno.DatagramConn;
  readonly #to: Deno.UnixAddr;
  /** Datagrams are sent in order, one after the other. */
  #sent: Promise<void> = Promise.resolve();
  #waiting = 0;
  #broken = false;

  /** @param socket bound, to send from */
  constructor(socket: Deno.DatagramConn, to: Deno.UnixAddr) {
    this.#socket = socket;
    this.#to = to;
  }

  /** Sends one datagram. The first failure is logged, and nothing is sent after it. */
  send(...lines: readonly string[]): void {
    if (this.#broken) return;
    this.#waiting++;
    const datagram = encoder.encode(lines.join("\n"));
    this.#sent = this.#sent.then(() => this.#write(datagram));
  }

  /** Sends one datagram, unless too many wait because the manager does not read them. */
  sendUnlessBusy(...lines: readonly string[]): void {
    if (this.#waiting < MAX_WAITING) this.send(...lines);
  }

  async #write(datagram: Uint8Array): Promise<void> {
    try {
      if (!this.#broken) await this.#socket.send(datagram, this.#to);
    } catch (error) {
      this.#broken = true;
      warn(printable(this.#to.path), error);
    } finally {
      this.#waiting--;
    }
  }

  [Symbol.dispose](): void {
    this.#broken = true;
    this.#socket.close();
  }
}

/**
 * Opens a socket to the service manager.
 *
 * @param address the value of NOTIFY_SOCKET: a path, or `@` and a name in the abstract namespace
 * @returns undefined without a service manager; also if the socket cannot be opened, which is logged
 */
export function openNotifySocket(address: string | undefined): NotifySocket | undefined {
  if (!address) return undefined;
  try {
    if (!/^[/@]./.test(address)) throw new Error("it is neither a path nor @ and a name");
    const socket = Deno.listenDatagram({
      transport: "unixpacket",
      path: `\0ranger-notify-${crypto.randomUUID()}`,
    });
    return new NotifySocket(socket, {
      transport: "unixpacket",
      path: address.replace(/^@/, "\0"),
    });
  } catch (error) {
    warn(address, error);
    return undefined;
  }
}

function warn(address: string, error: unknown): void {
  log.warn(
    "cannot notify the service manager at NOTIFY_SOCKET {address}: {reason}; clients are served, " +
      "but a unit of Type=notify will not become active",
    { address, reason: error instanceof Error ? error.message : String(error) },
  );
}

/** As in NOTIFY_SOCKET. */
function printable(path: string): string {
  return path.replace(/^\0/, "@");
}
