/**
 * A bot that keeps a market's order book and prints a line when the best prices change. It has no
 * dependencies: Node 22 has a WebSocket (Node 20 with --experimental-websocket).
 *
 *     make run
 *     node examples/node-bot/book.mjs
 *     node examples/node-bot/book.mjs wss://ranger.example.com/public ethusd
 *
 * Apps with more to do take the typed client in client/, which does all of this and more.
 */
const [url = "ws://127.0.0.1:8080/public", market = "btcusd"] = process.argv.slice(2);

const SNAPSHOT = `${market}.ob-snap`;
const INCREMENT = `${market}.ob-inc`;
const MAX_WAIT_MS = 30_000;
/** After this long without a message the bot pings; after twice as long it connects again. */
const MAX_SILENCE_MS = 30_000;

/** Prices to amounts, as text: a number may not hold every digit. */
let book = { asks: new Map(), bids: new Map(), sequence: 0 };
let isLive = false;
let printed = "";
let wait = 500;

connect();

function connect() {
  // status=1: the server says when the book waits for the exchange's next snapshot.
  const socket = new WebSocket(`${url}?stream=${INCREMENT}&status=1`);
  let silence;
  const heard = () => {
    clearTimeout(silence);
    silence = setTimeout(() => {
      socket.send("ping");
      silence = setTimeout(() => socket.close(), MAX_SILENCE_MS);
    }, MAX_SILENCE_MS);
  };
  socket.addEventListener("open", () => {
    wait = 500;
    heard();
  });
  socket.addEventListener("message", ({ data }) => {
    heard();
    if (data !== "pong" && !handle(JSON.parse(data))) socket.close();
  });
  // Of a connection that cannot be made some versions of Node fire "error" and no "close".
  let hasEnded = false;
  const ended = (why) => {
    clearTimeout(silence);
    if (hasEnded) return;
    hasEnded = true;
    isLive = false;
    // Spread out, so that the clients of a server that restarts do not come all at once.
    const delay = wait * (0.5 + Math.random() / 2);
    wait = Math.min(wait * 2, MAX_WAIT_MS);
    console.error(`${why}; again in ${Math.round(delay)} ms`);
    setTimeout(connect, delay);
  };
  socket.addEventListener("error", () => ended("connection failed"));
  socket.addEventListener("close", ({ code, reason }) => ended(`closed (${code} ${reason})`));
}

/** Returns false where the book cannot go on, and a new connection begins with a snapshot. */
function handle(message) {
  if (SNAPSHOT in message) {
    const { asks, bids, sequence } = message[SNAPSHOT];
    book = { asks: new Map(asks), bids: new Map(bids), sequence };
    isLive = true;
  } else if (INCREMENT in message) {
    const { sequence } = message[INCREMENT];
    // It does not happen: where increments are lost, the server goes on with a snapshot.
    if (sequence !== undefined && sequence !== book.sequence + 1) return false;
    apply(message[INCREMENT]);
  } else if (message.status?.message === "stale") {
    isLive = false;
  } else if (message.error) {
    console.error(message.error.message);
  }
  print();
  return true;
}

/** Each side is one pair or a list of pairs; no amount removes the level. */
function apply({ asks, bids, sequence }) {
  book.sequence = sequence;
  for (const [side, levels] of [[book.asks, asks], [book.bids, bids]]) {
    const pairs = Array.isArray(levels?.[0]) ? levels : levels ? [levels] : [];
    for (const [price, amount] of pairs) {
      if (Number(amount) === 0) side.delete(price);
      else side.set(price, amount);
    }
  }
}

function print() {
  if (!isLive) return;
  const ask = best(book.asks, (a, b) => a < b);
  const bid = best(book.bids, (a, b) => a > b);
  const line = `bid ${bid} ask ${ask}`;
  if (line !== printed) console.log(`${market} ${line} sequence ${book.sequence}`);
  printed = line;
}

/** Compares as numbers: enough to order prices, and the text stays exact. */
function best(side, isBetter) {
  let found;
  for (const price of side.keys()) {
    if (found === undefined || isBetter(Number(price), Number(found))) found = price;
  }
  return found ?? "-";
}
