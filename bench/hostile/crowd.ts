import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises";
import { upgradeRequest } from "../harness/upgrade.ts";
import type { Attack } from "./attacks.ts";
import { shakeHands } from "./connection.ts";
import { Laps, mostAtOnce } from "./laps.ts";

/** Connections that are opened at once. */
const AT_ONCE = 50;
/**
 * Writes in one turn of the event loop: Tokio does 128 operations of a task in a turn, and what is
 * more than that waits for several.
 */
const WRITES_A_TURN = 64;
/** Milliseconds between two looks at the clock while nothing is due. */
const TICK_MS = 2;
/**
 * Milliseconds from one time that a connection is read to the next, unless much comes: reading each
 * answer by itself would cost the attackers more than sending.
 */
const BEAT_MS = 100;
const MUCH = 16_384;
/** Milliseconds without an answer after which a setup is over, and how long it may take. */
const QUIET_MS = 300;
const SETUP_MS = 60_000;

/** What the connections of a crowd did, all together. */
export interface CrowdReport {
  /** Messages. */
  readonly sent: number;
  /** Messages that the limits allow in that time. */
  readonly allowed: number;
  readonly writes: number;
  /** Connections that the server closed. */
  readonly closed: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** What comes is counted and not looked at, so one place is enough for all. */
const IGNORED = new Uint8Array(65_536);

/** One of a crowd: as cheap as it can be, so that the server is what is full. */
class Member implements Disposable {
  bytesIn = 0;
  bytesOut = 0;
  sent = 0;
  writes = 0;
  isClosed = false;
  isWriting = false;
  #isDone = false;

  constructor(readonly socket: Deno.TcpConn) {}

  static async open(port: number): Promise<Member> {
    const socket = await Deno.connect({ hostname: "127.0.0.1", port });
    socket.setNoDelay(true);
    await socket.write(upgradeRequest(port, "/public"));
    const answer = new Uint8Array(4096);
    const length = await socket.read(answer) ?? 0;
    const text = new TextDecoder().decode(answer.subarray(0, length));
    if (!text.startsWith("HTTP/1.1 101")) {
      socket.close();
      throw new Error(`refused: ${text.split("\r\n")[0]}`);
    }
    const member = new Member(socket);
    void member.#read();
    return member;
  }

  /** Writes without waiting; not to be called while {@linkcode isWriting}. */
  send(bytes: Uint8Array, messages: number): void {
    this.isWriting = true;
    this.writes++;
    void this.#write(bytes, messages);
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.socket.write(bytes.subarray(at));
    this.bytesOut += bytes.length;
  }

  [Symbol.dispose](): void {
    this.#isDone = true;
    try {
      this.socket.close();
    } catch {
      // The server was first.
    }
  }

  async #write(bytes: Uint8Array, messages: number): Promise<void> {
    try {
      await this.write(bytes);
      this.sent += messages;
    } catch {
      this.isClosed = true;
    }
    this.isWriting = false;
  }

  async #read(): Promise<void> {
    try {
      for (let count; (count = await this.socket.read(IGNORED)) !== null;) {
        this.bytesIn += count;
        if (count < MUCH) await nextBeat();
      }
    } catch {
      // Cut.
    }
    this.isClosed = !this.#isDone;
  }
}

let beat: Promise<void> | undefined;

/** Resolves for all connections together. */
function nextBeat(): Promise<void> {
  return beat ??= pause(BEAT_MS).then(() => beat = undefined);
}

/** Many connections that send the same kind of message as fast as the limits allow. */
export class Crowd implements Disposable {
  readonly #members: readonly Member[];
  readonly #port: number;

  private constructor(port: number, members: readonly Member[]) {
    this.#port = port;
    this.#members = members;
  }

