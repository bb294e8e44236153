import { deepEqual, equal, ok } from "node:assert/strict";
import type { LoadReport } from "../../bench/harness/load.ts";
import { tools } from "../support/bench_tools.ts";
import { ACCEPTED, counted, event, frame, judge, PATH, test } from "../support/load_generator.ts";

test("finds nothing to say against a server that does it right", async () => {
  const { report, code } = await judge([
    frame('{"success":{"message":"subscribed","streams":["usdbtc.trades"]}}'),
    frame("", 0x89),
    frame(event(1)),
    frame(event(2)),
  ]);
  deepEqual(counted(report), {});
  equal(report.frames_total, 2);
  equal(report.missing, 0);
  equal(report.answers, 1);
  equal(report.pings, 1);
  equal(report.open_at_end, 1);
  equal(code, 0);
});

test("puts frames together that arrive in pieces", async () => {
  const bytes = [1, 2, 3, 4].flatMap((seq) => [...frame(event(seq))]);
  const pieces = [1, 2, 3, 150, 151, 152, 400].map((end, i, ends) =>
    new Uint8Array(bytes.slice(ends[i - 1] ?? 0, end))
  );
  const { report } = await judge([...pieces, new Uint8Array(bytes.slice(400))]);
  deepEqual(counted(report), {});
  equal(report.frames_total, 4);
});

/** A frame whose length takes 8 bytes. */
const LARGE = frame8(event(1).slice(0, -3) + "y".repeat(70_000) + '"}}');

function frame8(text: string): Uint8Array {
  const payload = new TextEncoder().encode(text);
  const bytes = new Uint8Array(10 + payload.length);
  bytes.set([0x81, 127]);
  new DataView(bytes.buffer).setUint32(6, payload.length);
  bytes.set(payload, 10);
  return bytes;
}

for (
  const [what, whole, most] of [["2", frame(event(1)), 5], ["8", LARGE, 11]] as const
) {
  test(`waits for the rest of a frame whose length of ${what} bytes is cut`, async () => {
    const { wsload } = await tools!;
    for (let cut = 1; cut < most; cut++) {
      const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const child = new Deno.Command(wsload, {
        args: [
          ...["--control", "--from", "1", "--warmup", "0", "--drain", "0"],
          ...["127.0.0.1", `${listener.addr.port}`, PATH, "1", "0"],
        ],
        stdin: "piped",
        stdout: "piped",
        stderr: "null",
      }).spawn();
      const connection = await listener.accept();
      const buffer = new Uint8Array(4096);
      await connection.read(buffer);
      await connection.write(new TextEncoder().encode(ACCEPTED));
      // The pong says that the client has looked at what came with its ping: the cut frame.
      for (const piece of [whole.subarray(0, cut), whole.subarray(cut)]) {
        await write(connection, cut === piece.length ? [...frame("", 0x89), ...piece] : piece);
        if (cut === piece.length) await readUntil(connection, 0x8a);
      }
      await write(connection, frame("", 0x89));
      await readUntil(connection, 0x8a);
      await child.stdin.close();
      const report: LoadReport = await new Response(child.stdout).json();
      await child.status;
      connection.close();
      listener.close();
      deepEqual(counted(report), {}, `cut after ${cut}`);
      equal(report.frames_total, 1, `cut after ${cut}`);
    }
  });
}

async function write(connection: Deno.TcpConn, bytes: ArrayLike<number>): Promise<void> {
  const whole = Uint8Array.from(bytes);
  for (let at = 0; at < whole.length;) at += await connection.write(whole.subarray(at));
}

/** Reads until a byte comes. */
async function readUntil(connection: Deno.TcpConn, byte: number): Promise<void> {
  const buffer = new Uint8Array(4096);
  for (;;) {
    const read = await connection.read(buffer);
    if (read === null || buffer.subarray(0, read).includes(byte)) return;
  }
}

test("counts a gap, and how many frames are missing", async () => {
  const { report, code } = await judge([1, 2, 4, 5, 8].map((seq) => frame(event(seq))));
  deepEqual(counted(report), { gap: 2 });
  equal(report.missing, 3);
  equal(code, 3);
  ok(report.first_violation.startsWith("gap: 4 after 2"), report.first_violation);
});

test("counts a beginning that is missing", async () => {
  const { report } = await judge([frame(event(3))]);
  equal(report.missing, 2);
});

test("takes the value that a stream had before, once", async () => {
  const tickers = (seq: number) => frame(event(seq, "global.tickers"));
  const path = "/?stream=global.tickers";
  const whole = await judge([7, 1, 2].map(tickers), [], path);
  deepEqual(counted(whole.report), {});
  equal(whole.report.missing, 0);
  const again = await judge([7, 8, 1].map(tickers), [], path);
  deepEqual(counted(again.report), { gap: 1, repeated: 1 });
});

test("counts an event that comes again", async () => {
  const { report } = await judge([1, 2, 2, 1, 3].map((seq) => frame(event(seq))));
  deepEqual(counted(report), { repeated: 2 });
});

