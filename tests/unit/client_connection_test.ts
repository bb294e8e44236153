import assert from "node:assert/strict";
import { connect, type RangerError, type State } from "../../client/src/mod.ts";

type Handler = ((event?: unknown) => void) | null;

/** A WebSocket that the test moves. */
class Socket {
  static readonly all: Socket[] = [];
  static get last(): Socket {
    return Socket.all.at(-1)!;
  }
  onopen: Handler = null;
  onmessage: Handler = null;
  onerror: Handler = null;
  onclose: Handler = null;
  readonly sent: string[] = [];

  constructor() {
    Socket.all.push(this);
  }

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {}
}

/** Resolves with the first state that has the status. */
function status(ranger: ReturnType<typeof connect>, wanted: State["status"]): Promise<State> {
  return new Promise((resolve) => {
    if (ranger.state.status === wanted) resolve(ranger.state);
    ranger.onState((state) => state.status === wanted && resolve(state));
  });
}

function code(wanted: string, message: RegExp = /./) {
  return (error: RangerError) => error.code === wanted && message.test(error.message);
}

const ADDRESS = "ws://fake/public";

Deno.test("silence is measured from the last message", async () => {
  const ranger = connect(ADDRESS, { WebSocket: Socket, pingInterval: 1000, timeout: 60_000 });
  const socket = Socket.last;
  socket.onopen?.();
  let late: ReturnType<typeof setTimeout> | undefined;
  const pinged = new Promise<string>((resolve) => {
    socket.send = (text) => text === "ping" && resolve("ping");
    setTimeout(() => {
      socket.onmessage?.({ data: '{"success":{"message":"subscribed","streams":[]}}' });
      setTimeout(() => socket.sent.push("interval"), 900);
      // Measured in whole intervals from the opening, the ping would come after this.
      late = setTimeout(() => resolve("late"), 1700);
    }, 100);
  });
  assert.equal(await pinged, "ping");
  assert.ok(socket.sent.includes("interval"), "not before the interval has passed");
  clearTimeout(late);
  ranger.close();
  socket.onclose?.({ code: 1000, reason: "" });
});

Deno.test("events of the page and reconnect() check an open connection and end a wait", async () => {
  const options = {
    WebSocket: Socket,
    timeout: 50,
    minReconnectDelay: 1e8,
    maxReconnectDelay: 1e8,
  };
  const ranger = connect(ADDRESS, options);
  const wakes = [
    ...["online", "offline", "visibilitychange", "pageshow"].map((name) => () =>
      globalThis.dispatchEvent(new Event(name))
    ),
    () => ranger.reconnect(),
  ];
  for (const wake of wakes) {
    const socket = Socket.last;
    socket.onopen?.();
    wake();
    assert.equal(socket.sent.at(-1), "ping", `${wake}`);
    const lost = await status(ranger, "waiting") as { reason: string };
    assert.match(lost.reason, /no answer within 50 ms/);
    wake();
    assert.equal(ranger.state.status, "connecting");
    assert.notEqual(Socket.last, socket);
  }
  const count = Socket.all.length;
  ranger.close();
  Socket.last.onclose?.({ code: 1000, reason: "" });
  for (const wake of wakes) wake();
  assert.equal(Socket.all.length, count, "a closed client stays closed");
});

Deno.test("the socket's error is the reason of a refused connection", async () => {
  for (const refused of [401, 403, 429, 503]) {
    const ranger = connect(ADDRESS, { WebSocket: Socket, maxReconnectAttempts: 1 });
    const message = `Unexpected server response: ${refused}`;
    Socket.last.onerror?.({ message });
    Socket.last.onclose?.({ code: 1006, reason: "" });
    assert.equal((await status(ranger, "closed") as { reason: string }).reason, message);
  }
});

Deno.test("the signal's reason is kept", async () => {
  const abort = new AbortController();
  const ranger = connect(ADDRESS, { WebSocket: Socket, signal: abort.signal });
  const reason = new Error("the user left");
  abort.abort(reason);
  Socket.last.onclose?.({ code: 1000, reason: "" });
  const closed = await status(ranger, "closed") as { cause?: unknown };
  assert.equal(closed.cause, reason);
  assert.throws(() => ranger.on("x.y", () => {}), (error: Error) => error.cause === reason);
});

Deno.test("unknown options, and /private with a WebSocket class, are refused", () => {
  const given = (options: object, url = ADDRESS) => () =>
    connect(url, { WebSocket: Socket, ...options });
  assert.throws(given({ pingAfter: 1 }), code("option", /"pingAfter"; known: token,/));
  const ranger = given({})();
  assert.throws(() => ranger.stream("a.b", { size: 1 } as object), code("option", /"size"/));
  assert.throws(() => ranger.book("a", { every: 1 } as object), code("option", /"every"/));
  ranger.close();
  Socket.last.onclose?.({ code: 1000, reason: "" });
  assert.throws(given({ WebSocket }, "ws://fake/private"), code("url", /\/public/));
  const sending = given({}, "ws://fake/private")();
  sending.close();
  Socket.last.onclose?.({ code: 1000, reason: "" });
});