  /** @throws {Error} the number of the connection that failed, and which limits to look at */
  static async open(port: number, connections: number): Promise<Crowd> {
    const members: Member[] = [];
    while (members.length < connections) {
      const left = Math.min(AT_ONCE, connections - members.length);
      const opened = await Promise.allSettled(
        Array.from({ length: left }, () => Member.open(port)),
      );
      for (const one of opened) {
        if (one.status === "fulfilled") members.push(one.value);
      }
      const failed = opened.find((one) => one.status === "rejected");
      if (failed) {
        for (const member of members) member[Symbol.dispose]();
        throw new Error(
          `connection ${members.length + 1} of ${connections}: ${failed.reason.message}; ` +
            "open files (ulimit -n) and net.core.somaxconn may be too few for it",
        );
      }
    }
    return new Crowd(port, members);
  }

  /** Sends what comes before the messages, and waits until it is answered. */
  async setUp(frames: readonly Uint8Array[]): Promise<void> {
    if (frames.length === 0) return;
    for (const frame of frames) {
      await Promise.all(this.#members.map((member) => member.write(frame)));
    }
    // The server's pings never end: two bytes for each connection in half a minute.
    const pings = this.#members.length / 10;
    const end = performance.now() + SETUP_MS;
    for (
      let before = -Infinity;
      this.#total("bytesIn") - before > pings && performance.now() < end;
    ) {
      before = this.#total("bytesIn");
      await pause(QUIET_MS);
    }
  }

  /** Sends as fast as the limits allow; connections that the server closes are over. */
  async attack(attack: Attack, seconds: number): Promise<CrowdReport> {
    const laps = new Laps(this.#members.length, attack.rate);
    const began = performance.now();
    const end = began + seconds * 1000;
    let handshakes = 0;
    const send = attack.handshake === undefined
      ? this.#sender(attack)
      : (at: number) => void this.#shakeHands(at, attack).then((done) => handshakes += done);
    while (performance.now() < end) {
      const now = performance.now() - began;
      let writes = 0;
      for (; writes < WRITES_A_TURN && laps.due <= now; writes++) {
        send(laps.connection, laps.messages);
        laps.advance(now);
      }
      await (writes === WRITES_A_TURN ? nextTurn() : pause(TICK_MS));
    }
    const took = (performance.now() - began) / 1000;
    return {
      sent: this.#total("sent") + handshakes,
      // Each connection's first one is due at once.
      allowed: this.#members.length * (1 + Math.floor(attack.rate * took)),
      writes: this.#total("writes") + handshakes,
      closed: this.#members.filter(({ isClosed }) => isClosed).length,
      bytesIn: this.#total("bytesIn"),
      bytesOut: this.#total("bytesOut"),
    };
  }

  [Symbol.dispose](): void {
    for (const member of this.#members) member[Symbol.dispose]();
  }

  /** Sends what a connection owes as one piece, which is made once. */
  #sender({ messages, rate }: Attack): (at: number, count: number) => void {
    const members = this.#members;
    const owed = members.map(() => 0);
    // Not all begin with the same one.
    const next = members.map((_, at) => at % messages.length);
    const pieces = messages.map(() => new Map<number, Uint8Array>());
    return (at, count) => {
      const member = members[at]!;
      const due = Math.min(owed[at]! + count, mostAtOnce(rate));
      if (member.isWriting || member.isClosed) {
        owed[at] = due;
        return;
      }
      const first = next[at]!;
      let piece = pieces[first]!.get(due);
      if (piece === undefined) {
        const parts = Array.from(
          { length: due },
          (_, n) => messages[(first + n) % messages.length]!,
        );
        pieces[first]!.set(due, piece = joined(parts));
      }
      member.send(piece, due);
      owed[at] = 0;
      next[at] = (first + due) % messages.length;
    };
  }

  /** @returns how many handshakes that were: none where the last one is still under way */
  async #shakeHands(at: number, { handshake, messages }: Attack): Promise<number> {
    const member = this.#members[at]!;
    if (member.isWriting) return 0;
    member.isWriting = true;
    try {
      const { sent, received } = await shakeHands(this.#port, handshake!, messages[0]!);
      member.bytesOut += sent;
      member.bytesIn += received;
      return 1;
    } catch {
      return 0;
    } finally {
      member.isWriting = false;
    }
  }

  #total(what: "sent" | "writes" | "bytesIn" | "bytesOut"): number {
    let sum = 0;
    for (const member of this.#members) sum += member[what];
    return sum;
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