for (
  const [what, kind, bytes] of [
    ["a masked frame", "masked", frame(event(1), 0x81, true)],
    ["a stream that was not asked for", "envelope", frame(event(1, "usdeth.trades"))],
    ["an envelope that is not closed", "envelope", frame(event(1).slice(0, -1) + " ")],
    ["a reserved bit", "reserved", frame(event(1), 0xc1)],
    ["a binary frame", "opcode", frame(event(1), 0x82)],
    ["a fragment", "fragmented", frame(event(1), 0x01)],
    ["an unknown control frame", "control", frame("", 0x8b)],
    ["an event without a number", "unnumbered", frame('{"usdbtc.trades":{"ts":1}}')],
    ["a length in more bytes than it needs", "length", new Uint8Array([0x89, 126, 0, 0])],
  ] as const
) {
  test(`counts ${what}`, async () => {
    const { report, code } = await judge([bytes]);
    deepEqual(counted(report), { [kind]: 1 });
    equal(code, 3);
  });
}

const BOOK = "/?stream=m1.ob-inc,m1.kline-1m";
const snapshot = (sequence: number) =>
  frame(`{"m1.ob-snap":{"asks":[["1.0","2.0"]],"bids":[],"sequence":${sequence}}}`);
const increment = (seq: number) =>
  frame(`{"m1.ob-inc":{"seq":${seq},"ts":1,"asks":["1.0","3.0"],"sequence":${seq}}}`);

test("takes increments from where their snapshot is", async () => {
  const { report, code } = await judge([snapshot(7), increment(8), increment(9)], [], BOOK);
  deepEqual(counted(report), {});
  equal(report.snapshots, 1);
  equal(report.served, 1);
  equal(report.frames_total, 2);
  equal(code, 0);
});

test("reads events and snapshots that end with a cursor, and counts answers that say resumed", async () => {
  const withCursor = (text: string) =>
    frame(`${text.slice(0, -1)},"cursor":"1z-${"k".repeat(37)}"}`);
  const { report, code } = await judge([
    frame('{"success":{"message":"subscribed","streams":["usdbtc.trades"]}}'),
    withCursor(event(1)),
    withCursor(event(2)),
    frame('{"success":{"message":"resumed","streams":["usdbtc.trades"]}}'),
  ]);
  deepEqual(counted(report), {});
  deepEqual([report.frames_total, report.answers, report.resumed, code], [2, 2, 1, 0]);
  const text = (bytes: Uint8Array) => {
    const whole = new TextDecoder().decode(bytes);
    return whole.slice(whole.indexOf("{"));
  };
  const book = await judge(
    [snapshot(7), increment(8)].map((one) => withCursor(text(one))),
    [],
    BOOK,
  );
  deepEqual(counted(book.report), {});
  equal(book.report.snapshots, 1);
});

test("counts an increment that does not follow its snapshot", async () => {
  const { report } = await judge([snapshot(7), increment(9)], [], BOOK);
  deepEqual(counted(report), { gap: 1 });
  equal(report.missing, 1);
});

test("counts a snapshot that is sent to someone in step", async () => {
  const { report } = await judge([snapshot(7), increment(8), snapshot(8)], [], BOOK);
  deepEqual(counted(report), { resync: 1 });
});

test("numbers klines by their time", async () => {
  const kline = (n: number) => frame(`{"m1.kline-1m":[${1_500_000_000 + 60 * n},1.0,1.0]}`);
  const right = await judge([kline(1), kline(2)], [], BOOK);
  deepEqual(counted(right.report), {});
  const wrong = await judge([kline(1), kline(3)], [], BOOK);
  deepEqual(counted(wrong.report), { gap: 1 });
});

/** Events as NATS sends them, the messages lying across frames. */
function natsFrames(numbers: readonly number[]): Uint8Array[] {
  const messages = numbers.map((seq) => `{"seq":${seq},"ts":1,"pad":"MSG a 1 3"}`)
    .map((body) => `MSG usdbtc.trades 0 ${body.length}\r\n${body}\r\n`);
  const text = `INFO {"a":1}\r\nPONG\r\n${messages.join("")}`;
  const pieces = [text.slice(0, 40), text.slice(40, 41), text.slice(41)];
  return pieces.map((piece) => frame(piece, 0x82));
}

test("reads NATS inside of frames", async () => {
  const right = await judge(natsFrames([1, 2, 3]), ["--nats"]);
  deepEqual(counted(right.report), {});
  equal(right.report.frames_total, 3);
  const wrong = await judge(natsFrames([1, 3]), ["--nats"]);
  deepEqual(counted(wrong.report), { gap: 1 });
});

test("reads STOMP inside of frames", async () => {
  const message = (seq: number) =>
    frame(`MESSAGE\nsubscription:0\ndestination:/exchange/e/k\n\n{"seq":${seq},"ts":1}\0\n`);
  const ready = [frame("CONNECTED\nversion:1.2\n\n\0"), frame("RECEIPT\nreceipt-id:all\n\n\0")];
  const right = await judge([...ready, frame("\n"), message(1), message(2)], ["--stomp", "e"]);
  deepEqual(counted(right.report), {});
  equal(right.report.frames_total, 2);
  const wrong = await judge([...ready, message(2)], ["--stomp", "e"]);
  deepEqual(counted(wrong.report), { gap: 1 });
});
